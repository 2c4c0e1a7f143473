//! What an extension says of its own condition.

use std::time::Duration;

use koi_rid::Timestamp;
use koi_runtime::CallError;
use serde::{Deserialize, Serialize};

use crate::text::shortened;

/// How an extension is asked for its health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthOptions {
    /// How often; none is never.
    pub interval: Option<Duration>,
    /// How long it has for the answer.
    pub time_out: Duration,
}

impl Default for HealthOptions {
    fn default() -> Self {
        Self {
            interval: Some(Duration::from_secs(30)),
            time_out: Duration::from_secs(5),
        }
    }
}

/// What it last said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HealthReport {
    /// How it is.
    pub status: HealthStatus,
    /// Why, in its own words or the node's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it was asked.
    pub at: String,
}

/// How an extension is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// It says that it is well.
    Ok,
    /// It says that it works in part.
    Degraded,
    /// It says that it does not work, or fails to say anything.
    Failing,
    /// It could not be asked: it was too busy, or the node was.
    Unknown,
}

#[derive(Deserialize)]
struct Said {
    status: HealthStatus,
    #[serde(default)]
    message: String,
}

impl HealthReport {
    /// Of an answer; none if it did not come in time.
    pub(crate) fn of(answer: Option<Result<String, CallError>>) -> Self {
        let (status, message) = match answer {
            None => (
                HealthStatus::Unknown,
                "it did not answer in time".to_owned(),
            ),
            Some(Ok(text)) => match serde_json::from_str::<Said>(&text) {
                Ok(said) => (said.status, shortened(&said.message)),
                Err(error) => (
                    HealthStatus::Failing,
                    shortened(&format!(
                        "its answer is not of the form of the contract: {error}"
                    )),
                ),
            },
            Some(Err(error @ (CallError::Overloaded(_) | CallError::Host(_)))) => {
                (HealthStatus::Unknown, shortened(&error.to_string()))
            }
            Some(Err(error)) => (HealthStatus::Failing, shortened(&error.to_string())),
        };
        Self {
            status,
            message,
            at: Timestamp::now().as_str().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(answer: Option<Result<&str, CallError>>) -> HealthStatus {
        HealthReport::of(answer.map(|answer| answer.map(str::to_owned))).status
    }

    #[test]
    fn an_extension_is_as_it_says_and_failing_if_it_says_nothing_that_makes_sense() {
        assert_eq!(
            status(Some(Ok(r#"{"status": "ok", "more": 1}"#))),
            HealthStatus::Ok
        );
        let degraded = r#"{"status": "degraded", "message": "slow"}"#;
        assert_eq!(status(Some(Ok(degraded))), HealthStatus::Degraded);
        for nonsense in ["", "{}", r#"{"status": "unknown-to-us"}"#] {
            assert_eq!(status(Some(Ok(nonsense))), HealthStatus::Failing);
        }
        let trap = CallError::Trap("unreachable".to_owned());
        assert_eq!(status(Some(Err(trap))), HealthStatus::Failing);
    }

    #[test]
    fn what_could_not_be_asked_is_not_called_ill() {
        assert_eq!(status(None), HealthStatus::Unknown);
        let busy = CallError::Overloaded("all instances are taken".to_owned());
        assert_eq!(status(Some(Err(busy))), HealthStatus::Unknown);
    }
}
