//! Tools that ask whoever calls them: a person, the client's model, for the client's folders.

use koi_extension::caller::{self, Answers, Filled, Questions};
use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const FORM: &str = "elicitation/create";
const SAMPLE: &str = "sampling/createMessage";

#[derive(Deserialize, JsonSchema)]
struct Prompted {
    /// What the model is to answer.
    prompt: String,
}

#[derive(Deserialize, JsonSchema)]
struct Message {
    /// What the person reads.
    message: String,
}

/// A form with one field for a name.
#[derive(Deserialize, JsonSchema)]
pub struct Name {
    pub name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Color {
    color: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Confirmed {
    ok: bool,
}

/// Adds them.
pub fn tools(toolbox: Toolbox) -> Toolbox {
    let asks = |name: &str, what: &str| Tool::new(name, what);
    let toolbox = toolbox
        .tool(
            asks("test_sampling", "Asks the client's model"),
            |Prompted { prompt }| {
                let answers = sample(Questions::new(), "answer", &prompt, 100).ask()?;
                let text = answers.sampled_text("answer")?;
                Ok(Content::text(format!("LLM response: {text}")))
            },
        )
        .tool(
            asks(
                "test_elicitation",
                "Asks a person for a name and an address",
            ),
            |Message { message }| elicit("User response", &message, contact()),
        )
        .tool(
            asks(
                "test_elicitation_sep1034_defaults",
                "Asks a person, with fields that are filled in already",
            ),
            |_: NoArguments| elicit("Elicitation completed", "Please check", defaults()),
        )
        .tool(
            asks(
                "test_elicitation_sep1330_enums",
                "Asks a person to choose, in each form that a choice has",
            ),
            |_: NoArguments| elicit("Elicitation completed", "Please choose", choices()),
        )
        .tool(
            asks(
                "test_missing_capability",
                "Asks the client's model, whether the client has one or not",
            ),
            |_: NoArguments| {
                let answers = sample(Questions::new(), "answer", "Say hello", 10).ask()?;
                Ok(Content::text(answers.sampled_text("answer")?))
            },
        )
        .tool(
            asks(
                "test_streaming_elicitation",
                "Asks a person, and tells how far it is",
            ),
            |_: NoArguments| {
                caller::progress(0.0, Some(1.0), None);
                let name = name(&who("name", "What is your name?").ask()?, "name")?;
                Ok(Content::text(format!("Hello, {name}!")))
            },
        );
    rounds(toolbox)
}

/// Those whose answer takes several rounds of the modern era.
fn rounds(toolbox: Toolbox) -> Toolbox {
    toolbox
        .tool(
            Tool::new("test_input_required_result_elicitation", "Asks for a name"),
            |_: NoArguments| {
                let answers = who("user_name", "What is your name?").ask()?;
                Ok(Content::text(format!(
                    "Hello, {}!",
                    name(&answers, "user_name")?
                )))
            },
        )
        .tool(
            Tool::new("test_input_required_result_sampling", "Asks for a capital"),
            |_: NoArguments| {
                let question = "What is the capital of France?";
                let answers = sample(Questions::new(), "capital_question", question, 100).ask()?;
                Ok(Content::text(answers.sampled_text("capital_question")?))
            },
        )
        .tool(
            Tool::new(
                "test_input_required_result_list_roots",
                "Asks for the client's folders",
            ),
            |_: NoArguments| {
                let answers = Questions::new().roots("client_roots").ask()?;
                Ok(Content::text(roots(&answers, "client_roots")?))
            },
        )
        .tool(
            Tool::new(
                "test_input_required_result_request_state",
                "Asks for a confirmation",
            ),
            |_: NoArguments| Ok(Content::text(format!("state-ok, {}", confirmation()?))),
        )
        .tool(
            Tool::new(
                "test_input_required_result_tampered_state",
                "Asks for a confirmation",
            ),
            |_: NoArguments| Ok(Content::text(confirmation()?)),
        )
        .tool(
            Tool::new(
                "test_input_required_result_multiple_inputs",
                "Asks for three things at once",
            ),
            |_: NoArguments| {
                let questions = who("user_name", "What is your name?").roots("client_roots");
                let answers = sample(questions, "greeting", "Generate a greeting", 50).ask()?;
                Ok(Content::text(format!(
                    "{} {} ({})",
                    answers.sampled_text("greeting")?,
                    name(&answers, "user_name")?,
                    roots(&answers, "client_roots")?
                )))
            },
        )
        .tool(
            Tool::new(
                "test_input_required_result_multi_round",
                "Asks for one thing, then another",
            ),
            |_: NoArguments| {
                let answers = who("step1", "Step 1: What is your name?").ask()?;
                let name = name(&answers, "step1")?;
                let question = "Step 2: What is your favorite color?";
                let answers = Questions::new().form::<Color>("step2", question).ask()?;
                let color = match answers.form("step2")? {
                    Filled::Accepted(Color { color }) => color,
                    Filled::Declined | Filled::Cancelled => "no colour".to_owned(),
                };
                Ok(Content::text(format!("{name} likes {color}")))
            },
        )
        .tool(
            Tool::new(
                "test_input_required_result_capabilities",
                "Asks whoever can be asked",
            ),
            |_: NoArguments| {
                let answers = caller::who()?.answers;
                let can = |method: &str| answers.iter().any(|each| each == method);
                let mut questions = Questions::new();
                if can(FORM) {
                    questions = questions.form::<Name>("user_name", "What is your name?");
                }
                if can(SAMPLE) {
                    questions = sample(questions, "greeting", "Generate a greeting", 50);
                }
                questions.ask()?;
                Ok(Content::text(format!("Asked by {}", answers.join(", "))))
            },
        )
}

/// A question for somebody's name.
pub fn who(key: &str, message: &str) -> Questions {
    Questions::new().form::<Name>(key, message)
}

/// The name that somebody gave.
pub fn name(answers: &Answers, key: &str) -> Result<String> {
    Ok(match answers.form(key)? {
        Filled::Accepted(Name { name }) => name,
        Filled::Declined | Filled::Cancelled => "stranger".to_owned(),
    })
}

fn sample(questions: Questions, key: &str, text: &str, max_tokens: u32) -> Questions {
    let message = json!({ "role": "user", "content": { "type": "text", "text": text } });
    questions.sample(
        key,
        json!({ "messages": [message], "maxTokens": max_tokens }),
    )
}

fn roots(answers: &Answers, key: &str) -> Result<String> {
    let roots: Value = answers.answer(key)?.to()?;
    let uris = roots["roots"].as_array().into_iter().flatten();
    let uris: Vec<_> = uris.filter_map(|root| root["uri"].as_str()).collect();
    Ok(format!("Roots: {}", uris.join(", ")))
}

fn confirmation() -> Result<String> {
    let answers = Questions::new()
        .form::<Confirmed>("confirm", "Please confirm")
        .ask()?;
    Ok(match answers.form("confirm")? {
        Filled::Accepted(Confirmed { ok: true }) => "confirmed".to_owned(),
        Filled::Accepted(_) | Filled::Declined | Filled::Cancelled => "not confirmed".to_owned(),
    })
}

/// Asks with a form and tells what came back.
fn elicit(label: &str, message: &str, schema: Value) -> Result<Content> {
    let answers = Questions::new().form_of("form", message, schema).ask()?;
    let answer: Value = answers.answer("form")?.to()?;
    Ok(Content::text(format!(
        "{label}: action={}, content={}",
        answer["action"].as_str().unwrap_or_default(),
        answer["content"]
    )))
}

fn contact() -> Value {
    json!({
        "type": "object",
        "properties": {
            "username": { "type": "string", "description": "User's response" },
            "email": { "type": "string", "description": "User's email address" }
        },
        "required": ["username", "email"]
    })
}

fn defaults() -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "default": "John Doe" },
            "age": { "type": "integer", "default": 30 },
            "score": { "type": "number", "default": 95.5 },
            "status": {
                "type": "string",
                "enum": ["active", "inactive", "pending"],
                "default": "active"
            },
            "verified": { "type": "boolean", "default": true }
        }
    })
}

fn choices() -> Value {
    let titled = |title: &str| {
        json!([
            { "const": "value1", "title": format!("First {title}") },
            { "const": "value2", "title": format!("Second {title}") },
            { "const": "value3", "title": format!("Third {title}") }
        ])
    };
    let options = json!(["option1", "option2", "option3"]);
    json!({
        "type": "object",
        "properties": {
            "untitledSingle": { "type": "string", "enum": options },
            "titledSingle": { "type": "string", "oneOf": titled("Option") },
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"]
            },
            "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
            "titledMulti": { "type": "array", "items": { "anyOf": titled("Choice") } }
        }
    })
}
