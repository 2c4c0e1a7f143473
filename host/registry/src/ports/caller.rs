//! Whoever caused a call. Everybody may speak to them; to ask them something has to be granted.

use std::sync::Arc;

use async_trait::async_trait;
use koi_runtime::ports::{CallContext, Caller, PortError};

use crate::grant::{Access, Capability};

pub(crate) struct GrantedCaller {
    inner: Arc<dyn Caller>,
    access: Arc<Access>,
}

impl GrantedCaller {
    pub(crate) fn new(inner: Arc<dyn Caller>, access: Arc<Access>) -> Self {
        Self { inner, access }
    }
}

#[async_trait]
impl Caller for GrantedCaller {
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
        self.inner.progress(call, progress, total, message);
    }

    fn log(&self, call: &CallContext, level: &str, data: &str) {
        self.inner.log(call, level, data);
    }

    async fn ask(&self, call: &CallContext, questions: &str) -> Result<String, PortError> {
        self.access.require_capability(Capability::Ask)?;
        self.inner.ask(call, questions).await
    }
}
