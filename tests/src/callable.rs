//! Calls into a guest through the runtime alone, for benches and soaks.

use std::num::NonZero;
use std::sync::Arc;

use koi_runtime::ports::{CallContext, CallKind, Ports};
use koi_runtime::{Call, CallError, Extension, Limits, Mode};

/// A guest in one mode, ready to be called with nothing granted, on behalf of nobody.
#[derive(Clone)]
pub struct Callable {
    extension: Extension,
    call: Call,
}

impl Callable {
    /// Within these limits. A singleton saves its state after each call.
    pub fn new(extension: &Extension, mode: Mode, limits: Limits) -> Self {
        let extension = extension.bind(NonZero::<u32>::MIN);
        let context = CallContext {
            extension: Arc::from("callable"),
            revision: 1,
            digest: extension.digest().clone(),
            correlation: Arc::from("callable"),
            kind: CallKind::Tool,
            principal: None,
            cause: None,
            depth: 0,
        };
        let call = Call {
            context,
            ports: Arc::new(Ports::denied()),
            caller: koi_runtime::ports::nobody(),
            limits,
            mode,
        };
        Self { extension, call }
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// As the runtime's call.
    pub async fn call(&self, tool: &str, arguments: &str) -> Result<String, CallError> {
        self.extension
            .call_tool(self.call.clone(), tool, arguments)
            .await
    }

    /// Makes an instance and clears it away, if the mode is fresh: asks for the prompts of a guest that
    /// has none, which is found out before the guest is entered.
    ///
    /// # Errors
    /// If the guest has prompts, and as the runtime's call.
    pub async fn make(&self) -> Result<(), CallError> {
        match self.extension.list_prompts(self.call.clone()).await {
            Err(CallError::NotExported(_)) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(CallError::Host("the guest has prompts".to_owned())),
        }
    }
}
