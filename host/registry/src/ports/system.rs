//! Ports that need no grant: the operator's log, a caller who does not listen.

use async_trait::async_trait;
use koi_runtime::ports::{CallContext, Caller, Level, Log, PortError, nobody_to_ask};
use serde_json::json;

/// Guests' messages among the node's own, with the call that they belong to.
pub(super) struct OperatorLog;

impl Log for OperatorLog {
    fn log(&self, call: &CallContext, level: Level, context: &str, message: &str) {
        // Escaped, so that a message cannot forge another line or move a terminal's cursor.
        let (context, message) = (context.escape_debug(), message.escape_debug());
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "koi_extension",
                    extension = %call.extension,
                    revision = call.revision,
                    correlation = %call.correlation,
                    context = %context,
                    "{message}"
                )
            };
        }
        match level {
            Level::Trace => line!(trace),
            Level::Debug => line!(debug),
            Level::Info => line!(info),
            Level::Warn => line!(warn),
            Level::Error | Level::Critical => line!(error),
        }
    }
}

/// Nobody who wants to hear of the call.
pub(crate) struct Unheard;

#[async_trait]
impl Caller for Unheard {
    fn who(&self, call: &CallContext) -> String {
        let mut who = json!({
            "kind": call.kind.as_str(),
            "correlation-id": &*call.correlation,
            "answers": [],
        });
        if let Some(principal) = &call.principal {
            who["principal"] = json!(&**principal);
        }
        who.to_string()
    }

    fn progress(&self, _: &CallContext, _: f64, _: Option<f64>, _: Option<String>) {}

    fn log(&self, _: &CallContext, _: &str, _: &str) {}

    async fn ask(&self, _: &CallContext, _: &str) -> Result<String, PortError> {
        Err(nobody_to_ask())
    }
}
