//! Objects that wait for an extension that is installed and does not run.
//!
//! They never pass without its rules and handlers. They wait in the store, where they are found again after
//! a restart; here is only which ones they are, so that they take no room from what can go on. How many wait
//! for one extension is bounded; what comes after that is given up with a reason, and can be driven again
//! like any dead letter.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use koi_registry::Snapshot;
use koi_rid::Rid;
use tokio::sync::Notify;

use crate::fault::Fault;
use crate::intake::Waiting;

/// Most objects that wait for one extension, and most bytes of contents in them.
const MAX_OBJECTS: usize = 10_000;
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What is held, and for whom.
#[derive(Default)]
pub(crate) struct Held {
    state: Mutex<State>,
    outdated: Notify,
}

#[derive(Default)]
struct State {
    /// A RID is a key as long as something of it is held, or is being let go.
    rids: HashMap<Rid, Queue>,
    /// What waits for each extension.
    extensions: HashMap<String, Load>,
}

struct Queue {
    extension: String,
    /// By the ids in the inbox, which is the order of arrival, with the bytes of their contents.
    objects: BTreeMap<u64, usize>,
    /// How many were let go and have not come to their end. One that arrives may be before them in its
    /// lane, and has to be held behind them all the same.
    under_way: usize,
}

#[derive(Default)]
struct Load {
    objects: usize,
    bytes: usize,
}

/// Where an object belongs.
pub(crate) enum Place {
    /// In the pipeline.
    Free,
    /// In the store; it is noted here.
    Held,
    /// In the store, where there is no room for it.
    Full(Fault),
}

impl Held {
    /// Holds an object if an extension is missing for it, or if something of its RID is held already,
    /// unless it has just been let go itself.
    pub(crate) fn put(&self, waiting: &Waiting, snapshot: &Snapshot) -> Place {
        let arrival = &waiting.entry.arrival;
        let missing = snapshot.missing_for(&arrival.rid);
        let mut state = self.lock();
        let extension = match (state.rids.get(&arrival.rid), missing) {
            (_, None) if waiting.released => return Place::Free,
            (Some(before), _) => before.extension.clone(),
            (None, Some(missing)) => missing.extension.to_owned(),
            (None, None) => return Place::Free,
        };
        let contents = arrival.contents.as_ref();
        let bytes = contents.map_or(0, |contents| contents.as_str().len());
        let load = state.extensions.entry(extension.clone()).or_default();
        if load.objects >= MAX_OBJECTS || load.bytes + bytes > MAX_BYTES {
            return Place::Full(full(&extension));
        }
        if load.objects == 0 {
            let error = missing.map_or("", |missing| missing.reason);
            tracing::warn!(
                extension,
                error,
                rid = %arrival.rid,
                "objects wait for an extension that does not run or fails too often: they go on once it works \
                 again, or is removed"
            );
        }
        load.objects += 1;
        load.bytes += bytes;
        let queue = state.rids.entry(arrival.rid.clone()).or_insert(Queue {
            extension,
            objects: BTreeMap::new(),
            under_way: 0,
        });
        queue.objects.insert(waiting.entry.id, bytes);
        Place::Held
    }

    /// The RIDs of which something is held.
    pub(crate) fn rids(&self) -> Vec<Rid> {
        self.lock().rids.keys().cloned().collect()
    }

    /// The next of a RID to let go; whoever takes it has to say when that has come to its end.
    pub(crate) fn take(&self, rid: &Rid) -> Option<u64> {
        let mut state = self.lock();
        let queue = state.rids.get_mut(rid)?;
        let (id, bytes) = queue.objects.pop_first()?;
        queue.under_way += 1;
        let extension = queue.extension.clone();
        if let Some(load) = state.extensions.get_mut(&extension) {
            load.objects -= 1;
            load.bytes -= bytes;
            if load.objects == 0 {
                state.extensions.remove(&extension);
            }
        }
        Some(id)
    }

    /// One that was let go has come to its end, or is held again. After the last one what arrives is held
    /// no more.
    pub(crate) fn ended(&self, rid: &Rid) {
        let mut state = self.lock();
        let Some(queue) = state.rids.get_mut(rid) else {
            return;
        };
        queue.under_way = queue.under_way.saturating_sub(1);
        if queue.under_way > 0 {
            return;
        }
        if queue.objects.is_empty() {
            state.rids.remove(rid);
        } else {
            self.outdated.notify_one();
        }
    }

    /// Says that something was held which the newest Snapshot may not ask for.
    pub(crate) fn look_again(&self) {
        self.outdated.notify_one();
    }

    /// Waits for that.
    pub(crate) async fn outdated(&self) {
        self.outdated.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No operation above can stop half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn full(extension: &str) -> Fault {
    let reason = format!(
        "{extension} does not run, and as many objects wait for it as may, {MAX_OBJECTS} or {MAX_BYTES} bytes: \
         install it again, or remove it"
    );
    Fault::by_extension(extension, "not-running", reason)
}
