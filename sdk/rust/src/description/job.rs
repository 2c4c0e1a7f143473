//! Jobs: what an extension does without being called.

use serde::Serialize;

use super::Description;

/// A job and when it is due. It runs where the operator grants the capability `schedule`, which to have
/// jobs is to ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Job {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cron: Option<String>,
    jitter: u64,
    missed: Missed,
}

/// What becomes of runs for which the node or the extension was not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Missed {
    /// Nothing: the next run comes when it is due.
    Skip,
    /// All of them are made up for by one run, at once.
    #[default]
    Once,
}

impl Job {
    /// A job (1 to 64 letters, digits, `_` and `-`) that is due as soon as it is there and then whenever
    /// so many seconds have gone by.
    pub fn every(name: impl Into<String>, seconds: u64) -> Self {
        Self::new(name, Some(seconds), None)
    }

    /// A job that is due at the times that a cron expression of five fields names, in UTC:
    /// `Job::cron("nightly", "30 2 * * *")`.
    pub fn cron(name: impl Into<String>, expression: impl Into<String>) -> Self {
        Self::new(name, None, Some(expression.into()))
    }

    fn new(name: impl Into<String>, every: Option<u64>, cron: Option<String>) -> Self {
        Self {
            name: name.into(),
            title: None,
            description: None,
            every,
            cron,
            jitter: 0,
            missed: Missed::default(),
        }
    }

    /// A name for people.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// What it does, for people.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Each run begins at most so many seconds later, at random, so that many nodes don't ask the same
    /// server at once; 0 if it is not set.
    pub fn jitter(mut self, seconds: u64) -> Self {
        self.jitter = seconds;
        self
    }

    /// What becomes of missed runs; they are made up for by one if it is not set.
    pub fn missed(mut self, missed: Missed) -> Self {
        self.missed = missed;
        self
    }
}

impl Description {
    /// The extension has a job, which its [`Schedule`](crate::Schedule) does.
    pub fn job(mut self, job: Job) -> Self {
        self.jobs.push(job);
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_says_when_it_is_due() {
        let description = Description::new("a", "0.1.0")
            .job(Job::every("fetch", 60).title("Fetch").jitter(5))
            .job(Job::cron("nightly", "30 2 * * *").missed(Missed::Skip));
        let description = serde_json::to_value(description).unwrap();
        let expected = json!([
            { "name": "fetch", "title": "Fetch", "every": 60, "jitter": 5, "missed": "once" },
            { "name": "nightly", "cron": "30 2 * * *", "jitter": 0, "missed": "skip" },
        ]);
        assert_eq!(description["jobs"], expected);
    }
}
