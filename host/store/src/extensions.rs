//! Installed extensions: immutable, content-addressed revisions, and which of them are active as what.
//!
//! Promise: of each installed extension exactly one revision serves, and each further role but
//! [`Role::Beside`] is that of one revision at the most. Each change goes into the audit log in the
//! transaction that makes it.

mod role;

use std::sync::Arc;

use async_trait::async_trait;
use koi_rid::Timestamp;
use koi_rid::json::write_string;
use sha2::{Digest, Sha256};

use crate::{AuditDraft, Result, StoreError};

pub use role::{Activation, Role};

/// A component, and its digest, which is worked out once.
#[derive(Debug, Clone)]
pub struct Component {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) digest: Arc<str>,
}

impl Component {
    /// Works out the digest.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        let digest = digest(&bytes).into();
        Self { bytes, digest }
    }

    /// Takes the word of who has worked it out: SHA-256 of these bytes, lower-case hex. A component under
    /// another digest could not be read again.
    pub fn with_digest(bytes: Arc<[u8]>, digest: Arc<str>) -> Self {
        Self { bytes, digest }
    }
}

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
    /// The key whose signature was verified: lower-case hex SHA-256 of the DER SubjectPublicKeyInfo.
    pub publisher: Option<String>,
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
    /// Who installed it: a principal, `operator`, `drop-folder`. Empty for what was installed before
    /// that was kept.
    pub installed_by: String,
    /// The key whose signature was verified: lower-case hex SHA-256 of the DER SubjectPublicKeyInfo.
    pub publisher: Option<String>,
    /// Whether it is kept, however old it is.
    pub pinned: bool,
    /// Why it is not to be used any more, for a person.
    pub deprecated: Option<String>,
    /// When it last began to serve; none if it never has.
    pub served_at: Option<Timestamp>,
}

/// Keeps extensions.
#[async_trait]
pub trait Extensions: Send + Sync {
    /// Stores a component under its digest, gives the next number of its extension to the new
    /// revision and makes it active in a role: all or nothing. A held revision gives way to it. `who`
    /// did it. [`crate::StoreError::Invalid`] if nothing serves yet and the role is another.
    async fn install(
        &self,
        revision: NewRevision,
        component: Component,
        role: Role,
        who: &str,
    ) -> Result<Revision>;

    /// The active revisions and their roles, in the order of the extensions' names and of their numbers.
    async fn activations(&self) -> Result<Vec<Activation>>;

    /// Makes a revision active in a role, in place of its own before and of the revision that had the
    /// role, unless that is [`Role::Beside`]. `who` did it. [`crate::StoreError::NotFound`] if there is
    /// no such revision, [`crate::StoreError::Invalid`] if none would serve any more.
    async fn activate(&self, extension: &str, revision: u64, role: Role, who: &str) -> Result<()>;

    /// Makes a revision with these grants, JSON text, the one that serves. `who` approved it.
    /// [`crate::StoreError::NotFound`] if there is none such.
    async fn approve(&self, extension: &str, revision: u64, grants: &str, who: &str) -> Result<()>;

    /// Makes a revision that does not serve inactive. False if it had no such role. `who` did it.
    async fn retire(&self, extension: &str, revision: u64, who: &str) -> Result<bool>;

    /// Says whether a revision is to be kept, however old it is. `who` said it.
    /// [`crate::StoreError::NotFound`] if there is none such.
    async fn pin(&self, extension: &str, revision: u64, pinned: bool, who: &str) -> Result<()>;

    /// Says why a revision is not to be used any more, or that it may be. `who` said it.
    /// [`crate::StoreError::NotFound`] if there is none such.
    async fn deprecate(
        &self,
        extension: &str,
        revision: u64,
        reason: Option<String>,
        who: &str,
    ) -> Result<()>;

    /// Deletes the revisions of an extension beyond the `keep` newest (the newest one is always kept)
    /// that are neither active nor pinned, and their components, if no other revision has them. Gives
    /// the numbers of those deleted.
    async fn collect(&self, extension: &str, keep: usize) -> Result<Vec<u64>>;

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
        role: Role,
        who: &str,
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
            installed_by: who.to_owned(),
            publisher: new.publisher,
            pinned: false,
            deprecated: None,
            served_at: (role == Role::Serving).then_some(installed_at),
        }
    }

    /// As the audit log shows it in a role, JSON text.
    pub(crate) fn summary(&self, role: Role) -> String {
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
        if let Some(publisher) = &self.publisher {
            text.push_str(",\"publisher\":");
            write_string(publisher, &mut text);
        }
        if role != Role::Serving {
            text.push_str(",\"role\":");
            write_string(role.as_str(), &mut text);
        }
        if let Role::Canary { share } = role {
            text.push_str(&format!(",\"share\":{share}"));
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

/// What the audit log says of a revision that is kept, or no longer.
pub(crate) fn pinned(who: &str, extension: &str, revision: u64, pinned: bool) -> AuditDraft {
    let action = if pinned { "pin" } else { "unpin" };
    let after = format!("{{\"revision\":{revision}}}");
    change(who, action, extension, None, Some(after))
}

/// What the audit log says of a revision that is not to be used any more, or may be.
pub(crate) fn deprecated(
    who: &str,
    extension: &str,
    revision: u64,
    before: Option<&str>,
    after: Option<&str>,
) -> AuditDraft {
    let told = |reason: Option<&str>| {
        let mut text = format!("{{\"revision\":{revision}");
        if let Some(reason) = reason {
            text.push_str(",\"reason\":");
            write_string(reason, &mut text);
        }
        text.push('}');
        text
    };
    let action = match after {
        Some(_) => "deprecate",
        None => "undeprecate",
    };
    change(
        who,
        action,
        extension,
        Some(told(before)),
        Some(told(after)),
    )
}

/// What the audit log says of revisions that were deleted for their age.
pub(crate) fn collected(extension: &str, revisions: &[u64]) -> AuditDraft {
    let before = format!("{{\"revisions\":{revisions:?}}}");
    change("node", "collect", extension, Some(before), None)
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
