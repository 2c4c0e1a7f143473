//! The runs of extensions' jobs: what a scheduler goes by after a restart, and what a person looks at.

use async_trait::async_trait;
use koi_rid::Timestamp;

use crate::{Page, Result};

/// How many runs of a job are kept, the newest. Beside them stay the one that was due last and the
/// last one that succeeded, however old.
pub const KEPT_RUNS: u32 = 100;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobOutcome {
    /// It goes on.
    Running,
    /// It succeeded.
    Ok,
    /// It failed.
    Failed,
    /// It was not begun, since the one before still went on.
    Skipped,
    /// It was not begun, since the node or the extension was not there in time.
    Missed,
    /// The node ended before it did.
    Interrupted,
}

impl JobOutcome {
    const ALL: [Self; 6] = [
        Self::Running,
        Self::Ok,
        Self::Failed,
        Self::Skipped,
        Self::Missed,
        Self::Interrupted,
    ];

    /// `running`, `ok`, `failed`, `skipped`, `missed` or `interrupted`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Missed => "missed",
            Self::Interrupted => "interrupted",
        }
    }
}

impl std::str::FromStr for JobOutcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no outcome of a job"))
    }
}

/// A run of a job, or why there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRun {
    /// Grows with each run and is never given twice; 0 for one that has none yet.
    pub id: u64,
    /// The extension whose job it is.
    pub extension: String,
    /// The job's name, which is the extension's own.
    pub job: String,
    /// When it was due; none if somebody asked for it.
    pub due: Option<Timestamp>,
    /// How many due times it stands for: more than one where several were skipped or missed.
    pub times: u32,
    /// When it began, or was left out.
    pub started: Timestamp,
    /// When it ended; none while it goes on.
    pub ended: Option<Timestamp>,
    /// How it stands.
    pub outcome: JobOutcome,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it is no success, for a person.
    pub reason: Option<String>,
    /// What it answered, JSON text.
    pub result: Option<String>,
    /// Stands in the log lines that belong to it.
    pub correlation: String,
}

/// What a job did last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastRuns {
    /// The newest run.
    pub newest: Option<JobRun>,
    /// The one of the latest due time.
    pub due: Option<JobRun>,
    /// The newest that succeeded.
    pub succeeded: Option<JobRun>,
}

/// Keeps the runs of jobs.
#[async_trait]
pub trait JobRuns: Send + Sync {
    /// Adds a run and lets go of those beyond [`KEPT_RUNS`]; gives its id. Durable when it returns.
    async fn add(&self, run: JobRun) -> Result<u64>;

    /// Puts a run in place of what is there under its id; changes nothing if that was let go of.
    async fn amend(&self, run: JobRun) -> Result<()>;

    /// What a job did last.
    async fn last(&self, extension: &str, job: &str) -> Result<LastRuns>;

    /// The runs of a job, the newest first; at most `limit`, 1 to [`crate::MAX_PAGE`].
    async fn list(
        &self,
        extension: &str,
        job: &str,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<JobRun>>;

    /// Says of all runs that go on that the node ended before they did: for a node that starts. Tells
    /// how many they were.
    async fn interrupt(&self, reason: &str) -> Result<u64>;
}
