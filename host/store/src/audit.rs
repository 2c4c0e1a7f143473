//! Who changed what an extension is allowed, and when: a log that only grows.

use async_trait::async_trait;
use koi_rid::Timestamp;

use crate::{Page, Result};

/// A change to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditDraft {
    /// Who made it: a principal, `operator`, `drop-folder`; `node` for what it does by itself.
    pub who: String,
    /// What kind of change it is, such as `install`, `grants` or `secret-set`.
    pub action: String,
    /// The extension that it is about, if it is about one.
    pub extension: Option<String>,
    /// What was there before, JSON text; none if there was nothing.
    pub before: Option<String>,
    /// What is there since, JSON text; none if there is nothing.
    pub after: Option<String>,
}

/// A recorded change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Counts the changes in their order; no number is given twice.
    pub id: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// The change.
    pub change: AuditDraft,
}

/// Keeps the audit log. Installing, granting and removing extensions record themselves, in the same
/// transaction ([`crate::Extensions`]).
#[async_trait]
pub trait Audit: Send + Sync {
    /// Records a change; durable when it returns.
    async fn record(&self, change: AuditDraft) -> Result<()>;

    /// The changes, those of one extension or all, the newest first.
    async fn list(
        &self,
        extension: Option<&str>,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<AuditEntry>>;
}
