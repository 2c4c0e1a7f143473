//! Installed extensions: immutable, content-addressed revisions, and which of them are active.
//!
//! Each change goes into the audit log in the transaction that makes it.

use async_trait::async_trait;
use koi_rid::Timestamp;
use koi_rid::json::write_string;
use sha2::{Digest, Sha256};

use crate::{AuditDraft, Result, StoreError};

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

impl Revision {
    /// What was installed under a digest and a number.
    pub(crate) fn installed(
        new: NewRevision,
        revision: u64,
        digest: String,
        installed_at: Timestamp,
    ) -> Self {
        Self {
            extension: new.extension,
            revision,
            digest,
            version: new.version,
            description: new.description,
            grants: new.grants,
            settings: new.settings,
            tool_prefix: new.tool_prefix,
            source: new.source,
            installed_at,
        }
    }

    /// As the audit log shows it, JSON text.
    pub(crate) fn summary(&self) -> String {
        let mut text = format!("{{\"revision\":{},\"version\":", self.revision);
        write_string(&self.version, &mut text);
        text.push_str(",\"digest\":");
        write_string(&self.digest, &mut text);
        text.push_str(",\"source\":");
        write_string(&self.source, &mut text);
        if !self.tool_prefix.is_empty() {
            text.push_str(",\"tool-prefix\":");
            write_string(&self.tool_prefix, &mut text);
        }
        // Grants are JSON text already.
        text.push_str(",\"grants\":");
        text.push_str(&self.grants);
        text.push('}');
        text
    }
}

/// What the audit log says of a change of an extension.
pub(crate) fn change(
    who: &str,
    action: &str,
    extension: &str,
    before: Option<String>,
    after: Option<String>,
) -> AuditDraft {
    AuditDraft {
        who: who.to_owned(),
        action: action.to_owned(),
        extension: Some(extension.to_owned()),
        before,
        after,
    }
}

/// The digest of a component.
pub(crate) fn digest(component: &[u8]) -> String {
    hex::encode(Sha256::digest(component))
}

/// The revision that was to be changed is not there.
pub(crate) fn no_such_revision(extension: &str, revision: u64) -> StoreError {
    StoreError::NotFound {
        what: format!("revision {revision} of extension {extension}"),
    }
}

/// A component as it was read, unless it is no longer what was stored under its digest.
pub(crate) fn whole(digest: &str, component: Vec<u8>) -> Result<Vec<u8>> {
    if self::digest(&component) != digest {
        return Err(StoreError::Corrupt {
            what: format!("component {digest} has another digest now"),
        });
    }
    Ok(component)
}
