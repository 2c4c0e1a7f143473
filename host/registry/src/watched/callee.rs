//! The callee that tells how its calls end.

use std::sync::Arc;

use async_trait::async_trait;
use koi_runtime::{
    CallError, Called, Completion, KnowledgeObject, Outcome, ParsedReference, RecordError,
    Recording, ResourceContents,
};

use super::{Answered, Judge, Watch};
use crate::callee::{Callee, Handover, Invocation};

/// A revision that is watched. What the host asks it on its own account (lists, health, `start` and
/// `stop`) and what is recorded goes through unseen: it says nothing about how it serves.
pub(crate) struct Watched {
    inner: Arc<dyn Callee>,
    watch: Arc<Watch>,
}

impl Watched {
    pub(crate) fn new(inner: Arc<dyn Callee>, watch: Arc<Watch>) -> Self {
        Self { inner, watch }
    }
}

fn well<T>(_: &T) -> Answered {
    Answered::Well
}

/// Makes a call of the inner one between its begin and its end.
macro_rules! watched {
    ($self:ident.$function:ident($($argument:expr),*)) => {{
        let running = $self.watch.enter()?;
        let ended = $self.inner.$function($($argument),*).await;
        running.end(&ended, well);
        ended
    }};
}

#[async_trait]
impl Callee for Watched {
    async fn start(&self) -> Result<(), CallError> {
        self.inner.start().await
    }

    async fn stop(&self) -> Result<(), CallError> {
        self.inner.stop().await
    }

    async fn health(&self) -> Result<String, CallError> {
        self.inner.health().await
    }

    async fn list_tools(&self) -> Result<String, CallError> {
        self.inner.list_tools().await
    }

    async fn list_resources(&self) -> Result<String, CallError> {
        self.inner.list_resources().await
    }

    fn handover(&self) -> Option<&dyn Handover> {
        self.inner.handover()
    }

    async fn call_tool(
        &self,
        name: &str,
        arguments: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let judge = |_: &str| Answered::Well;
        self.call_tool_judged(name, arguments, invocation, &judge)
            .await
    }

    async fn call_tool_judged(
        &self,
        name: &str,
        arguments: &str,
        invocation: Invocation,
        judge: Judge<'_>,
    ) -> Result<String, CallError> {
        let shadow = self
            .watch
            .shadow()
            .map(|shadow| (shadow, invocation.clone()));
        let running = self.watch.enter()?;
        let ended = self.inner.call_tool(name, arguments, invocation).await;
        running.end(&ended, |answer| judge(answer));
        if let Some((shadow, invocation)) = shadow {
            shadow.tool(name, arguments, invocation, &ended);
        }
        ended
    }

    async fn read_resource(
        &self,
        uri: &str,
        invocation: Invocation,
    ) -> Result<Vec<ResourceContents>, CallError> {
        let shadow = self
            .watch
            .shadow()
            .map(|shadow| (shadow, invocation.clone()));
        let ended = watched!(self.read_resource(uri, invocation));
        if let Some((shadow, invocation)) = shadow {
            shadow.resource(uri, invocation, &ended);
        }
        ended
    }

    async fn list_prompts(&self) -> Result<String, CallError> {
        self.inner.list_prompts().await
    }

    async fn get_prompt(
        &self,
        name: &str,
        arguments: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        let judge = |_: &str| Answered::Well;
        self.get_prompt_judged(name, arguments, invocation, &judge)
            .await
    }

    async fn get_prompt_judged(
        &self,
        name: &str,
        arguments: &str,
        invocation: Invocation,
        judge: Judge<'_>,
    ) -> Result<String, CallError> {
        let shadow = self
            .watch
            .shadow()
            .map(|shadow| (shadow, invocation.clone()));
        let running = self.watch.enter()?;
        let ended = self.inner.get_prompt(name, arguments, invocation).await;
        running.end(&ended, |answer| judge(answer));
        if let Some((shadow, invocation)) = shadow {
            shadow.prompt(name, arguments, invocation, &ended);
        }
        ended
    }

    async fn complete(
        &self,
        completion: &Completion,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        watched!(self.complete(completion, invocation))
    }

    async fn run_job(
        &self,
        name: &str,
        run: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        watched!(self.run_job(name, run, invocation))
    }

    async fn handle(
        &self,
        object: &KnowledgeObject,
        invocation: Invocation,
    ) -> Result<Outcome, CallError> {
        watched!(self.handle(object, invocation))
    }

    async fn parse_reference(
        &self,
        rid_type: &str,
        reference: &str,
        invocation: Invocation,
    ) -> Result<ParsedReference, CallError> {
        watched!(self.parse_reference(rid_type, reference, invocation))
    }

    async fn print_reference(
        &self,
        rid_type: &str,
        parts: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        watched!(self.print_reference(rid_type, parts, invocation))
    }

    async fn validate(
        &self,
        schema: &str,
        contents: &str,
        invocation: Invocation,
    ) -> Result<(), CallError> {
        watched!(self.validate(schema, contents, invocation))
    }

    async fn transform(
        &self,
        from: &str,
        to: &str,
        contents: &str,
        invocation: Invocation,
    ) -> Result<String, CallError> {
        watched!(self.transform(from, to, contents, invocation))
    }

    async fn record(
        &self,
        called: Called,
        invocation: Invocation,
    ) -> Result<Recording, RecordError> {
        self.inner.record(called, invocation).await
    }
}
