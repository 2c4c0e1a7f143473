//! Ports that need no grant: time, randomness, the operator's log, a caller who does not listen.

use std::time::{Duration, Instant, SystemTime};

use koi_runtime::ports::{CallContext, Caller, Clock, Level, Log, Random};
use rand::Rng;
use serde_json::json;

/// The time of the machine. The monotonic clock counts from when the extension was activated.
pub(super) struct SystemClock {
    start: Instant,
}

impl SystemClock {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> Duration {
        // A clock before 1970 is wrong anyway.
        SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
    }

    fn monotonic(&self) -> u64 {
        // Nanoseconds fill 64 bits after 584 years.
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A cryptographic generator, seeded by the machine.
pub(super) struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}

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
pub(super) struct Unheard;

impl Caller for Unheard {
    fn who(&self, call: &CallContext) -> String {
        let mut who = json!({"kind": call.kind.as_str(), "correlation-id": &*call.correlation});
        if let Some(principal) = &call.principal {
            who["principal"] = json!(&**principal);
        }
        who.to_string()
    }

    fn progress(&self, _: &CallContext, _: f64, _: Option<f64>, _: Option<String>) {}

    fn log(&self, _: &CallContext, _: &str, _: &str) {}
}
