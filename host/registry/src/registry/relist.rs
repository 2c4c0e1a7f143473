//! Lists that depend on knowledge.
//!
//! A change is followed by quiet, or by [`AT_MOST`] of more changes, before the lists are asked for
//! again: once for many bundles, and soon enough for an agent. Each extension has a task of its own
//! while something is due, so that a slow one delays nobody.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use koi_rid::RidType;
use koi_runtime::CallError;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::prepare::PrepareError;
use super::{Inner, Registry, prepare};
use crate::snapshot::Beside;

/// So long it has to be quiet.
const QUIET: Duration = Duration::from_millis(50);
/// After so long the lists are asked for even if it is not quiet.
const AT_MOST: Duration = Duration::from_millis(500);

pub(super) struct Relisting {
    /// Changes are told from threads outside of the runtime, too.
    runtime: Handle,
    extensions: Mutex<BTreeMap<String, State>>,
}

/// What is due for one extension. One that is not in the map has nothing due.
enum State {
    Waiting(Changes),
    /// The lists are being asked for; there have been these changes since.
    Listing(Option<Changes>),
}

/// When the first and the last change happened since the lists were asked for.
#[derive(Clone, Copy)]
struct Changes {
    first: Instant,
    last: Instant,
}

impl Changes {
    fn now() -> Self {
        let now = Instant::now();
        Self {
            first: now,
            last: now,
        }
    }

    fn due(self) -> Instant {
        (self.last + QUIET).min(self.first + AT_MOST)
    }
}

impl Relisting {
    /// To be called within the runtime that is to do the work.
    pub(super) fn new() -> Self {
        Self {
            runtime: Handle::current(),
            extensions: Mutex::default(),
        }
    }

    fn update<T>(&self, change: impl FnOnce(&mut BTreeMap<String, State>) -> T) -> T {
        // No code that can panic runs under the lock.
        change(
            &mut self
                .extensions
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Notes a change; true if a task has to be started for the extension.
    fn note(&self, name: &str) -> bool {
        self.update(|extensions| match extensions.entry(name.to_owned()) {
            Entry::Vacant(vacant) => {
                vacant.insert(State::Waiting(Changes::now()));
                true
            }
            Entry::Occupied(mut occupied) => {
                let (State::Waiting(changes) | State::Listing(Some(changes))) = occupied.get_mut()
                else {
                    occupied.insert(State::Listing(Some(Changes::now())));
                    return false;
                };
                changes.last = Instant::now();
                false
            }
        })
    }

    /// Until when to wait; none if it is time, and the lists are being asked for from now on.
    fn wait(&self, name: &str) -> Option<Instant> {
        self.update(|extensions| match extensions.get(name) {
            Some(State::Waiting(changes)) if changes.due() > Instant::now() => Some(changes.due()),
            _ => {
                extensions.insert(name.to_owned(), State::Listing(None));
                None
            }
        })
    }

    /// The lists have been asked for; true if there have been changes meanwhile.
    fn listed(&self, name: &str) -> bool {
        self.update(|extensions| match extensions.remove(name) {
            Some(State::Listing(Some(changes))) => {
                extensions.insert(name.to_owned(), State::Waiting(changes));
                true
            }
            _ => false,
        })
    }
}

impl Registry {
    /// Tells that a bundle of the type was stored or forgotten. Returns at once; the extensions
    /// whose lists depend on the type are asked for them again a little later, and a new Snapshot is
    /// published if they changed. A list that is refused leaves the old one.
    pub fn knowledge_changed(&self, rid_type: &RidType) {
        for name in self.inner.snapshot.load().dependents(rid_type) {
            self.relist(name);
        }
    }

    /// Has an extension's lists asked for again, a little later.
    pub(super) fn relist(&self, name: &str) {
        if !self.inner.relisting.note(name) {
            return;
        }
        let (registry, name) = (self.clone(), name.to_owned());
        self.inner.relisting.runtime.spawn(async move {
            let inner = &registry.inner;
            loop {
                while let Some(due) = inner.relisting.wait(&name) {
                    tokio::time::sleep_until(due).await;
                }
                // What panics has said so itself. The extension's next change finds nothing half done.
                let _ = AssertUnwindSafe(inner.relist(&name)).catch_unwind().await;
                registry.relist_where_names_are_free();
                if !inner.relisting.listed(&name) {
                    return;
                }
            }
        });
    }

    /// Has those asked for their lists again that left out what nobody owns any more.
    pub(super) fn relist_where_names_are_free(&self) {
        for name in self.inner.snapshot.load().may_list_more() {
            self.relist(name);
        }
    }
}

impl Inner {
    async fn relist(&self, name: &str) {
        self.relist_serving(name).await;
        let beside = self.snapshot.load().beside.get(name).cloned();
        for version in beside.into_iter().flatten() {
            if version.entry.follows_knowledge() {
                self.relist_beside(name, &version).await;
            }
        }
    }

    async fn relist_beside(&self, name: &str, version: &Arc<Beside>) {
        let entry = &version.entry;
        let lists = match prepare::lists(entry).await {
            Ok(lists) if lists.same_as(&entry.lists) => return,
            Ok(lists) => lists,
            Err(error) => {
                let revision = entry.revision.revision;
                tracing::warn!(extension = name, revision, %error, "the lists stay as they are");
                return;
            }
        };
        let swap = self.swapping.lock().await;
        let snapshot = self.snapshot.load_full();
        let mut now = snapshot.beside.get(name).into_iter().flatten();
        if now.any(|now| Arc::ptr_eq(now, version)) {
            let listed = Arc::new(entry.with_lists(lists));
            let number = entry.revision.revision;
            // The same is active as before, so nothing has to be stopped.
            self.publish_beside(Some((listed, version.role)), name, number, &swap);
        }
    }

    async fn relist_serving(&self, name: &str) {
        let Some(entry) = self.snapshot.load().extensions.get(name).cloned() else {
            return;
        };
        let lists = match prepare::lists(&entry).await {
            Ok(lists) if lists.same_as(&entry.lists) && entry.left_out.is_empty() => return,
            Ok(lists) => lists,
            // The revision that took its place has been asked.
            Err(PrepareError::Call {
                error: CallError::Superseded,
                ..
            }) => return,
            Err(error) => {
                tracing::warn!(extension = name, %error, "the lists stay as they are");
                return;
            }
        };
        let swap = self.swapping.lock().await;
        let (mut extensions, failed) = self.current();
        // Another revision has lists of its own.
        let same = |now: &Arc<_>| Arc::ptr_eq(now, &entry);
        if !extensions.get(name).is_some_and(same) {
            return;
        }
        extensions.insert(name.to_owned(), Arc::new(entry.with_lists(lists)));
        match self.settle(extensions, failed, Some(name)) {
            Ok((snapshot, left_out)) => {
                let now = snapshot.extensions.get(name);
                if now.is_some_and(|now| {
                    now.lists.same_as(&entry.lists) && now.left_out == entry.left_out
                }) {
                    return;
                }
                self.publish(snapshot, &swap);
                super::tell(&left_out);
            }
            Err(collision) => {
                tracing::warn!(extension = name, %collision, "the lists stay as they are");
            }
        }
    }
}
