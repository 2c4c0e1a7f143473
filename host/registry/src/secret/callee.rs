//! What an extension answers, without secrets.

use std::sync::Arc;

use async_trait::async_trait;
use koi_runtime::ports::Caller;
use koi_runtime::{
    CallError, Called, Completion, GuestError, GuestErrorKind, Held, KnowledgeObject, Outcome,
    ParsedReference, RecordError, Recording, ResourceBody, ResourceContents,
};

use super::Guard;
use super::heard::ScrubbedCaller;
use crate::callee::{Callee, Handover, Invocation};
use crate::entry::ExtensionEntry;

/// An extension whose answers are freed of secrets.
pub(crate) struct GuardedCallee {
    inner: Arc<dyn Callee>,
    guard: Arc<Guard>,
}

impl GuardedCallee {
    pub(crate) fn new(inner: Arc<dyn Callee>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }

    fn text(&self, answer: Result<String, CallError>) -> Result<String, CallError> {
        answer
            .map(|text| self.guard.scrub(text))
            .map_err(|error| self.error(error))
    }

    fn error(&self, error: CallError) -> CallError {
        match error {
            CallError::Guest(GuestError { kind, message }) => CallError::Guest(GuestError {
                kind: match kind {
                    GuestErrorKind::Other(kind) => GuestErrorKind::Other(self.guard.scrub(kind)),
                    kind => kind,
                },
                message: self.guard.scrub(message),
            }),
            CallError::Trap(text) => CallError::Trap(self.guard.scrub(text)),
            CallError::Host(text) => CallError::Host(self.guard.scrub(text)),
            CallError::Unavailable {
                reason,
                retry_after,
            } => CallError::Unavailable {
                reason: self.guard.scrub(reason),
                retry_after,
            },
            other => other,
        }
    }

    fn on_behalf(&self, mut invocation: Invocation) -> Invocation {
        invocation.caller = invocation.caller.map(|inner| {
            Arc::new(ScrubbedCaller::new(inner, self.guard.clone())) as Arc<dyn Caller>
        });
        invocation
    }

    fn contents(&self, mut contents: ResourceContents) -> ResourceContents {
        contents.uri = self.guard.scrub(contents.uri);
        contents.mime_type = contents.mime_type.map(|text| self.guard.scrub(text));
        contents.meta = self.guard.scrub(contents.meta);
        contents.body = match contents.body {
            ResourceBody::Text(text) => ResourceBody::Text(self.guard.scrub(text)),
            ResourceBody::Blob(bytes) => ResourceBody::Blob(self.guard.scrub_bytes(bytes)),
        };
        contents
    }

    /// What a handler puts in place of knowledge is published, and so refused like a publication.
    fn outcome(&self, outcome: Outcome) -> Result<Outcome, CallError> {
        match outcome {
            Outcome::Stop(reason) => Ok(Outcome::Stop(self.guard.scrub(reason))),
            Outcome::Replace(replacement) => {
                let contents = replacement.contents.as_deref().unwrap_or_default();
                match self.guard.refuse("the replacement", contents.as_bytes()) {
                    Ok(()) => Ok(Outcome::Replace(replacement)),
                    Err(error) => Err(CallError::Guest(GuestError {
                        kind: GuestErrorKind::Permanent,
                        message: error.to_string(),
                    })),
                }
            }
            Outcome::Unchanged => Ok(Outcome::Unchanged),
        }
    }
}

#[async_trait]
impl Callee for GuardedCallee {
    async fn start(&self) -> Result<(), CallError> {
        self.inner.start().await.map_err(|error| self.error(error))
    }

    async fn stop(&self) -> Result<(), CallError> {
        self.inner.stop().await.map_err(|error| self.error(error))
    }

    async fn health(&self) -> Result<String, CallError> {
        self.text(self.inner.health().await)
    }

    async fn list_tools(&self) -> Result<String, CallError> {
        self.text(self.inner.list_tools().await)
    }

    async fn list_resources(&self) -> Result<String, CallError> {
        self.text(self.inner.list_resources().await)
    }

    async fn call_tool(
        &self,
        name: &str,
        arguments: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let invocation = self.on_behalf(invocation);
        self.text(self.inner.call_tool(name, arguments, invocation).await)
    }

    async fn read_resource(
        &self,
        uri: &str,
        invocation: Invocation,
    ) -> Result<Vec<ResourceContents>, CallError> {
        let read = self.inner.read_resource(uri, self.on_behalf(invocation));
        match read.await {
            Ok(contents) => Ok(contents.into_iter().map(|one| self.contents(one)).collect()),
            Err(error) => Err(self.error(error)),
        }
    }

    async fn list_prompts(&self) -> Result<String, CallError> {
        self.text(self.inner.list_prompts().await)
    }

    async fn get_prompt(
        &self,
        name: &str,
        arguments: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let invocation = self.on_behalf(invocation);
        self.text(self.inner.get_prompt(name, arguments, invocation).await)
    }

    async fn complete(
        &self,
        completion: &Completion,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let invocation = self.on_behalf(invocation);
        self.text(self.inner.complete(completion, invocation).await)
    }

    async fn run_job(
        &self,
        name: &str,
        run: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let invocation = self.on_behalf(invocation);
        self.text(self.inner.run_job(name, run, invocation).await)
    }

    async fn handle(
        &self,
        object: &KnowledgeObject,
        invocation: Invocation,
    ) -> Result<Outcome, CallError> {
        let handled = self.inner.handle(object, self.on_behalf(invocation));
        match handled.await {
            Ok(outcome) => self.outcome(outcome),
            Err(error) => Err(self.error(error)),
        }
    }

    async fn parse_reference(
        &self,
        rid_type: &str,
        reference: &str,
        invocation: Invocation,
    ) -> Result<ParsedReference, CallError> {
        let invocation = self.on_behalf(invocation);
        let parsed = self.inner.parse_reference(rid_type, reference, invocation);
        match parsed.await {
            Ok(parsed) => Ok(ParsedReference {
                canonical: self.guard.scrub(parsed.canonical),
                parts: self.guard.scrub(parsed.parts),
            }),
            Err(error) => Err(self.error(error)),
        }
    }

    async fn print_reference(
        &self,
        rid_type: &str,
        parts: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let invocation = self.on_behalf(invocation);
        self.text(
            self.inner
                .print_reference(rid_type, parts, invocation)
                .await,
        )
    }

    async fn validate(
        &self,
        schema: &str,
        contents: &str,
        invocation: Invocation,
    ) -> Result<(), CallError> {
        let invocation = self.on_behalf(invocation);
        let valid = self.inner.validate(schema, contents, invocation).await;
        valid.map_err(|error| self.error(error))
    }

    async fn transform(
        &self,
        from: &str,
        to: &str,
        contents: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let invocation = self.on_behalf(invocation);
        self.text(self.inner.transform(from, to, contents, invocation).await)
    }

    /// A recording holds what the extension itself says, before it is scrubbed: one with a secret in it
    /// is dropped, since without the secret it would be the recording of another call.
    async fn record(
        &self,
        called: Called,
        invocation: Invocation,
    ) -> Result<Recording, RecordError> {
        let recording = self
            .inner
            .record(called, self.on_behalf(invocation))
            .await?;
        let mut refused = Ok(());
        recording.texts(|text| {
            if refused.is_ok() {
                refused = self.guard.refuse("it", text);
            }
        });
        match refused {
            Ok(()) => Ok(recording),
            Err(error) => Err(RecordError::Dropped(error.to_string())),
        }
    }

    fn handover(&self) -> Option<&dyn Handover> {
        self.inner.handover().map(|_| self as &dyn Handover)
    }
}

/// A state is kept as it is: it never leaves the node.
#[async_trait]
impl Handover for GuardedCallee {
    fn keeps_state(&self) -> bool {
        let inner = self.inner.handover();
        inner.is_some_and(|inner| inner.keeps_state())
    }

    async fn hold(&self) -> Result<Held, CallError> {
        let inner = self
            .inner
            .handover()
            .ok_or(CallError::NotExported("state"))?;
        inner.hold().await.map_err(|error| self.error(error))
    }

    async fn take_up(&self, state: Vec<u8>) -> Result<(), CallError> {
        let inner = self
            .inner
            .handover()
            .ok_or(CallError::NotExported("state"))?;
        inner
            .take_up(state)
            .await
            .map_err(|error| self.error(error))
    }

    fn supersede(&self, held: Held, successor: Arc<ExtensionEntry>) {
        if let Some(inner) = self.inner.handover() {
            inner.supersede(held, successor);
        }
    }

    fn successor(&self) -> Option<Arc<ExtensionEntry>> {
        self.inner.handover()?.successor()
    }
}
