//! Jobs, done when they are due.

use serde::Deserialize;

use crate::bindings::imports::koi::extension::types as wit;
use crate::bindings::schedule::exports::koi::extension::schedule::Guest;
use crate::{Error, Json, Result};

/// Does the [jobs](crate::Job) of the [description](crate::Description). A unit test calls it as the host
/// does.
pub trait Schedule {
    /// Does the job of that name, of which no other run goes on. The answer, a JSON object, is for the
    /// operator, who finds it in the job's history if it has at most 4096 bytes.
    ///
    /// # Errors
    /// A `transient` one is tried again with back-off as long as the next run is not due, any other is
    /// the end of the run.
    fn run_job(name: &str, run: &JobRun) -> Result<Json>;
}

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct JobRun {
    /// When it was due, RFC 3339 in UTC; none if the operator asked for it.
    pub due: Option<String>,
    /// How often it was tried, this time included.
    pub attempt: u32,
    /// When the last run that succeeded began, RFC 3339 in UTC.
    pub last_success: Option<String>,
}

impl JobRun {
    /// The first try of a run that the operator asked for, of a job that never ran.
    pub fn asked() -> Self {
        Self {
            due: None,
            attempt: 1,
            last_success: None,
        }
    }
}

/// What to answer for a job that there is not.
pub fn no_job(name: &str) -> Error {
    Error::invalid_input(format!("there is no job `{name}`"))
}

impl<T: Schedule> Guest for T {
    fn run_job(name: String, run: String) -> Result<String, wit::Error> {
        let run: JobRun = Json::trusted(run).to()?;
        Ok(<T as Schedule>::run_job(&name, &run)?.into_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Two;

    impl Schedule for Two {
        fn run_job(name: &str, run: &JobRun) -> Result<Json> {
            match name {
                "tell" => Json::of(&serde_json::json!({ "due": run.due, "attempt": run.attempt })),
                other => Err(no_job(other)),
            }
        }
    }

    #[test]
    fn a_job_is_told_of_its_run_and_ignores_what_it_does_not_know() {
        let run = r#"{"due":"2026-01-01T00:00:00.000000Z","attempt":2,"from-the-future":1}"#;
        let answer = <Two as Guest>::run_job("tell".into(), run.into()).unwrap();
        assert_eq!(
            answer,
            r#"{"attempt":2,"due":"2026-01-01T00:00:00.000000Z"}"#
        );
        let error = <Two as Guest>::run_job("no".into(), r#"{"attempt":1}"#.into()).unwrap_err();
        assert_eq!(error.message, "there is no job `no`");
        assert_eq!(JobRun::asked().due, None);
    }
}
