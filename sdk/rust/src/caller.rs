//! Whoever caused this call, what can be said to them meanwhile and what they can be asked.

mod ask;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::host::caller as host;
use crate::{Json, Result};

pub use ask::{Answers, Filled, Questions};

/// Whoever caused this call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Caller {
    /// `tool`, `resource`, `prompt`, `completion`, `handler`, `job` or `lifecycle`.
    pub kind: String,
    /// Who is behind it, where that is known.
    pub principal: Option<Value>,
    /// What this call is called in the operator's log.
    pub correlation_id: Option<String>,
    /// The methods that [`Questions`] can be asked with in this call, such as `elicitation/create`.
    #[serde(default)]
    pub answers: Vec<String>,
}

/// Severities of RFC 5424.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "RFC 5424 says what they mean")]
pub enum Severity {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl Severity {
    fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }
}

/// Whoever caused this call.
///
/// # Errors
/// `invalid-input` if the host's answer cannot be read.
pub fn who() -> Result<Caller> {
    Json::trusted(host::who()).to()
}

/// Tells how far the call is: so much of a total, and what is being done. Dropped if the caller did
/// not ask to hear it.
pub fn progress(progress: f64, total: Option<f64>, message: Option<&str>) {
    host::progress(progress, total, message);
}

/// A message to the caller's log. Dropped if the caller did not ask to hear it. The operator's log
/// is [`log!`](crate::log!).
///
/// # Errors
/// `permanent` if the value has no JSON form.
pub fn log(severity: Severity, data: &(impl Serialize + ?Sized)) -> Result<()> {
    host::log(severity.as_str(), Json::of(data)?.as_str());
    Ok(())
}
