//! What a node keeps: small async traits, one for each concern, and their backends.
//!
//! Promise: whatever one of these calls has answered with `Ok` survives `kill -9` and power loss.
//! Reading never waits for writing. What belongs together goes through [`Commits::commit`], which
//! stores a bundle, its outbox rows and the acknowledgement of its inbox entry together or not at
//! all.
//!
//! Failure: every call fails with a [`StoreError`] that says what failed and what to do; a call
//! that failed has left nothing behind.
//!
//! A future that is dropped while it waits may or may not have had its effect, as with any
//! request to a database whose answer was not awaited.

mod audit;
mod bundles;
mod commit;
mod dead_letters;
mod dump;
mod error;
mod extensions;
mod inbox;
mod indexes;
mod job_runs;
mod key_value;
mod mcp_sessions;
mod outbox;
mod page;
mod plan;
pub mod postgres;
mod queue;
mod quota;
mod range;
mod room;
mod rows;
mod saved_states;
mod scan;
pub mod sqlite;
mod stores;
#[cfg(test)]
mod tests;

pub use audit::{Audit, AuditDraft, AuditEntry};
pub use bundles::{
    BundlePage, BundleQuery, Bundles, MAX_SCANNED, StoredBundle, Written, WrittenQuery,
};
pub use commit::{Batch, Commits, Committed, Op};
pub use dead_letters::{DeadLetter, DeadLetterDraft, DeadLetters};
pub use dump::{Archive, Export, Rows, check_export};
pub use error::{Result, StoreError};
pub use extensions::{Activation, Component, Extensions, NewRevision, Revision, Role};
pub use inbox::{Arrival, ArrivalKind, Inbox, InboxEntry};
pub use indexes::{Declaration, Index, Indexes, MAX_PATHS};
pub use job_runs::{JobOutcome, JobRun, JobRuns, KEPT_RUNS, LastRuns};
pub use key_value::{
    KeyPage, KeyValue, KeyValueUsage, MAX_KEY_VALUE_BYTES, MAX_KEYS, MAX_VALUES_BYTES,
};
pub use koi_rid::Writer;
pub use mcp_sessions::{McpSession, McpSessions};
pub use outbox::{Outbox, OutboxEntry, Outgoing, Sent};
pub use page::{MAX_PAGE, Page};
pub use saved_states::SavedStates;
pub use stores::Stores;
