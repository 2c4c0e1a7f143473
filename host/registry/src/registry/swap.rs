//! The swap of one revision for another.
//!
//! Everything that can fail comes before the commit, which is one transaction of the store; then there
//! is one pointer swap. What comes after, the draining of the old revision and the report, cannot fail.

mod report;

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use koi_rid::Timestamp;
use koi_store::{Component, NewRevision, Role, StoreError};
use serde_json::{Map, Value};

use super::handover::StateHandover;
use super::install::{InstallError, InstallReport, Installed, report};
use super::prepare::{self, Candidate};
use super::watching::ROLLBACK;
use super::{Inner, Registry, versions, watching};
use crate::entry::{ExtensionEntry, RevisionInfo};
use crate::grant::Grants;
use crate::snapshot::{Collision, Snapshot};

use report::{Drained, Took};
pub use report::{RevisionRef, SwapReport};

/// How long calls in flight are waited for before the old revision is stopped.
const DRAIN: Duration = Duration::from_secs(10);

/// How the store commits a swap.
pub(super) enum Commit {
    /// A component that is new to the store.
    Install {
        new: NewRevision,
        component: Component,
    },
    /// A revision that is there.
    Activate,
    /// A held one, with other grants, JSON text.
    Approve { grants: String },
}

/// A swap that is in the store and in the Snapshot.
struct Committed {
    entry: Arc<ExtensionEntry>,
    replaced: Option<Arc<ExtensionEntry>>,
    took: Duration,
}

/// A swap that has been made.
pub(super) struct Swapped {
    pub(super) entry: Arc<ExtensionEntry>,
    pub(super) replaced: Option<Arc<ExtensionEntry>>,
    /// Calls in flight on what was replaced, at the swap.
    in_flight: usize,
    state: StateHandover,
    took: Took,
}

impl Inner {
    /// Makes a candidate the one that serves: everything that can fail, the commit, the swap.
    /// `changing` is held.
    pub(super) async fn swap(
        &self,
        candidate: &Candidate,
        revision: RevisionInfo,
        grants: Grants,
        settings: &Map<String, Value>,
        commit: Commit,
        who: &str,
    ) -> Result<Swapped, InstallError> {
        let entry = self.fitting(candidate, revision, grants, settings).await?;
        prepare::start(&entry).await?;
        let handover = match self.hand_over(&entry, who == ROLLBACK).await {
            Ok(handover) => handover,
            Err(error) => {
                prepare::stop(&entry).await;
                return Err(error.into());
            }
        };
        let prepared = candidate.since.elapsed();
        match self.commit(entry, commit, who).await {
            Ok(Committed {
                entry,
                replaced,
                took,
            }) => {
                let state = handover.finish(&entry);
                let in_flight = replaced.as_ref().map_or(0, |old| old.in_flight.count());
                self.collect(entry.name()).await;
                Ok(Swapped {
                    entry,
                    replaced,
                    in_flight,
                    state,
                    took: Took {
                        load: candidate.load,
                        prepare: prepared.saturating_sub(candidate.load),
                        swap: took,
                    },
                })
            }
            Err((entry, error)) => {
                drop(handover);
                prepare::stop(&entry).await;
                Err(error)
            }
        }
    }

    /// An entry with its lists that fits those that there are. It was not started.
    pub(super) async fn fitting(
        &self,
        candidate: &Candidate,
        revision: RevisionInfo,
        grants: Grants,
        settings: &Map<String, Value>,
    ) -> Result<ExtensionEntry, InstallError> {
        let entry = self.bind(candidate, revision, grants, settings).await?;
        // What it claims is known before it may do anything.
        self.with(&entry)?;
        let entry = prepare::listed(&entry).await?;
        self.with(&entry)?;
        Ok(entry)
    }

    /// The last check, the commit and the swap, with nobody in between. If that fails, gives the new
    /// entry back.
    async fn commit(
        &self,
        entry: ExtensionEntry,
        commit: Commit,
        who: &str,
    ) -> Result<Committed, (ExtensionEntry, InstallError)> {
        let swap = self.swapping.lock().await;
        let (mut snapshot, left_out) = match self.with(&entry) {
            Ok(settled) => settled,
            Err(collision) => return Err((entry, collision.into())),
        };
        let since = Instant::now();
        let installed_at = match self.store_commit(&entry, commit, who).await {
            Ok(installed_at) => installed_at,
            Err(error) => return Err((entry, error.into())),
        };
        let name = entry.name().to_owned();
        let entry = snapshot
            .extensions
            .get(&name)
            .map_or(&entry, |settled| settled);
        let entry = Arc::new(entry.installed_at(installed_at));
        snapshot.extensions.insert(name.clone(), entry.clone());
        // What was active beside the one that served is that no more, now that it serves itself.
        let gone = versions::change(&mut snapshot, None, &name, entry.revision.revision);
        let replaced = self.snapshot.load().extensions.get(&name).cloned();
        self.publish(snapshot, &swap);
        let took = since.elapsed();
        versions::stop_all(gone);
        if let Some(replaced) = replaced.as_ref().filter(|_| who != watching::ROLLBACK) {
            self.begin_probation(&entry, replaced);
        }
        super::tell(&left_out);
        Ok(Committed {
            entry,
            replaced,
            took,
        })
    }

    fn swaps(&self) -> MutexGuard<'_, BTreeMap<String, SwapReport>> {
        self.swaps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives when the revision was installed.
    async fn store_commit(
        &self,
        entry: &ExtensionEntry,
        commit: Commit,
        who: &str,
    ) -> Result<Timestamp, StoreError> {
        let (name, number) = (entry.name(), entry.revision.revision);
        match commit {
            Commit::Install { new, component } => {
                let install = self.store.install(new, component, Role::Serving, who);
                return Ok(install.await?.installed_at);
            }
            Commit::Activate => {
                let serving = Role::Serving;
                self.store.activate(name, number, serving, who).await?;
            }
            Commit::Approve { grants } => self.store.approve(name, number, &grants, who).await?,
        }
        Ok(entry.revision.installed_at)
    }

    /// The Snapshot that there would be with a new entry. Names that knowledge made are left out
    /// where they collide; another collision refuses the entry.
    pub(super) fn with(
        &self,
        entry: &ExtensionEntry,
    ) -> Result<(Snapshot, Vec<Collision>), Collision> {
        let name = entry.name();
        let (mut extensions, mut failed) = self.current();
        failed.remove(name);
        extensions.insert(
            name.to_owned(),
            Arc::new(entry.with_lists(entry.lists.clone())),
        );
        let (snapshot, left_out) = self.settle(extensions, failed, Some(name))?;
        let follows = |name: &String| {
            snapshot
                .extensions
                .get(name)
                .is_some_and(|e| e.follows_knowledge())
        };
        match left_out
            .iter()
            .find(|collision| !follows(&collision.claimant))
        {
            Some(collision) => Err(collision.clone()),
            None => Ok((snapshot, left_out)),
        }
    }

    /// Deletes old revisions. That it fails changes nothing but that they are still there.
    pub(super) async fn collect(&self, name: &str) {
        match self.store.collect(name, self.keep).await {
            Ok(gone) if gone.is_empty() => {}
            Ok(gone) => {
                tracing::info!(extension = name, revisions = ?gone, "deleted for their age")
            }
            Err(error) => {
                tracing::warn!(extension = name, %error, "old revisions could not be deleted");
            }
        }
    }
}

/// Lets the calls of a revision that was replaced or removed finish, and tells it to stop. Gives how
/// many had not finished within the limit.
pub(super) async fn retire(entry: &ExtensionEntry) -> usize {
    let left = entry.in_flight.drained(DRAIN).await;
    if left > 0 {
        tracing::warn!(
            extension = entry.name(),
            revision = entry.revision.revision,
            calls = left,
            "stopped while calls were under way"
        );
    }
    prepare::stop(entry).await;
    left
}

impl Registry {
    /// The last swap of an extension since the node started.
    pub fn last_swap(&self, name: &str) -> Option<SwapReport> {
        self.inner.swaps().get(name).cloned()
    }

    /// What comes after a swap, when `changing` is free again.
    pub(super) async fn after(&self, swapped: Swapped) -> InstallReport {
        let Swapped {
            entry,
            replaced,
            in_flight,
            state,
            took,
        } = swapped;
        // Knowledge may have changed between the listing and the swap.
        if entry.follows_knowledge() {
            self.relist(entry.name());
        }
        self.relist_where_names_are_free();
        let not_drained = match &replaced {
            Some(old) => retire(old).await,
            None => 0,
        };
        let drained = Drained {
            finished: in_flight.saturating_sub(not_drained),
            left: not_drained,
        };
        let swap = SwapReport::of(replaced.as_deref(), &entry, took, drained, state);
        tracing::info!(
            extension = entry.name(),
            revision = entry.revision.revision,
            digest = %entry.revision.digest,
            report = prepare::json_text(&swap),
            "installed"
        );
        let name = entry.name().to_owned();
        self.inner.swaps().insert(name, swap.clone());
        let outcome = match replaced {
            Some(_) => Installed::Replaced,
            None => Installed::New,
        };
        InstallReport {
            swap: Some(swap),
            ..report(&entry, outcome)
        }
    }
}
