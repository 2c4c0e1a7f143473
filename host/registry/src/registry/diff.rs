//! What differs between two revisions, or between a component and what runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::BoxFuture;
use koi_store::{Revision, Role};
use serde::Serialize;

use super::profile::Profile;
use super::revisions::{RevisionError, short};
use super::{PrepareError, Registry, RestoreError};
use crate::grant::{Grant, Grants};
use crate::naming::Naming;

/// What differs between two revisions of an extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Diff {
    /// The extension.
    pub extension: String,
    /// What is compared.
    pub from: DiffSide,
    /// With what it is compared.
    pub to: DiffSide,
    /// Tools, by their descriptors.
    pub tools: Changes,
    /// Schemas.
    pub schemas: Changes,
    /// RID types that it owns.
    pub rid_types: Changes,
    /// Transformations between schemas.
    pub transforms: Changes,
    /// Handlers.
    pub handlers: Changes,
    /// Jobs.
    pub jobs: Changes,
    /// WIT interfaces that it imports.
    pub imports: Changes,
    /// What it asks for.
    pub capabilities: CapabilityChange,
}

/// One of two that are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DiffSide {
    /// Its number; none if it is not installed.
    pub revision: Option<u64>,
    /// The version that it describes itself with.
    pub version: String,
    /// Lower-case hex SHA-256 of the component.
    pub digest: String,
    /// How many bytes the component has.
    pub bytes: u64,
    /// Why its tools are not known, and so not compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools_unknown: Option<String>,
}

/// What one has and the other has not, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Changes {
    /// Only the second one has it.
    pub added: Vec<String>,
    /// Only the first one has it.
    pub removed: Vec<String>,
    /// Both have it, and it is not the same.
    pub changed: Vec<String>,
}

/// What one asks for and the other does not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CapabilityChange {
    /// Nothing that the first one asks for includes it.
    pub more: Vec<Grant>,
    /// Nothing that the second one asks for includes it.
    pub less: Vec<Grant>,
}

impl Changes {
    /// From one to the other.
    pub(super) fn between<T: PartialEq>(
        from: &BTreeMap<String, T>,
        to: &BTreeMap<String, T>,
    ) -> Self {
        let not_in = |one: &BTreeMap<String, T>, other: &BTreeMap<String, T>| {
            let names = one.keys().filter(|name| !other.contains_key(*name));
            names.cloned().collect()
        };
        let changed = to.iter().filter(|(name, now)| {
            let before = from.get(*name);
            before.is_some_and(|before| before != *now)
        });
        Self {
            added: not_in(to, from),
            removed: not_in(from, to),
            changed: changed.map(|(name, _)| name.clone()).collect(),
        }
    }

    fn of_names(from: &BTreeSet<String>, to: &BTreeSet<String>) -> Self {
        Self {
            added: to.difference(from).cloned().collect(),
            removed: from.difference(to).cloned().collect(),
            changed: Vec::new(),
        }
    }
}

impl CapabilityChange {
    /// From what one asks for to what the other does.
    pub(super) fn between(from: &Grants, to: &Grants) -> Self {
        let beyond = |one: &Grants, other: &Grants| {
            let more = one.iter().filter(|ask| !other.include(ask));
            more.cloned().collect()
        };
        Self {
            more: beyond(to, from),
            less: beyond(from, to),
        }
    }
}

impl Diff {
    fn between(
        extension: String,
        (from, one): (DiffSide, Profile),
        (to, other): (DiffSide, Profile),
    ) -> Self {
        let unknown = one.tools_unknown.is_some() || other.tools_unknown.is_some();
        Self {
            extension,
            tools: match unknown {
                true => Changes::default(),
                false => Changes::between(&one.tools, &other.tools),
            },
            schemas: Changes::between(&one.schemas, &other.schemas),
            rid_types: Changes::between(&one.rid_types, &other.rid_types),
            transforms: Changes::between(&one.transforms, &other.transforms),
            handlers: Changes::between(&one.handlers, &other.handlers),
            jobs: Changes::between(&one.jobs, &other.jobs),
            imports: Changes::of_names(&one.imports, &other.imports),
            capabilities: CapabilityChange::between(&one.asks, &other.asks),
            from,
            to,
        }
    }
}

impl Registry {
    /// What differs between two revisions of an extension.
    ///
    /// # Errors
    /// If there is none such, or one cannot be loaded any more.
    pub fn diff<'a>(
        &'a self,
        name: &'a str,
        from: u64,
        to: u64,
    ) -> BoxFuture<'a, Result<Diff, RevisionError>> {
        Box::pin(async move {
            let from = self.inner.revision(name, from).await?;
            let to = self.inner.revision(name, to).await?;
            let (from, to) = (self.side(&from).await?, self.side(&to).await?);
            Ok(Diff::between(name.to_owned(), from, to))
        })
    }

    /// What differs between the revision that serves and a component, which is not installed.
    ///
    /// # Errors
    /// What is wrong with the component, or that nothing of its name is installed.
    pub fn diff_component(
        &self,
        component: Vec<u8>,
        naming: Naming,
    ) -> BoxFuture<'_, Result<Diff, RevisionError>> {
        Box::pin(async move {
            let inner = &self.inner;
            let component: Arc<[u8]> = component.into();
            let bytes = component.len() as u64;
            let candidate = inner.candidate(component, &naming).await;
            let candidate = candidate.map_err(|error: PrepareError| RestoreError::from(error))?;
            let name = candidate.description.name.clone();
            let serving = inner.activation(&name, Role::Serving).await?;
            let serving = serving.ok_or_else(|| RevisionError::Unknown(short(&name)))?;
            let profile = inner.profile(&candidate, bytes).await;
            let side = DiffSide {
                revision: None,
                version: candidate.description.version.to_string(),
                digest: candidate.loaded.digest().to_string(),
                bytes,
                tools_unknown: profile.tools_unknown.clone(),
            };
            let from = self.side(&serving).await?;
            Ok(Diff::between(name, from, (side, profile)))
        })
    }

    /// The number of the revision that serves, or should.
    ///
    /// # Errors
    /// If the extension is not installed.
    pub async fn serving(&self, name: &str) -> Result<u64, RevisionError> {
        let serving = self.inner.activation(name, Role::Serving).await?;
        let serving = serving.ok_or_else(|| RevisionError::Unknown(short(name)))?;
        Ok(serving.revision)
    }

    async fn side(&self, revision: &Revision) -> Result<(DiffSide, Profile), RestoreError> {
        let profile = self.inner.profile_of(revision).await?;
        let side = DiffSide {
            revision: Some(revision.revision),
            version: revision.version.clone(),
            digest: revision.digest.clone(),
            bytes: profile.bytes,
            tools_unknown: profile.tools_unknown.clone(),
        };
        Ok((side, profile))
    }
}
