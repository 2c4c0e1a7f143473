//! Whoever causes calls: hears progress, and answers questions at once.

use async_trait::async_trait;
use koi_registry::Capability;
use koi_runtime::ports::{CallContext, Caller, PortError};
use serde_json::{Map, Value, json};

use super::Node;
use crate::generate::Source;

/// Most questions at once, as the contract has it.
const MAX_QUESTIONS: usize = 16;

#[async_trait]
impl Caller for Node {
    fn who(&self, call: &CallContext) -> String {
        let answers = ["elicitation/create", "sampling/createMessage", "roots/list"];
        json!({
            "kind": call.kind.as_str(),
            "principal": "check",
            "correlation-id": &*call.correlation,
            "answers": answers,
        })
        .to_string()
    }

    fn progress(&self, _: &CallContext, _: f64, _: Option<f64>, _: Option<String>) {}

    fn log(&self, _: &CallContext, _: &str, _: &str) {}

    async fn ask(&self, call: &CallContext, questions: &str) -> Result<String, PortError> {
        self.require_capability(call, Capability::Ask)?;
        let none = |what: &str| PortError::InvalidInput(format!("the questions are none: {what}"));
        let questions: Map<String, Value> =
            serde_json::from_str(questions).map_err(|error| none(&error.to_string()))?;
        if questions.is_empty() || questions.len() > MAX_QUESTIONS {
            return Err(none("there have to be 1 to 16"));
        }
        let mut answers = Map::new();
        for (key, question) in questions {
            let answer = self
                .answer(&question)
                .map_err(|what| none(&format!("`{key}` {what}")))?;
            answers.insert(key, answer);
        }
        Ok(Value::Object(answers).to_string())
    }
}

impl Node {
    fn answer(&self, question: &Value) -> Result<Value, String> {
        let params = &question["params"];
        match question["method"].as_str().unwrap_or_default() {
            "elicitation/create" => {
                if !params["message"].is_string() {
                    return Err("has no `message`".to_owned());
                }
                if params["mode"] == "url" {
                    return Ok(json!({"action": "accept"}));
                }
                let schema = &params["requestedSchema"];
                let mut random = self.random();
                if random.once_in(4) {
                    return Ok(json!({"action": "decline"}));
                }
                let source = Source::new(schema, random.clone());
                random.next();
                drop(random);
                let mut source = source.ok_or("has a `requestedSchema` that is no JSON Schema")?;
                Ok(match source.valid(1).pop() {
                    Some(content) => json!({"action": "accept", "content": content}),
                    None => json!({"action": "cancel"}),
                })
            }
            "sampling/createMessage" => Ok(json!({
                "role": "assistant",
                "content": {"type": "text", "text": "alpha"},
                "model": "check",
                "stopReason": "endTurn",
            })),
            "roots/list" => Ok(json!({"roots": [{"uri": "file:///work", "name": "work"}]})),
            other => Err(format!("has the method `{other}`, which nobody answers")),
        }
    }
}
