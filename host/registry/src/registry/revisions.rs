//! The revisions of an extension: listed, looked into, kept, said to be of no more use.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use koi_store::{Revision, Role, StoreError};
use serde::Serialize;

use super::install::InstallError;
use super::open::RestoreError;
use super::profile::Profile;
use super::{Inner, Registry};
use crate::grant::{GrantError, Grants};

/// Why nothing was done with a revision. Everything is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// Nothing of that name is installed.
    #[error("no extension `{0}` is installed; `koi-mcp extension list` shows what is")]
    Unknown(String),
    /// It has no revision of that number.
    #[error("{name} has no revision {revision}; it has: {there}")]
    NoSuchRevision {
        /// The extension.
        name: String,
        /// The number.
        revision: u64,
        /// Those that it has, as a list.
        there: String,
    },
    /// There is none to go back to.
    #[error(
        "no revision of {name} before {revision} has served and is not deprecated; name one with `--to`: \
         `koi-mcp extension revisions {name}` shows them"
    )]
    NothingBefore {
        /// The extension.
        name: String,
        /// The one that serves.
        revision: u64,
    },
    /// It serves already.
    #[error("revision {revision} of {name} serves already")]
    Serves {
        /// The extension.
        name: String,
        /// Its number.
        revision: u64,
    },
    /// It is active as something else.
    #[error("revision {revision} of {name} is active as {role}: {instead}")]
    Active {
        /// The extension.
        name: String,
        /// Its number.
        revision: u64,
        /// As what.
        role: &'static str,
        /// What to do.
        instead: &'static str,
    },
    /// None waits for approval.
    #[error("no revision of {0} is held; `koi-mcp extension list` shows those that are")]
    NothingHeld(String),
    /// It could not be read, or does not come up.
    #[error(transparent)]
    Unready(#[from] RestoreError),
    /// It cannot take its place.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// What is to be granted is no set of grants.
    #[error(transparent)]
    Grants(#[from] GrantError),
    /// The store refused.
    #[error("the revisions could not be read or changed: {0}")]
    Store(#[from] StoreError),
}

/// One revision in a list.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RevisionView {
    /// The extension.
    pub extension: String,
    /// Counts its revisions, from 1.
    pub revision: u64,
    /// The version that it describes itself with.
    pub version: String,
    /// Lower-case hex SHA-256 of the component.
    pub digest: String,
    /// As what it is active; none if it is not.
    pub role: Option<&'static str>,
    /// Of a canary: its calls in a thousand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<u16>,
    /// Whether it is kept, however old it is.
    pub pinned: bool,
    /// Why it is not to be used any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// Where it came from.
    pub source: String,
    /// When it was installed.
    pub installed_at: String,
    /// Who installed it; empty where that was not kept.
    pub installed_by: String,
    /// The key whose signature was verified, as the SHA-256 of its DER form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// When it last began to serve; none if it never has.
    pub served_at: Option<String>,
    /// What it is granted, or was.
    pub grants: Grants,
}

/// All that there is to know of a revision.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inspection {
    /// What is kept of it.
    #[serde(flatten)]
    pub revision: RevisionView,
    /// How the operator configured it.
    pub settings: serde_json::Value,
    /// What it is made of.
    #[serde(flatten)]
    pub profile: Profile,
}

impl Registry {
    /// The revisions of an extension, oldest first; also of one that was removed.
    ///
    /// # Errors
    /// If it has none, or the store cannot be read.
    pub async fn revisions(&self, name: &str) -> Result<Vec<RevisionView>, RevisionError> {
        let revisions = self.inner.store.revisions(name).await?;
        if revisions.is_empty() {
            return Err(RevisionError::Unknown(short(name)));
        }
        let roles = self.inner.roles(name).await?;
        let view = |revision: Revision| view(revision, &roles);
        Ok(revisions.into_iter().map(view).collect())
    }

    /// Looks into a revision. One that does not run is loaded and asked with nothing granted.
    ///
    /// # Errors
    /// If there is none such, or it cannot be loaded any more.
    pub fn inspect<'a>(
        &'a self,
        name: &'a str,
        revision: u64,
    ) -> BoxFuture<'a, Result<Inspection, RevisionError>> {
        Box::pin(async move {
            let revision = self.inner.revision(name, revision).await?;
            let profile = self.inner.profile_of(&revision).await?;
            let settings = serde_json::from_str(&revision.settings).unwrap_or_default();
            Ok(Inspection {
                profile,
                settings,
                revision: view(revision, &self.inner.roles(name).await?),
            })
        })
    }

    /// Has a revision kept, however old it is, or no longer. The audit log says that `who` did it.
    ///
    /// # Errors
    /// If there is none such, or the store refuses.
    pub async fn pin(
        &self,
        name: &str,
        revision: u64,
        pinned: bool,
        who: &str,
    ) -> Result<(), RevisionError> {
        let revision = self.inner.revision(name, revision).await?.revision;
        Ok(self.inner.store.pin(name, revision, pinned, who).await?)
    }

    /// Says why a revision is not to be used any more, or that it may be. It goes on serving if it does,
    /// and is not gone back to unless it is named. The audit log says that `who` said so.
    ///
    /// # Errors
    /// If there is none such, or the store refuses.
    pub async fn deprecate(
        &self,
        name: &str,
        revision: u64,
        reason: Option<String>,
        who: &str,
    ) -> Result<(), RevisionError> {
        let mut found = self.inner.revision(name, revision).await?;
        self.inner
            .store
            .deprecate(name, revision, reason.clone(), who)
            .await?;
        found.deprecated = reason;
        let serving = self.inner.activation(name, Role::Serving).await?;
        if serving.is_some_and(|serving| serving.revision == revision) {
            tell_deprecated(&found);
        }
        Ok(())
    }
}

impl Inner {
    /// A revision of the store.
    pub(super) async fn revision(
        &self,
        name: &str,
        number: u64,
    ) -> Result<Revision, RevisionError> {
        let revisions = self.store.revisions(name).await?;
        find(name, &revisions, number).cloned()
    }

    /// The revision of an extension that has a role.
    pub(super) async fn activation(
        &self,
        name: &str,
        role: Role,
    ) -> Result<Option<Revision>, StoreError> {
        let active = self.store.activations().await?.into_iter();
        let mut found = active.filter(|one| one.revision.extension == name && one.role == role);
        Ok(found.next().map(|one| one.revision))
    }

    /// As what the revisions of an extension are active.
    pub(super) async fn roles(&self, name: &str) -> Result<BTreeMap<u64, Role>, StoreError> {
        let active = self.store.activations().await?.into_iter();
        let of = active.filter(|one| one.revision.extension == name);
        Ok(of.map(|one| (one.revision.revision, one.role)).collect())
    }
}

/// The revision of that number.
pub(super) fn find<'a>(
    name: &str,
    revisions: &'a [Revision],
    number: u64,
) -> Result<&'a Revision, RevisionError> {
    if revisions.is_empty() {
        return Err(RevisionError::Unknown(short(name)));
    }
    let found = revisions.iter().find(|one| one.revision == number);
    found.ok_or_else(|| {
        let there: Vec<_> = revisions
            .iter()
            .map(|one| one.revision.to_string())
            .collect();
        RevisionError::NoSuchRevision {
            name: short(name),
            revision: number,
            there: there.join(", "),
        }
    })
}

/// Tells the operator that what serves is not to be used any more.
pub(super) fn tell_deprecated(revision: &Revision) {
    if let Some(reason) = &revision.deprecated {
        tracing::warn!(
            extension = revision.extension,
            revision = revision.revision,
            reason,
            "a deprecated revision serves"
        );
    }
}

/// As much of a name as is told.
pub(super) fn short(name: &str) -> String {
    name.chars().take(64).collect()
}

fn view(revision: Revision, roles: &BTreeMap<u64, Role>) -> RevisionView {
    let role = roles.get(&revision.revision);
    RevisionView {
        role: role.map(|role| role.as_str()),
        share: match role {
            Some(Role::Canary { share }) => Some(*share),
            _ => None,
        },
        grants: serde_json::from_str(&revision.grants).unwrap_or_default(),
        served_at: revision.served_at.map(|at| at.as_str().to_owned()),
        installed_at: revision.installed_at.as_str().to_owned(),
        extension: revision.extension,
        revision: revision.revision,
        version: revision.version,
        digest: revision.digest,
        pinned: revision.pinned,
        deprecated: revision.deprecated,
        source: revision.source,
        installed_by: revision.installed_by,
        publisher: revision.publisher,
    }
}
