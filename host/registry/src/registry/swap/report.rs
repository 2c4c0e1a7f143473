//! What a swap was, for a person and for a program.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::entry::{ExtensionEntry, RevisionInfo};
use crate::grant::Grants;
use crate::registry::diff::{CapabilityChange, Changes};
use crate::registry::handover::StateHandover;

/// What a swap was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SwapReport {
    /// What served before; none if nothing did.
    pub from: Option<RevisionRef>,
    /// What serves since.
    pub to: RevisionRef,
    /// Until there was code: compiled, or taken from the cache; in milliseconds.
    pub compile_ms: u64,
    /// From there until it was bound, listed and started; in milliseconds.
    pub prepare_ms: u64,
    /// The commit and the change of the pointer, in microseconds.
    pub swap_us: u64,
    /// How many calls that were in flight on the old revision have finished there.
    pub drained: usize,
    /// How many had not within ten seconds, when it was told to stop.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_drained: usize,
    /// What became of a singleton's state.
    pub state: StateHandover,
    /// The tools of the new one against those of the old one, by name and by descriptor.
    pub tools: Changes,
    /// What the new one asks for against what the old one asked for.
    pub capabilities: CapabilityChange,
}

/// A revision by its number and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RevisionRef {
    /// Counts the revisions of its extension, from 1.
    pub revision: u64,
    /// The version that it describes itself with.
    pub version: String,
}

/// How long the steps took.
#[derive(Clone, Copy)]
pub(super) struct Took {
    /// Until there was code.
    pub(super) load: Duration,
    /// From there until it was started.
    pub(super) prepare: Duration,
    /// The commit and the change of the pointer.
    pub(super) swap: Duration,
}

/// What became of the calls in flight on the old revision.
#[derive(Clone, Copy)]
pub(super) struct Drained {
    /// How many have finished.
    pub(super) finished: usize,
    /// How many have not.
    pub(super) left: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl From<&RevisionInfo> for RevisionRef {
    fn from(revision: &RevisionInfo) -> Self {
        Self {
            revision: revision.revision,
            version: revision.version.to_string(),
        }
    }
}

impl SwapReport {
    pub(super) fn of(
        old: Option<&ExtensionEntry>,
        new: &ExtensionEntry,
        took: Took,
        drained: Drained,
        state: StateHandover,
    ) -> Self {
        let descriptors = |entry: &ExtensionEntry| {
            let tools = entry.lists.tools.values();
            let tools = tools.map(|tool| (tool.name.clone(), tool.descriptor.clone()));
            tools.collect::<BTreeMap<_, _>>()
        };
        let asked = old.map_or_else(Grants::default, |old| old.description.asks.clone());
        Self {
            from: old.map(|old| (&old.revision).into()),
            to: (&new.revision).into(),
            compile_ms: millis(took.load),
            prepare_ms: millis(took.prepare),
            swap_us: u64::try_from(took.swap.as_micros()).unwrap_or(u64::MAX),
            drained: drained.finished,
            not_drained: drained.left,
            state,
            tools: Changes::between(&old.map(descriptors).unwrap_or_default(), &descriptors(new)),
            capabilities: CapabilityChange::between(&asked, &new.description.asks),
        }
    }
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
