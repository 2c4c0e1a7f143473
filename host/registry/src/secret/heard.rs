//! What is heard of an extension while it works, without secrets.
//!
//! The runtime has cut long messages into pieces by then: of a secret that stands at a cut, each piece
//! holds a part, which is not found.

use std::sync::Arc;

use async_trait::async_trait;
use koi_runtime::ports::{CallContext, Caller, Level, Log, PortError};

use super::Guard;

/// Whoever caused a call, told of it without secrets.
pub(super) struct ScrubbedCaller {
    inner: Arc<dyn Caller>,
    guard: Arc<Guard>,
}

impl ScrubbedCaller {
    pub(super) fn new(inner: Arc<dyn Caller>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl Caller for ScrubbedCaller {
    fn who(&self, call: &CallContext) -> String {
        self.inner.who(call)
    }

    fn progress(
        &self,
        call: &CallContext,
        progress: f64,
        total: Option<f64>,
        message: Option<String>,
    ) {
        let message = message.map(|text| self.guard.scrub(text));
        self.inner.progress(call, progress, total, message);
    }

    fn log(&self, call: &CallContext, level: &str, data: &str) {
        let (level, data) = (level.to_owned(), data.to_owned());
        let (level, data) = (self.guard.scrub(level), self.guard.scrub(data));
        self.inner.log(call, &level, &data);
    }

    async fn ask(&self, call: &CallContext, questions: &str) -> Result<String, PortError> {
        let questions = self.guard.scrub(questions.to_owned());
        self.inner.ask(call, &questions).await
    }
}

/// The operator's log without secrets.
pub(crate) struct ScrubbedLog {
    inner: Arc<dyn Log>,
    guard: Arc<Guard>,
}

impl ScrubbedLog {
    pub(crate) fn new(inner: Arc<dyn Log>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

impl Log for ScrubbedLog {
    fn log(&self, call: &CallContext, level: Level, context: &str, message: &str) {
        let (context, message) = (context.to_owned(), message.to_owned());
        let (context, message) = (self.guard.scrub(context), self.guard.scrub(message));
        self.inner.log(call, level, &context, &message);
    }
}
