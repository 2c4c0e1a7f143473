//! The task that looks after what was seen of the revisions: it publishes which extensions are not
//! called for a while, ends trials, and asks for health.
//!
//! It is rung for from the calls and otherwise sleeps until a time is due. It takes no part in a call,
//! and what takes long (a revision that goes again, health) is done beside it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures::stream::{self, StreamExt};
use koi_rid::Timestamp;
use koi_store::Role;
use serde::Serialize;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::{Inner, Registry};
use crate::entry::ExtensionEntry;
use crate::snapshot::Snapshot;
use crate::watched::{HealthReport, Ruling, Trial, Watch, WatchOptions};

/// Most extensions that are asked for their health at once.
const ASKED_AT_ONCE: usize = 4;

/// Whoever ends a revision by itself, in the audit log.
pub(super) const ROLLBACK: &str = "rollback";

/// What the task works with, and what it leaves behind.
pub(super) struct Watching {
    pub(super) options: WatchOptions,
    pub(super) bell: Arc<Notify>,
    /// The last revision of each extension that went by itself.
    rolled_back: Mutex<BTreeMap<String, RolledBack>>,
    task: Mutex<Option<AbortHandle>>,
}

/// A revision that went by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RolledBack {
    /// Which one.
    pub revision: u64,
    /// Its version.
    pub version: String,
    /// What it was: `serving` or `canary`.
    pub role: &'static str,
    /// Why it went.
    pub reason: String,
    /// What went wrong with that, if anything did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When.
    pub at: String,
}

impl Watching {
    pub(super) fn new(options: WatchOptions) -> Self {
        Self {
            options,
            bell: Arc::default(),
            rolled_back: Mutex::default(),
            task: Mutex::default(),
        }
    }

    /// The watch of a revision that is bound.
    pub(super) fn watch(&self) -> Arc<Watch> {
        Arc::new(Watch::new(self.options.breaker, self.bell.clone()))
    }

    /// The last revision of an extension that went by itself.
    pub(super) fn rolled_back(&self, extension: &str) -> Option<RolledBack> {
        let all = self.rolled_back.lock();
        let all = all.unwrap_or_else(PoisonError::into_inner);
        all.get(extension).cloned()
    }

    fn keep(&self, extension: &str, rolled_back: RolledBack) {
        let all = self.rolled_back.lock();
        let mut all = all.unwrap_or_else(PoisonError::into_inner);
        all.insert(extension.to_owned(), rolled_back);
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}

impl Registry {
    /// Begins to look after the revisions, until the registry is dropped.
    pub(super) fn keep_watching(&self) {
        let task = tokio::spawn(run(Arc::downgrade(&self.inner)));
        let mut kept = self
            .inner
            .watching
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = Some(task.abort_handle());
    }

    /// Asks all extensions for their health, and keeps what they say.
    pub async fn ask_for_health(&self) {
        self.inner.ask_for_health().await;
    }
}

async fn run(registry: Weak<Inner>) {
    let (bell, interval) = match registry.upgrade() {
        Some(inner) => (
            inner.watching.bell.clone(),
            inner.watching.options.health.interval,
        ),
        None => return,
    };
    let mut health_due = interval.map(|interval| Instant::now() + interval);
    loop {
        let Some(inner) = registry.upgrade() else {
            return;
        };
        let looked = inner.look().await;
        if let (Some(due), Some(interval)) = (health_due, interval)
            && due <= Instant::now()
        {
            let inner = inner.clone();
            tokio::spawn(async move { inner.ask_for_health().await });
            health_due = Some(Instant::now() + interval);
        }
        drop(inner);
        let due = [looked.map(Instant::from_std), health_due];
        let due = due.into_iter().flatten().min();
        tokio::select! {
            () = bell.notified() => {}
            () = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            } => {}
        }
    }
}

impl Inner {
    /// Does what follows from what was seen, and says when to look again though nothing happens.
    async fn look(self: &Arc<Self>) -> Option<std::time::Instant> {
        let snapshot = self.snapshot.load_full();
        for (name, entry) in &snapshot.extensions {
            self.judge(entry, entry, Role::Serving);
            for beside in snapshot.beside.get(name).into_iter().flatten() {
                self.judge(&beside.entry, entry, beside.role);
            }
        }
        let (unavailable, next) = not_called(&snapshot);
        if !unavailable.keys().eq(snapshot.unavailable.keys()) {
            self.publish_unavailable().await;
        }
        next
    }

    /// Objects that wait are looked at again with each Snapshot.
    async fn publish_unavailable(&self) {
        let swap = self.swapping.lock().await;
        let (extensions, failed) = self.current();
        let before = self.snapshot.load_full();
        let Ok(mut snapshot) = self.build(extensions, failed) else {
            return;
        };
        let (unavailable, _) = not_called(&before);
        for (name, reason) in &unavailable {
            if !before.unavailable.contains_key(name) {
                tracing::warn!(extension = name, %reason, "its breaker is open");
            }
        }
        for name in before.unavailable.keys() {
            if !unavailable.contains_key(name) {
                tracing::info!(extension = name, "it is called again");
            }
        }
        snapshot.unavailable = unavailable;
        self.publish(snapshot, &swap);
    }

    /// Begins to look at a revision that has just taken the place of another.
    pub(super) fn begin_probation(&self, new: &ExtensionEntry, old: &ExtensionEntry) {
        if self.watching.options.rollback.calls == 0 {
            return;
        }
        if let (Some(watch), Some(before)) = (&new.watch, &old.watch) {
            watch.set_trial(Some(Trial::after(before.tally(), watch.tally())));
        }
    }

    /// Begins to look at a canary beside the revision that serves.
    pub(super) fn begin_canary(&self, canary: &ExtensionEntry, serving: &ExtensionEntry) {
        if self.watching.options.rollback.calls == 0 {
            return;
        }
        if let (Some(watch), Some(serving)) = (&canary.watch, &serving.watch) {
            watch.set_trial(Some(Trial::beside(serving.tally(), watch.tally())));
        }
    }

    /// Ends the trial of a revision if that is due.
    fn judge(self: &Arc<Self>, entry: &Arc<ExtensionEntry>, serving: &ExtensionEntry, role: Role) {
        let Some(watch) = &entry.watch else { return };
        let Some(trial) = watch.trial() else { return };
        let serving = serving.watch.as_ref().map(|watch| watch.tally());
        let options = &self.watching.options.rollback;
        // One that is not called any more would not come to the calls that a trial takes.
        let ruling = match watch.open() {
            Some(opened) => Ruling::Goes(opened.reason),
            None => trial.ruling(options, &watch.tally(), serving),
        };
        match ruling {
            Ruling::GoOn => {}
            Ruling::Stays => {
                watch.set_trial(None);
                tracing::info!(
                    extension = entry.name(),
                    revision = entry.revision.revision,
                    role = role.as_str(),
                    "the revision has stood its trial"
                );
            }
            Ruling::Goes(reason) => {
                watch.set_trial(None);
                let (registry, entry) = (
                    Registry {
                        inner: self.clone(),
                    },
                    entry.clone(),
                );
                tokio::spawn(async move { registry.roll_back(&entry, role, reason).await });
            }
        }
    }

    async fn ask_for_health(&self) {
        let snapshot = self.snapshot.load_full();
        let beside = snapshot.beside.values().flatten();
        let beside = beside.map(|beside| beside.entry.clone());
        let all: Vec<_> = snapshot
            .extensions
            .values()
            .cloned()
            .chain(beside)
            .collect();
        drop(snapshot);
        let asked = stream::iter(all).for_each_concurrent(ASKED_AT_ONCE, |entry| async move {
            self.ask_one(&entry).await;
        });
        asked.await;
    }

    async fn ask_one(&self, entry: &ExtensionEntry) {
        let Some(watch) = &entry.watch else { return };
        let time_out = self.watching.options.health.time_out;
        let answer = tokio::time::timeout(time_out, entry.callee.health()).await;
        let report = HealthReport::of(answer.ok());
        let before = watch.health().map(|before| before.status);
        if before.is_some_and(|before| before != report.status) {
            tracing::warn!(
                extension = entry.name(),
                revision = entry.revision.revision,
                status = ?report.status,
                message = report.message,
                "its health has changed"
            );
        }
        watch.set_health(report);
    }
}

/// The extensions that are not called at the moment, with the reason, and when the next one of them is.
fn not_called(snapshot: &Snapshot) -> (BTreeMap<String, Arc<str>>, Option<std::time::Instant>) {
    let mut next = None;
    let mut all = BTreeMap::new();
    for (name, entry) in &snapshot.extensions {
        let opened = entry.watch.as_ref().and_then(|watch| watch.open());
        if let Some(opened) = opened {
            next = next.into_iter().chain([opened.until]).min();
            all.insert(name.clone(), opened.reason.into());
        }
    }
    (all, next)
}

impl Registry {
    /// Takes a revision away that has failed too often: a canary goes, and what serves gives way to the
    /// revision before it.
    async fn roll_back(&self, entry: &ExtensionEntry, role: Role, reason: String) {
        let (name, revision) = (entry.name(), entry.revision.revision);
        tracing::warn!(
            extension = name,
            revision,
            role = role.as_str(),
            reason,
            "the revision goes again"
        );
        let done = match role {
            Role::Serving => self.go_back(name, revision).await,
            _ => self.retire(name, revision, ROLLBACK).await,
        };
        let error = done.err().map(|error| error.to_string());
        if let Some(error) = &error {
            tracing::error!(
                extension = name,
                revision,
                error,
                "it could not be taken away"
            );
        }
        // The reason outlives the node in the store, and in its audit log.
        let kept = self.inner.store.deprecate(
            name,
            revision,
            Some(format!("rolled back: {reason}")),
            ROLLBACK,
        );
        if let Err(error) = kept.await {
            tracing::warn!(extension = name, revision, %error, "why it went could not be kept");
        }
        self.inner.watching.keep(
            name,
            RolledBack {
                revision,
                version: entry.revision.version.to_string(),
                role: role.as_str(),
                reason,
                error,
                at: Timestamp::now().as_str().to_owned(),
            },
        );
    }
}
