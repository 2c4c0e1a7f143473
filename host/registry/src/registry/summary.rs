//! What an operator sees of the extensions.

use std::sync::Arc;

use koi_rid::{RidType, Timestamp};
use koi_runtime::Mode;
use koi_store::{Activation, MAX_KEY_VALUE_BYTES, Revision, Role, StoreError};
use serde::Serialize;

use super::{Registry, RolledBack};
use crate::description::Description;
use crate::entry::ExtensionEntry;
use crate::grant::{Grant, Grants};
use crate::snapshot::Failed;
use crate::watched::HealthReport;

/// One extension in a list.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExtensionSummary {
    /// Its name.
    pub name: String,
    /// The version that it describes itself with.
    pub version: String,
    /// What it says it is for.
    pub description: String,
    /// Counts its revisions, from 1.
    pub revision: u64,
    /// Lower-case hex SHA-256 of the component.
    pub digest: String,
    /// Whether it runs.
    pub state: ExtensionState,
    /// Why it does not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What stands before the names of its tools; left out if that is nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tool_prefix: String,
    /// The names of its tools.
    pub tools: Vec<String>,
    /// The URIs of its resources and its URI templates.
    pub resources: Vec<String>,
    /// The names of its prompts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<String>,
    /// What it lists and others own, in a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// The RID types that it owns.
    pub rid_types: Vec<RidType>,
    /// How its instances live: `fresh`, `pooled` or `singleton`; as it asks for, if that is granted.
    pub mode: &'static str,
    /// What it was granted.
    pub grants: Grants,
    /// What it asks for and was not granted.
    pub missing: Vec<Grant>,
    /// What it keeps in its key-value buckets, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_value: Option<KeyValueSummary>,
    /// Where it came from.
    pub source: String,
    /// When this revision was installed.
    pub installed_at: String,
    /// Why this revision is not to be used any more, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// The revision that waits for approval, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldSummary>,
    /// `open` if it is not called for a while since it failed too often, `half-open` while that is tried;
    /// left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<&'static str>,
    /// What it last said of its health; left out if it was not asked yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthReport>,
    /// Its versions that are active beside this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<BesideSummary>,
    /// The last revision that went by itself since the node started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolled_back: Option<RolledBack>,
}

/// A version that is active and does not serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BesideSummary {
    /// Its revision.
    pub revision: u64,
    /// The version that it describes itself with.
    pub version: String,
    /// `beside`, `canary` or `shadow`.
    pub role: &'static str,
    /// Of a canary, how many calls in a thousand it gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<u16>,
}

/// A revision that waits for approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HeldSummary {
    /// Its number.
    pub revision: u64,
    /// The version that it describes itself with.
    pub version: String,
    /// What it asks for that the revision before it did not, and is not granted.
    pub wants: Vec<Grant>,
}

/// What an extension keeps in its key-value buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeyValueSummary {
    /// How many keys.
    pub keys: u64,
    /// How many bytes keys and values have together.
    pub bytes: u64,
    /// How many bytes they may have.
    pub quota: u64,
}

/// Whether an extension runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExtensionState {
    /// It runs.
    Active,
    /// It is installed and could not be activated when the node started.
    Failed,
}

impl Registry {
    /// The installed extensions in the order of their names, those that could not be activated
    /// among them.
    pub fn list(&self) -> Vec<ExtensionSummary> {
        let snapshot = self.snapshot();
        let active = snapshot.extensions.values().map(active);
        let failed = snapshot.failed.values().map(|failed| failed_one(failed));
        let mut all: Vec<_> = active.chain(failed).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        for extension in &mut all {
            let Some(vitals) = self.vitals(&extension.name) else {
                continue;
            };
            extension.rolled_back = vitals.rolled_back;
            for version in vitals.versions {
                if version.role == Role::Serving.as_str() {
                    extension.breaker = Some(version.breaker).filter(|state| *state != "closed");
                    extension.health = version.health;
                    continue;
                }
                extension.beside.push(BesideSummary {
                    revision: version.revision,
                    version: version.version,
                    role: version.role,
                    share: version.share,
                });
            }
        }
        all
    }

    /// The same with what each keeps in its key-value buckets, and what the store says of its revisions.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn list_with_usage(&self) -> Result<Vec<ExtensionSummary>, StoreError> {
        let mut all = self.list();
        for extension in &mut all {
            let used = self.inner.ports.key_value.used(&extension.name).await?;
            extension.key_value = Some(KeyValueSummary {
                keys: used.keys,
                bytes: used.bytes,
                quota: MAX_KEY_VALUE_BYTES,
            });
        }
        for Activation { revision, role } in self.inner.store.activations().await? {
            let listed = all.iter_mut().find(|one| one.name == revision.extension);
            match (listed, role) {
                (Some(listed), Role::Serving) => listed.deprecated = revision.deprecated,
                (Some(listed), Role::Held) => listed.held = Some(self.held_summary(&revision)),
                _ => {}
            }
        }
        Ok(all)
    }

    fn held_summary(&self, held: &Revision) -> HeldSummary {
        let granted = serde_json::from_str(&held.grants).unwrap_or_default();
        let snapshot = self.snapshot();
        let serving = snapshot.extensions.get(&held.extension);
        let nothing = Grants::default();
        let asked = serving.map_or(&nothing, |serving| &serving.description.asks);
        // One that cannot be read any more says so when it is approved.
        let wants = Description::parse(&held.description)
            .map(|description| self.inner.wants(&description, &granted, asked));
        HeldSummary {
            revision: held.revision,
            version: held.version.clone(),
            wants: wants.unwrap_or_default(),
        }
    }
}

fn active(entry: &Arc<ExtensionEntry>) -> ExtensionSummary {
    let (revision, lists) = (&entry.revision, &entry.lists);
    ExtensionSummary {
        name: revision.extension.to_string(),
        version: revision.version.to_string(),
        description: entry.description.description.clone(),
        revision: revision.revision,
        digest: revision.digest.to_string(),
        state: ExtensionState::Active,
        error: None,
        tool_prefix: revision.tool_prefix.to_string(),
        tools: lists.tools.keys().cloned().collect(),
        resources: lists
            .resources
            .keys()
            .chain(lists.templates.keys())
            .cloned()
            .collect(),
        prompts: lists.prompts.keys().cloned().collect(),
        left_out: entry.left_out.iter().map(ToString::to_string).collect(),
        rid_types: entry
            .rid_types
            .iter()
            .map(|owned| owned.rid_type.clone())
            .collect(),
        mode: entry.access.execution().mode.as_str(),
        grants: (*entry.access.granted()).clone(),
        missing: entry.access.missing(),
        key_value: None,
        source: revision.source.clone(),
        installed_at: timestamp(&revision.installed_at),
        deprecated: None,
        held: None,
        breaker: None,
        health: None,
        beside: Vec::new(),
        rolled_back: None,
    }
}

fn failed_one(failed: &Failed) -> ExtensionSummary {
    let revision = &failed.revision;
    ExtensionSummary {
        name: revision.extension.clone(),
        version: revision.version.clone(),
        description: String::new(),
        revision: revision.revision,
        digest: revision.digest.clone(),
        state: ExtensionState::Failed,
        error: Some(failed.error.clone()),
        tool_prefix: revision.tool_prefix.clone(),
        tools: Vec::new(),
        resources: Vec::new(),
        prompts: Vec::new(),
        left_out: Vec::new(),
        rid_types: Vec::new(),
        mode: Mode::Fresh.as_str(),
        grants: serde_json::from_str(&revision.grants).unwrap_or_default(),
        missing: Vec::new(),
        key_value: None,
        source: revision.source.clone(),
        installed_at: timestamp(&revision.installed_at),
        deprecated: None,
        held: None,
        breaker: None,
        health: None,
        beside: Vec::new(),
        rolled_back: None,
    }
}

fn timestamp(timestamp: &Timestamp) -> String {
    timestamp.as_str().to_owned()
}
