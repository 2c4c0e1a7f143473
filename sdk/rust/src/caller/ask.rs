//! Questions to whoever caused the call.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::host::caller as host;
use crate::schema::schema_of;
use crate::{Error, Json, Result};

/// Questions that are asked together, each under a key.
///
/// ```no_run
/// # use koi_extension::caller::{Filled, Questions};
/// # use koi_extension::Result;
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Name {
///     name: String,
/// }
///
/// # fn greet() -> Result<String> {
/// let answers = Questions::new().form::<Name>("who", "What is your name?").ask()?;
/// match answers.form::<Name>("who")? {
///     Filled::Accepted(of) => Ok(format!("Hello {}", of.name)),
///     Filled::Declined | Filled::Cancelled => Ok("Hello stranger".into()),
/// }
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Questions(BTreeMap<String, Value>);

/// The answers, under the keys of their questions.
#[derive(Clone, Debug)]
pub struct Answers(BTreeMap<String, Box<RawValue>>);

/// What a person did with a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filled<T> {
    /// They filled it in.
    Accepted(T),
    /// They said no.
    Declined,
    /// They went away without an answer.
    Cancelled,
}

impl Questions {
    /// No questions yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A form for a person to fill in, with the fields of a flat struct.
    pub fn form<T: JsonSchema>(self, key: &str, message: &str) -> Self {
        self.form_of(key, message, schema_of::<T>())
    }

    /// A form for a person to fill in, with the fields of a schema in the subset of JSON Schema that
    /// MCP has for forms.
    pub fn form_of(self, key: &str, message: &str, schema: Value) -> Self {
        let params = json!({ "message": message, "requestedSchema": schema });
        self.question(key, "elicitation/create", Some(params))
    }

    /// Something for the client's model to say, with the parameters of MCP's
    /// `sampling/createMessage`: `messages`, `maxTokens` and so on.
    pub fn sample(self, key: &str, params: Value) -> Self {
        self.question(key, "sampling/createMessage", Some(params))
    }

    /// The folders that the client works in.
    pub fn roots(self, key: &str) -> Self {
        self.question(key, "roots/list", None)
    }

    /// A request as MCP has it, for what there is no method of its own here.
    pub fn question(mut self, key: &str, method: &str, params: Option<Value>) -> Self {
        let mut question = json!({ "method": method });
        if let Some(params) = params {
            question["params"] = params;
        }
        self.0.insert(key.to_owned(), question);
        self
    }

    /// Asks them all and waits for the answers. Needs the capability `ask`.
    ///
    /// # Errors
    /// `denied` without the capability; `permanent` where the caller cannot be asked: see
    /// [`Caller::answers`](super::Caller::answers).
    pub fn ask(self) -> Result<Answers> {
        let answers = host::ask(Json::of(&self.0)?.as_str())?;
        Json::trusted(answers).to().map(Answers)
    }
}

impl Answers {
    /// An answer in the form that MCP has it.
    ///
    /// # Errors
    /// `permanent` if nothing was asked under this key.
    pub fn answer(&self, key: &str) -> Result<Json> {
        let answer = self
            .0
            .get(key)
            .ok_or_else(|| Error::permanent(format!("there is no answer to a question `{key}`")))?;
        Ok(Json::trusted(answer.get().to_owned()))
    }

    /// What a person did with a form.
    ///
    /// # Errors
    /// `invalid-input` if the answer has not the form of `T`; `permanent` if nothing was asked under
    /// this key.
    pub fn form<T: DeserializeOwned>(&self, key: &str) -> Result<Filled<T>> {
        #[derive(Deserialize)]
        struct Answer<'a> {
            action: &'a str,
            #[serde(borrow)]
            content: Option<&'a RawValue>,
        }
        let answer = self.answer(key)?;
        let unfit = |error: serde_json::Error| {
            Error::invalid_input(format!("the answer to `{key}` has another form: {error}"))
        };
        let answer: Answer<'_> = serde_json::from_str(answer.as_str()).map_err(unfit)?;
        match answer.action {
            "accept" => {
                let content = answer.content.map_or("{}", RawValue::get);
                Ok(Filled::Accepted(
                    serde_json::from_str(content).map_err(unfit)?,
                ))
            }
            "decline" => Ok(Filled::Declined),
            _ => Ok(Filled::Cancelled),
        }
    }

    /// The text that the client's model said.
    ///
    /// # Errors
    /// `invalid-input` if it said something else than text; `permanent` if nothing was asked under
    /// this key.
    pub fn sampled_text(&self, key: &str) -> Result<String> {
        let answer: Value = self.answer(key)?.to()?;
        let text = answer["content"]["text"].as_str();
        text.map(str::to_owned)
            .ok_or_else(|| Error::invalid_input(format!("the answer to `{key}` is no text")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Node;

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Name {
        name: String,
    }

    #[test]
    fn a_form_comes_back_filled_in_or_not() {
        let node = Node::fresh();
        let asked = |answer: Value| {
            node.answer(move |key, question| {
                assert_eq!(
                    (key, question["method"].as_str()),
                    ("who", Some("elicitation/create"))
                );
                assert_eq!(
                    question["params"]["requestedSchema"]["required"],
                    json!(["name"])
                );
                Ok(answer.clone())
            });
            let questions = Questions::new().form::<Name>("who", "Your name?");
            questions.ask().unwrap().form::<Name>("who")
        };
        let bob = Name { name: "bob".into() };
        let accepted = json!({ "action": "accept", "content": { "name": "bob" } });
        assert_eq!(asked(accepted), Ok(Filled::Accepted(bob)));
        assert_eq!(asked(json!({ "action": "decline" })), Ok(Filled::Declined));
        assert_eq!(asked(json!({ "action": "cancel" })), Ok(Filled::Cancelled));
        assert!(asked(json!({ "action": "accept" })).is_err());
    }

    #[test]
    fn several_questions_are_asked_at_once() {
        let node = Node::fresh();
        node.answer(|key, _| match key {
            "capital" => Ok(json!({ "content": { "type": "text", "text": "Paris" } })),
            _ => Ok(json!({ "roots": [] })),
        });
        let questions = Questions::new()
            .sample("capital", json!({}))
            .roots("folders");
        let answers = questions.ask().unwrap();
        assert_eq!(answers.sampled_text("capital").unwrap(), "Paris");
        assert_eq!(
            answers.answer("folders").unwrap().as_str(),
            r#"{"roots":[]}"#
        );
        assert!(answers.answer("other").is_err());
    }

    #[test]
    fn where_nobody_answers_asking_fails() {
        Node::fresh();
        let error = Questions::new().roots("folders").ask().unwrap_err();
        assert_eq!(error.kind, crate::ErrorKind::Permanent);
    }
}
