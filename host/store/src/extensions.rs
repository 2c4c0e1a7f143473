//! Installed extensions: immutable, content-addressed revisions, and which of them are active.
//!
//! Each change goes into the audit log in the transaction that makes it.

use async_trait::async_trait;
use koi_rid::Timestamp;

use crate::Result;

/// A revision to be installed: what [`Revision`] says, less what the store itself adds.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRevision {
    /// The extension's name.
    pub extension: String,
    /// The version that the component describes itself with.
    pub version: String,
    /// What it answered to `describe`, JSON text.
    pub description: String,
    /// What the operator granted, JSON text.
    pub grants: String,
    /// How the operator configured it, JSON text.
    pub settings: String,
    /// What the operator had put before the names of its tools; mostly empty.
    pub tool_prefix: String,
    /// Where it came from, for a person.
    pub source: String,
}

/// An installed revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// The extension's name.
    pub extension: String,
    /// Counts the revisions of that extension, from 1.
    pub revision: u64,
    /// SHA-256 of the component, lower-case hex.
    pub digest: String,
    /// The version that the component describes itself with.
    pub version: String,
    /// What it answered to `describe`, JSON text.
    pub description: String,
    /// What the operator granted, JSON text.
    pub grants: String,
    /// How the operator configured it, JSON text.
    pub settings: String,
    /// What the operator had put before the names of its tools; mostly empty.
    pub tool_prefix: String,
    /// Where it came from, for a person.
    pub source: String,
    /// When it was installed.
    pub installed_at: Timestamp,
}

/// Keeps extensions.
#[async_trait]
pub trait Extensions: Send + Sync {
    /// Stores a component under its digest, gives the next number of its extension to the new
    /// revision and makes that the active one: all or nothing. `who` did it, for the audit log.
    async fn install(&self, revision: NewRevision, component: &[u8], who: &str)
    -> Result<Revision>;

    /// The active revisions, in the order of the extensions' names.
    async fn active(&self) -> Result<Vec<Revision>>;

    /// All revisions of an extension, oldest first.
    async fn revisions(&self, extension: &str) -> Result<Vec<Revision>>;

    /// The component with a digest (SHA-256, lower-case hex), if it is there. Bytes that no
    /// longer have that digest are [`crate::StoreError::Corrupt`].
    async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>>;

    /// Makes an extension inactive; its revisions stay. False if it was not active. `who` did
    /// it, for the audit log.
    async fn deactivate(&self, extension: &str, who: &str) -> Result<bool>;

    /// Replaces the grants of a revision. [`crate::StoreError::NotFound`] if there is none such.
    /// `who` did it, for the audit log.
    async fn set_grants(
        &self,
        extension: &str,
        revision: u64,
        grants: &str,
        who: &str,
    ) -> Result<()>;
}
