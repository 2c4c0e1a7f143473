//! An extension that is plain Rust.

use std::sync::Arc;

use async_trait::async_trait;
use koi_registry::{Callee, Invocation};
use koi_runtime::ports::{CallContext, CallKind};
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
            "wait" => {
                self.waiting.send_replace(true);
                let _waiting = Waiting(&self.waiting);
                std::future::pending().await
            }
            "hold" => {
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
        _: Invocation,
    ) -> Result<Vec<ResourceContents>, CallError> {
        let (body, meta) = match uri.split_once(':') {
            Some(("agent", "picture")) => (ResourceBody::Blob(vec![1, 2, 3]), "{\"dots\":1}"),
            Some(("agent", "gone")) => {
                return Err(guest_error(
                    GuestErrorKind::InvalidInput,
                    "nobody of that name",
                ));
            }
            Some(("agent", "trap")) => return Err(CallError::Trap("unreachable".to_owned())),
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
        _: Invocation,
    ) -> Result<String, CallError> {
        match name {
            "nobody" => Err(guest_error(GuestErrorKind::InvalidInput, "nobody of that name")),
            _ => Ok(json!({ "messages": [
                { "role": "user", "content": { "type": "text", "text": format!("{name}: {arguments}") } },
            ]})
            .to_string()),
        }
    }

    async fn complete(&self, completion: &Completion, _: Invocation) -> Result<String, CallError> {
        Ok(
            json!({ "values": [format!("{}{}", completion.value, completion.argument)] })
                .to_string(),
        )
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
