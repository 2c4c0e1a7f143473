//! An extension that is plain Rust.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use koi_registry::{Callee, Invocation};
use koi_runtime::ports::{CallContext, CallKind, PortError};
use koi_runtime::{
    CallError, Completion, GuestError, GuestErrorKind, KnowledgeObject, Outcome, ParsedReference,
    ResourceBody, ResourceContents,
};
use serde_json::{Value, json};
use tokio::sync::watch;

/// An extension whose tools are named after what they do.
pub struct Guest {
    pub name: Arc<str>,
    pub tools: Value,
    pub resources: Value,
    pub prompts: Value,
    /// Set by the tools `wait` and `hold` when a call begins. Cleared when a call of `wait` has gone;
    /// `hold` waits until it is cleared.
    pub waiting: watch::Sender<bool>,
    /// How many calls have asked their caller something.
    pub asked: Arc<AtomicUsize>,
}

struct Waiting<'a>(&'a watch::Sender<bool>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

impl Guest {
    fn context(&self, kind: CallKind, invocation: &Invocation) -> CallContext {
        CallContext {
            extension: self.name.clone(),
            revision: 1,
            digest: "00".into(),
            correlation: invocation.correlation.clone(),
            kind,
            principal: invocation.principal.clone(),
            cause: None,
            depth: 0,
        }
    }
}

/// One question after a name.
fn form(key: &str) -> Value {
    json!({ key: { "method": "elicitation/create", "params": {
        "message": "What is it?",
        "requestedSchema": {
            "type": "object",
            "properties": { "name": { "type": "string" } },
            "required": ["name"],
        },
    }}})
}

impl Guest {
    async fn ask(
        &self,
        kind: CallKind,
        invocation: &Invocation,
        questions: &str,
    ) -> Result<String, CallError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let context = self.context(kind, invocation);
        let caller = invocation.caller.as_ref().unwrap();
        let answers = caller.ask(&context, questions).await;
        // As the runtime tells a guest, and the guest its caller.
        answers.map_err(|error| {
            let kind = match error {
                PortError::Transient(_) => GuestErrorKind::Transient,
                PortError::InvalidInput(_) => GuestErrorKind::InvalidInput,
                _ => GuestErrorKind::Permanent,
            };
            guest_error(kind, &error.to_string())
        })
    }
}

fn guest_error(kind: GuestErrorKind, message: &str) -> CallError {
    CallError::Guest(GuestError {
        kind,
        message: message.to_owned(),
    })
}

#[async_trait]
impl Callee for Guest {
    async fn start(&self) -> Result<(), CallError> {
        Ok(())
    }

    async fn stop(&self) -> Result<(), CallError> {
        Ok(())
    }

    async fn health(&self) -> Result<String, CallError> {
        Ok("{}".to_owned())
    }

    async fn list_tools(&self) -> Result<String, CallError> {
        Ok(self.tools.to_string())
    }

    async fn list_resources(&self) -> Result<String, CallError> {
        Ok(self.resources.to_string())
    }

    async fn call_tool(
        &self,
        name: &str,
        arguments: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let context = self.context(CallKind::Tool, &invocation);
        match name {
            "echo" => Ok(format!("{{\"structuredContent\":{arguments}}}")),
            "number" => Ok("{\"structuredContent\":7}".to_owned()),
            "picture" => Ok(json!({ "content": [
                { "type": "text", "text": "a dot" },
                { "type": "image", "data": "AAAA", "mimeType": "image/png" },
            ]})
            .to_string()),
            "nonsense" => Ok("{\"content\":[{\"type\":\"smell\"}]}".to_owned()),
            "who" => {
                let who = invocation
                    .caller
                    .as_ref()
                    .map(|caller| caller.who(&context));
                Ok(format!(
                    "{{\"structuredContent\":{}}}",
                    who.unwrap_or_default()
                ))
            }
            "steps" => {
                if let Some(caller) = &invocation.caller {
                    for step in [0.0, 50.0, 100.0] {
                        caller.progress(&context, step, Some(100.0), Some("step".to_owned()));
                        caller.log(&context, "info", "{\"step\":true}");
                        caller.log(&context, "debug", "\"detail\"");
                    }
                }
                Ok("{\"structuredContent\":{}}".to_owned())
            }
            "ask" => {
                let questions = serde_json::from_str::<Value>(arguments).unwrap();
                let questions = match &questions["questions"] {
                    Value::String(text) => text.clone(),
                    Value::Null => form("user_name").to_string(),
                    questions => questions.to_string(),
                };
                let _gone = Waiting(&self.waiting);
                self.waiting.send_replace(true);
                let answers = self.ask(CallKind::Tool, &invocation, &questions).await?;
                Ok(format!("{{\"structuredContent\":{answers}}}"))
            }
            "ask-steps" => {
                let question = form("user_name").to_string();
                self.ask(CallKind::Tool, &invocation, &question).await?;
                // Whoever brings the client its notices has come to wait for them.
                tokio::task::yield_now().await;
                if let Some(caller) = &invocation.caller {
                    caller.progress(&context, 1.0, None, None);
                }
                Ok("{\"structuredContent\":{}}".to_owned())
            }
            "ask-twice" => {
                let one = form("step1").to_string();
                let one = self.ask(CallKind::Tool, &invocation, &one).await?;
                let two = form("step2").to_string();
                let two = self.ask(CallKind::Tool, &invocation, &two).await?;
                Ok(format!("{{\"structuredContent\":[{one},{two}]}}"))
            }
            "ask-hold" => {
                let answers = form("user_name").to_string();
                let answers = self.ask(CallKind::Tool, &invocation, &answers).await?;
                let _gone = Waiting(&self.waiting);
                self.waiting.send_replace(true);
                let mut waiting = self.waiting.subscribe();
                let _ = waiting.wait_for(|waiting| !waiting).await;
                Ok(format!("{{\"structuredContent\":{answers}}}"))
            }
            "hold-ask" => {
                self.waiting.send_replace(true);
                let mut waiting = self.waiting.subscribe();
                let _ = waiting.wait_for(|waiting| !waiting).await;
                let mut questions = form("one");
                questions["two"] = form("two")["two"].take();
                let questions = questions.to_string();
                let answers = self.ask(CallKind::Tool, &invocation, &questions).await?;
                Ok(format!("{{\"structuredContent\":{answers}}}"))
            }
            "hold-trap" => {
                self.waiting.send_replace(true);
                let mut waiting = self.waiting.subscribe();
                let _ = waiting.wait_for(|waiting| !waiting).await;
                Err(CallError::Trap("unreachable".to_owned()))
            }
            "everything" => Ok(json!({ "content": [
                { "type": "text", "text": "a", "annotations": { "priority": 0.5 } },
                { "type": "image", "data": "AAAA", "mimeType": "image/png" },
                { "type": "audio", "data": "AAAA", "mimeType": "audio/wav" },
                { "type": "resource_link", "uri": "agent:bob", "name": "bob" },
                { "type": "resource", "resource": {
                    "uri": "agent:bob", "mimeType": "text/plain", "text": "I am bob",
                }},
            ]})
            .to_string()),
            "wait" => {
                self.waiting.send_replace(true);
                let _waiting = Waiting(&self.waiting);
                std::future::pending().await
            }
            "only-task" => Ok("{\"structuredContent\":{}}".to_owned()),
            "hold" | "no-task" => {
                self.waiting.send_replace(true);
                let mut waiting = self.waiting.subscribe();
                let _ = waiting.wait_for(|waiting| !waiting).await;
                Ok("{\"structuredContent\":{}}".to_owned())
            }
            "says-no" => Ok(json!({
                "isError": true,
                "content": [{ "type": "text", "text": "no" }],
            })
            .to_string()),
            "refuse" => Err(guest_error(GuestErrorKind::InvalidInput, "no such dataset")),
            "later" => Err(guest_error(GuestErrorKind::Transient, "try again")),
            "spin" => Err(CallError::Limit {
                limit: "CPU time",
                value: "2000 ms".to_owned(),
                setting: "limits.cpu",
            }),
            "trap" => Err(CallError::Trap("unreachable".to_owned())),
            "busy" => Err(CallError::Overloaded("all instances are taken".to_owned())),
            "host" => Err(CallError::Host("the store is closed".to_owned())),
            other => Err(guest_error(GuestErrorKind::Permanent, other)),
        }
    }

    async fn read_resource(
        &self,
        uri: &str,
        invocation: Invocation,
    ) -> Result<Vec<ResourceContents>, CallError> {
        let (body, meta) = match uri.split_once(':') {
            Some(("agent", "asks")) => {
                let question = form("user_name").to_string();
                let answers = self.ask(CallKind::Resource, &invocation, &question).await?;
                (ResourceBody::Text(answers), "{}")
            }
            Some(("agent", "picture")) => (ResourceBody::Blob(vec![1, 2, 3]), "{\"dots\":1}"),
            Some(("agent", "gone")) => {
                return Err(guest_error(
                    GuestErrorKind::InvalidInput,
                    "nobody of that name",
                ));
            }
            Some(("agent", "trap")) => return Err(CallError::Trap("unreachable".to_owned())),
            Some(("whose", _)) => (ResourceBody::Text(self.name.to_string()), "{}"),
            Some((_, name)) => (ResourceBody::Text(format!("I am {name}")), "{}"),
            None => return Err(guest_error(GuestErrorKind::InvalidInput, "no URI")),
        };
        Ok(vec![ResourceContents {
            uri: uri.to_owned(),
            mime_type: Some("text/plain".to_owned()),
            body,
            meta: meta.to_owned(),
        }])
    }

    async fn list_prompts(&self) -> Result<String, CallError> {
        Ok(self.prompts.to_string())
    }

    async fn get_prompt(
        &self,
        name: &str,
        arguments: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        match name {
            "asks" => {
                let question = form("user_context").to_string();
                let answers = self.ask(CallKind::Prompt, &invocation, &question).await?;
                Ok(json!({ "messages": [
                    { "role": "user", "content": { "type": "text", "text": answers } },
                ]})
                .to_string())
            }
            "broken" => Ok("{\"messages\":[{\"role\":\"king\"}]}".to_owned()),
            "trap" => Err(CallError::Trap("unreachable".to_owned())),
            "nobody" => Err(guest_error(GuestErrorKind::InvalidInput, "nobody of that name")),
            _ => Ok(json!({ "messages": [
                { "role": "user", "content": { "type": "text", "text": format!("{name}: {arguments}") } },
            ]})
            .to_string()),
        }
    }

    async fn complete(&self, completion: &Completion, _: Invocation) -> Result<String, CallError> {
        let Completion {
            kind,
            name,
            argument,
            value,
            context,
        } = completion;
        let told = format!("{kind} {name} {argument} {value} {context}");
        Ok(json!({ "values": [told], "total": 7, "hasMore": true }).to_string())
    }

    async fn handle(&self, _: &KnowledgeObject, _: Invocation) -> Result<Outcome, CallError> {
        Ok(Outcome::Unchanged)
    }

    async fn parse_reference(
        &self,
        _: &str,
        reference: &str,
        _: Invocation,
    ) -> Result<ParsedReference, CallError> {
        Ok(ParsedReference {
            canonical: reference.to_owned(),
            parts: "{}".to_owned(),
        })
    }

    async fn print_reference(&self, _: &str, _: &str, _: Invocation) -> Result<String, CallError> {
        Err(CallError::NotExported("rid-types"))
    }

    async fn validate(&self, _: &str, _: &str, _: Invocation) -> Result<(), CallError> {
        Ok(())
    }

    async fn transform(
        &self,
        _: &str,
        _: &str,
        _: &str,
        _: Invocation,
    ) -> Result<String, CallError> {
        Err(CallError::NotExported("schemas"))
    }
}
