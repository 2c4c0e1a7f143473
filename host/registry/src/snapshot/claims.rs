//! One owner for each thing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use koi_rid::Rid;

use super::Snapshot;
use crate::entry::ExtensionEntry;

/// Two extensions claim the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "both {holder} and {claimant} claim the {kind} `{what}`, and it can have only one owner: \
     remove one of the two extensions, or have the name changed in one of them"
)]
pub struct Collision {
    /// What kind of thing it is.
    pub kind: ClaimKind,
    /// What is claimed.
    pub what: String,
    /// The extension that comes first by name.
    pub holder: String,
    /// The other one.
    pub claimant: String,
}

impl ClaimKind {
    /// Whether it stands in a list, of which it can be left out.
    pub(crate) fn is_listed(self) -> bool {
        matches!(
            self,
            Self::Tool | Self::Resource | Self::Template | Self::Prompt
        )
    }
}

/// What can have only one owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClaimKind {
    /// A RID type.
    RidType,
    /// A schema, by its name.
    Schema,
    /// A tool, by its name.
    Tool,
    /// A resource, by its URI.
    Resource,
    /// A resource template, by its URI template.
    Template,
    /// A prompt, by its name.
    Prompt,
}

impl fmt::Display for ClaimKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RidType => "RID type",
            Self::Schema => "schema",
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Template => "resource template",
            Self::Prompt => "prompt",
        })
    }
}

impl Snapshot {
    pub(super) fn claim(&mut self, extension: &ExtensionEntry) -> Result<(), Collision> {
        for entry in &extension.rid_types {
            let key = entry.rid_type.clone();
            put(
                &mut self.rid_types,
                key,
                entry,
                ClaimKind::RidType,
                extension,
                |held| &held.extension,
            )?;
        }
        for entry in &extension.schemas {
            let key = entry.name.clone();
            put(
                &mut self.schemas,
                key,
                entry,
                ClaimKind::Schema,
                extension,
                |held| &held.extension,
            )?;
        }
        let lists = &extension.lists;
        for (name, entry) in &lists.tools {
            let key = name.clone();
            put(
                &mut self.tools,
                key,
                entry,
                ClaimKind::Tool,
                extension,
                |held| &held.extension,
            )?;
        }
        for (uri, entry) in &lists.resources {
            let key = uri.clone();
            put(
                &mut self.resources,
                key,
                entry,
                ClaimKind::Resource,
                extension,
                |held| &held.extension,
            )?;
        }
        for (template, entry) in &lists.templates {
            let (key, kind) = (template.clone(), ClaimKind::Template);
            put(&mut self.templates, key, entry, kind, extension, |held| {
                &held.extension
            })?;
        }
        for (name, entry) in &lists.prompts {
            let (key, kind) = (name.clone(), ClaimKind::Prompt);
            put(&mut self.prompts, key, entry, kind, extension, |held| {
                &held.extension
            })?;
        }
        Ok(())
    }

    /// A RID is the URI of the bundle under it, so that nobody but the owner of its type may list
    /// it as a resource.
    pub(super) fn check_derived_uris(&self) -> Result<(), Collision> {
        for resource in self.resources.values() {
            let Ok(rid) = Rid::parse(&resource.uri) else {
                continue;
            };
            let Some(owner) = self.rid_types.get(&rid.rid_type()) else {
                continue;
            };
            if owner.extension != resource.extension {
                return Err(Collision {
                    kind: ClaimKind::Resource,
                    what: resource.uri.clone(),
                    holder: owner.extension.to_string(),
                    claimant: resource.extension.to_string(),
                });
            }
        }
        Ok(())
    }
}

fn put<K: Ord + fmt::Display + Clone, T>(
    held: &mut BTreeMap<K, Arc<T>>,
    key: K,
    entry: &Arc<T>,
    kind: ClaimKind,
    claimant: &ExtensionEntry,
    owner: impl Fn(&T) -> &Arc<str>,
) -> Result<(), Collision> {
    match held.get(&key) {
        Some(holder) => Err(Collision {
            kind,
            what: key.to_string(),
            holder: owner(holder).to_string(),
            claimant: claimant.name().to_owned(),
        }),
        None => {
            held.insert(key, entry.clone());
            Ok(())
        }
    }
}
