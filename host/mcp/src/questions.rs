//! Questions of a guest to the client behind its call: checked before they are asked, and the answers
//! checked before the guest gets them.
//!
//! A guest writes them as MCP has requests from a server to its client. What is no such request, or
//! goes beyond a bound, is refused in words that its author can do something with.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use koi_registry::JsonSchema;
use rmcp::model::{
    ClientCapabilities, CreateMessageRequest, CreateMessageRequestParams, CreateMessageResult,
    ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, FormElicitationCapability,
    InputRequest, InputRequests, JsonObject, ListRootsRequest, ListRootsResult, RootsCapabilities,
    ServerRequest, UrlElicitationCapability,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Most questions at once.
const MAX_QUESTIONS: usize = 16;
/// Longest key of a question, in bytes.
const MAX_KEY_BYTES: usize = 64;
/// Longest text of all questions together, in bytes.
const MAX_BYTES: usize = 256 << 10;

const ELICITATION: &str = "elicitation/create";
const SAMPLING: &str = "sampling/createMessage";
const ROOTS: &str = "roots/list";

/// Answers by the keys of their questions, as the client gave them.
pub(crate) type Answers = BTreeMap<String, Value>;

/// Questions that are asked at once.
pub(crate) struct Questions(BTreeMap<String, Question>);

enum Question {
    /// With what a form has to be filled in like.
    Elicitation(ElicitRequest, Option<JsonSchema>),
    Sampling(CreateMessageRequest),
    Roots(ListRootsRequest),
}

/// Why something is no answer to a question.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misfit {
    /// It is not of the form of an answer.
    #[error("the answer to `{0}` is not of the form that MCP has for it: {1}")]
    Malformed(String, String),
    /// A form was filled in with something else than it asks for.
    #[error("the answer to `{0}` does not fit the schema of the form: {1}")]
    Form(String, String),
}

impl Questions {
    /// # Errors
    /// What is wrong with them, for the author of the guest.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!(
                "the questions have {} bytes; {MAX_BYTES} are taken at most",
                text.len()
            ));
        }
        let questions: BTreeMap<String, Value> = serde_json::from_str(text)
            .map_err(|error| format!("the questions are no JSON object: {error}"))?;
        if !(1..=MAX_QUESTIONS).contains(&questions.len()) {
            return Err(format!(
                "there are {} questions; 1 to {MAX_QUESTIONS} can be asked at once",
                questions.len()
            ));
        }
        let parse = |(key, question): (String, Value)| {
            check_key(&key)?;
            let question = Question::parse(question)
                .map_err(|problem| format!("the question `{key}` {problem}"))?;
            Ok((key, question))
        };
        questions
            .into_iter()
            .map(parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// What these questions need and the client does not offer.
    pub(crate) fn beyond(&self, offered: &ClientCapabilities) -> Option<ClientCapabilities> {
        let mut missing = ClientCapabilities::default();
        for question in self.0.values() {
            question.missing(offered, &mut missing);
        }
        (missing != ClientCapabilities::default()).then_some(missing)
    }

    /// Those without an answer yet, as the client gets them.
    pub(crate) fn open(&self, answers: &Answers) -> InputRequests {
        self.0
            .iter()
            .filter(|(key, _)| !answers.contains_key(*key))
            .map(|(key, question)| (key.clone(), question.input()))
            .collect()
    }

    /// Whether each has its answer.
    pub(crate) fn all_in(&self, answers: &Answers) -> bool {
        self.0.keys().all(|key| answers.contains_key(key))
    }

    /// All, as requests of their own.
    pub(crate) fn requests(&self) -> impl Iterator<Item = (&str, ServerRequest)> {
        self.0
            .iter()
            .map(|(key, question)| (key.as_str(), question.request()))
    }

    /// Takes in the answers that are some; what answers none of these questions is passed over.
    ///
    /// # Errors
    /// The first that is none, when all others were taken in.
    pub(crate) fn take(&self, given: Answers, answers: &mut Answers) -> Result<(), Misfit> {
        let mut misfit = Ok(());
        for (key, answer) in given {
            let Some(question) = self.0.get(&key) else {
                continue;
            };
            match question.check(&key, &answer) {
                Ok(()) => drop(answers.insert(key, answer)),
                Err(problem) => misfit = misfit.and(Err(problem)),
            }
        }
        misfit
    }
}

/// The methods that a client can be asked with.
pub(crate) fn methods(offered: &ClientCapabilities) -> Vec<&'static str> {
    let mut methods = Vec::new();
    if offered.elicitation.is_some() {
        methods.push(ELICITATION);
    }
    if offered.sampling.is_some() {
        methods.push(SAMPLING);
    }
    if offered.roots.is_some() {
        methods.push(ROOTS);
    }
    methods
}

fn check_key(key: &str) -> Result<(), String> {
    let fits = (1..=MAX_KEY_BYTES).contains(&key.len())
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if fits {
        return Ok(());
    }
    let shown: String = key.chars().take(MAX_KEY_BYTES).collect();
    Err(format!(
        "`{shown}` is no key of a question: 1 to {MAX_KEY_BYTES} letters, digits, `_`, `-` and `.`"
    ))
}

impl Question {
    fn parse(question: Value) -> Result<Self, String> {
        let Value::Object(mut question) = question else {
            return Err("is no JSON object".to_owned());
        };
        let params = question.remove("params");
        match question.get("method").and_then(Value::as_str) {
            Some(ELICITATION) => Self::elicitation(parse(params)?),
            Some(SAMPLING) => {
                let params: CreateMessageRequestParams = parse(params)?;
                Ok(Self::Sampling(CreateMessageRequest::new(params)))
            }
            Some(ROOTS) => Ok(Self::Roots(ListRootsRequest::default())),
            Some(other) => Err(format!(
                "has the method `{}`; there are `{ELICITATION}`, `{SAMPLING}` and `{ROOTS}`",
                other.chars().take(MAX_KEY_BYTES).collect::<String>()
            )),
            None => Err("has no `method` that is text".to_owned()),
        }
    }

    fn elicitation(params: ElicitRequestParams) -> Result<Self, String> {
        let mut form = None;
        if let ElicitRequestParams::FormElicitationParams {
            requested_schema, ..
        } = &params
        {
            // As the client gets it: it cannot heed what it is not told.
            let schema = serde_json::to_value(requested_schema).map_err(|e| e.to_string())?;
            let schema = JsonSchema::compile(&schema)
                .map_err(|error| format!("has a `requestedSchema` that is none: {error}"))?;
            form = Some(schema);
        }
        Ok(Self::Elicitation(ElicitRequest::new(params), form))
    }

    fn input(&self) -> InputRequest {
        match self {
            Self::Elicitation(request, _) => InputRequest::Elicitation(request.clone()),
            Self::Sampling(request) => InputRequest::CreateMessage(request.clone()),
            Self::Roots(request) => InputRequest::ListRoots(request.clone()),
        }
    }

    fn request(&self) -> ServerRequest {
        match self {
            Self::Elicitation(request, _) => request.clone().into(),
            Self::Sampling(request) => request.clone().into(),
            Self::Roots(request) => request.clone().into(),
        }
    }

    fn missing(&self, offered: &ClientCapabilities, missing: &mut ClientCapabilities) {
        match self {
            Self::Elicitation(_, form) => {
                let offered = offered.elicitation.as_ref();
                // A client that names no mode means forms.
                let has = offered.is_some_and(|has| match form {
                    Some(_) => has.form.is_some() || has.url.is_none(),
                    None => has.url.is_some(),
                });
                if has {
                    return;
                }
                let missing = missing.elicitation.get_or_insert_default();
                match form {
                    Some(_) => missing.form = Some(FormElicitationCapability::default()),
                    None => missing.url = Some(UrlElicitationCapability::default()),
                }
            }
            Self::Sampling(request) => {
                let params = &request.params;
                let wants_tools = params.tools.is_some() || params.tool_choice.is_some();
                let offered = offered.sampling.as_ref();
                let lacks_tools = wants_tools && offered.is_none_or(|has| has.tools.is_none());
                if offered.is_none() || lacks_tools {
                    let missing = missing.sampling.get_or_insert_default();
                    if lacks_tools {
                        missing.tools = Some(JsonObject::new());
                    }
                }
            }
            Self::Roots(_) => {
                if offered.roots.is_none() {
                    missing.roots = Some(RootsCapabilities::default());
                }
            }
        }
    }

    fn check(&self, key: &str, answer: &Value) -> Result<(), Misfit> {
        let malformed = |problem: String| Misfit::Malformed(key.to_owned(), problem);
        match self {
            Self::Elicitation(_, form) => {
                let result: ElicitResult = read(answer).map_err(malformed)?;
                match form {
                    Some(form) if result.action == ElicitationAction::Accept => form
                        .check(&result.content.unwrap_or_default())
                        .map_err(|problem| Misfit::Form(key.to_owned(), problem)),
                    _ => Ok(()),
                }
            }
            Self::Sampling(_) => read::<CreateMessageResult>(answer)
                .map(drop)
                .map_err(malformed),
            Self::Roots(_) => read::<ListRootsResult>(answer).map(drop).map_err(malformed),
        }
    }
}

/// Parameters of a question.
fn parse<T: DeserializeOwned>(params: Option<Value>) -> Result<T, String> {
    let params = params.ok_or("has no `params`")?;
    read(&params).map_err(|problem| format!("has `params` that are not of MCP's form: {problem}"))
}

/// Derived readers take an array for an object, too, member by member.
fn read<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    if !value.is_object() {
        return Err("it is no JSON object".to_owned());
    }
    T::deserialize(value).map_err(|error| error.to_string())
}
