//! What an operator sees of how extensions do.

use serde::Serialize;

use super::{Registry, RolledBack};
use crate::entry::ExtensionEntry;
use crate::watched::{Difference, HealthReport, milliseconds};
use koi_store::Role;

/// How an extension does, in all its versions.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Vitals {
    /// Its name.
    pub name: String,
    /// Its active versions: the one that serves first.
    pub versions: Vec<VersionVitals>,
    /// The last revision that went by itself, since the node started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolled_back: Option<RolledBack>,
}

/// How a version does. Numbers are since it was activated or the node started.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct VersionVitals {
    /// Its version.
    pub version: String,
    /// Its revision.
    pub revision: u64,
    /// `serving`, `beside`, `canary` or `shadow`.
    pub role: &'static str,
    /// Of a canary, how many calls in a thousand it gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<u16>,
    /// What it last said of its health; left out if it was not asked yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthReport>,
    /// `closed`, `open` (it is not called for a while) or `half-open` (a few calls are tried).
    pub breaker: &'static str,
    /// Calls that ended.
    pub calls: u64,
    /// Those that it failed in: it crashed, met a limit, said that it failed for a while, or gave an answer
    /// without form.
    pub failures: u64,
    /// Those of them that it crashed in.
    pub traps: u64,
    /// Calls in which a tool said that it failed.
    pub errors: u64,
    /// The time that 95 of 100 calls took at most, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_ms: Option<f64>,
    /// How it last failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<String>,
    /// While it is on trial, over how many of its calls that has gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trial_calls: Option<u64>,
    /// Of a revision in the shadow, how its answers compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowVitals>,
}

/// How the answers of a revision in the shadow compare with those that were given.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ShadowVitals {
    /// Answers that were compared.
    pub compared: u64,
    /// Those of them that differed.
    pub differing: u64,
    /// Calls that it did not get, since it was too busy.
    pub passed_over: u64,
    /// Writes and requests that it tried and that were dropped.
    pub writes_dropped: u64,
    /// The last differences, the newest last.
    pub differences: Vec<Difference>,
}

impl Registry {
    /// How an extension does; none if none of that name runs.
    pub fn vitals(&self, name: &str) -> Option<Vitals> {
        let snapshot = self.snapshot();
        let serving = snapshot.extensions.get(name);
        let serving = serving.map(|entry| vitals(entry, Role::Serving));
        let beside = snapshot.beside.get(name);
        let beside = beside.into_iter().flatten();
        let beside = beside.map(|version| vitals(&version.entry, version.role));
        let versions: Vec<_> = serving.into_iter().chain(beside).collect();
        let rolled_back = self.inner.watching.rolled_back(name);
        (!versions.is_empty()).then(|| Vitals {
            name: name.to_owned(),
            versions,
            rolled_back,
        })
    }
}

fn vitals(entry: &ExtensionEntry, role: Role) -> VersionVitals {
    let watch = entry.watch.as_ref();
    let tally = watch.map(|watch| watch.tally()).unwrap_or_default();
    let trial = watch.and_then(|watch| watch.trial());
    let shadow = watch.filter(|_| role == Role::Shadow).map(|watch| {
        let seen = watch.seen();
        ShadowVitals {
            compared: seen.compared(),
            differing: seen.differing(),
            passed_over: seen.passed_over(),
            writes_dropped: seen.writes(),
            differences: seen.last(),
        }
    });
    VersionVitals {
        version: entry.revision.version.to_string(),
        revision: entry.revision.revision,
        role: role.as_str(),
        share: match role {
            Role::Canary { share } => Some(share),
            _ => None,
        },
        health: watch.and_then(|watch| watch.health().as_deref().cloned()),
        breaker: watch.map_or("closed", |watch| watch.breaker()),
        calls: tally.calls,
        failures: tally.failures,
        traps: tally.traps,
        errors: tally.errors,
        p95_ms: tally.p95().map(milliseconds),
        last_failure: watch.and_then(|watch| watch.last_failure()),
        trial_calls: trial.map(|trial| trial.calls(&tally)),
        shadow,
    }
}
