//! Jobs of an extension.

use std::fmt;
use std::sync::Arc;

use koi_rid::Timestamp;
use koi_runtime::{CallError, GuestError, GuestErrorKind};
use serde::Serialize;

use super::list;
use super::successor::call_newest;
use crate::callee::{Callee, Invocation};
use crate::description::JobDescription;
use crate::grant::{Access, Capability};

/// A job and the extension that does it.
pub struct JobEntry {
    /// What it is, and when it is due.
    pub job: JobDescription,
    /// Whose it is.
    pub extension: Arc<str>,
    access: Arc<Access>,
    callee: Arc<dyn Callee>,
}

/// What a job is told of its run.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct JobTold {
    /// When it was due; none if somebody asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// How often it was tried, this time included.
    pub attempt: u32,
    /// When the last run that succeeded began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Timestamp>,
}

impl JobEntry {
    pub(super) fn new(job: &JobDescription, access: Arc<Access>, callee: Arc<dyn Callee>) -> Self {
        Self {
            job: job.clone(),
            extension: access.extension().into(),
            access,
            callee,
        }
    }

    /// Whether it may run at this moment: whether the extension has the capability `schedule`.
    pub fn is_granted(&self) -> bool {
        let required = self.access.require_capability(Capability::Schedule);
        required.is_ok()
    }

    /// Does it; the answer is a JSON object.
    ///
    /// # Errors
    /// As a call fails; [`CallError::is_transient`] says whether to try again. An answer that is no JSON
    /// object is the extension's failure, of kind permanent.
    pub async fn run(&self, told: JobTold, invocation: Invocation) -> Result<String, CallError> {
        let told = serde_json::to_string(&told).unwrap_or_default();
        let name = &self.job.name;
        let answer = call_newest!(self.callee, run_job(name, &told; invocation))?;
        let checked = list::check_object(&answer).and_then(|()| {
            serde_json::from_str::<serde::de::IgnoredAny>(&answer)
                .map_err(|error| format!("is no JSON: {error}"))
        });
        match checked {
            Ok(_) => Ok(answer),
            Err(problem) => Err(CallError::Guest(GuestError {
                kind: GuestErrorKind::Permanent,
                message: format!(
                    "the job {name} of {} gave an answer that {problem}",
                    self.extension
                ),
            })),
        }
    }
}

impl fmt::Debug for JobEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobEntry({} of {})", self.job.name, self.extension)
    }
}
