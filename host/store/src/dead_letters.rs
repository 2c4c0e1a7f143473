//! Arrivals that were given up, kept with the reason. They come and go by [`crate::Commits`].

use async_trait::async_trait;
use koi_rid::{Rid, Timestamp};

use crate::{Arrival, Page, Result};

/// An arrival to be given up: a [`DeadLetter`] that has no id yet.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetterDraft {
    /// What was given up, as it had arrived.
    pub arrival: Arrival,
    /// The phase of the pipeline that gave it up.
    pub phase: String,
    /// The peer that does not take it, if it was given up on its way out.
    pub peer: Option<Rid>,
    /// The extension whose handler refused it; `None` if it was the host.
    pub extension: Option<String>,
    /// What happened, for a person.
    pub reason: String,
    /// What happened, for a program: a short code.
    pub kind: String,
    /// When it was given up.
    pub at: Timestamp,
}

/// An arrival that was given up.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// Grows with each letter and is never given twice.
    pub id: u64,
    /// What was given up, as it had arrived.
    pub arrival: Arrival,
    /// The phase of the pipeline that gave it up.
    pub phase: String,
    /// The peer that does not take it, if it was given up on its way out.
    pub peer: Option<Rid>,
    /// The extension whose handler refused it; `None` if it was the host.
    pub extension: Option<String>,
    /// What happened, for a person.
    pub reason: String,
    /// What happened, for a program: a short code.
    pub kind: String,
    /// When it was given up, the last time.
    pub at: Timestamp,
    /// How often it was given up for this reason.
    pub times: u32,
}

/// Reads the dead letters.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// The letters, newest first; at most `limit`, 1 to [`crate::MAX_PAGE`].
    async fn list(&self, cursor: Option<String>, limit: u32) -> Result<Page<DeadLetter>>;

    /// One letter, if it is there.
    async fn read(&self, id: u64) -> Result<Option<DeadLetter>>;
}
