//! One object from its lane to its end: committed, stopped, or among the dead letters.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use koi_registry::Registry;
use koi_rid::{Rid, Timestamp};
use koi_store::{Batch, InboxEntry, Op, StoreError, Stores};
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::expiry::Expiry;
use crate::fault::{Fault, Persistence};
use crate::fetching::Fetching;
use crate::held::{Held, Place};
use crate::intake::Waiting;
use crate::journey::{Before, Halt, Journey};
use crate::lanes::Lanes;
use crate::log;
use crate::pipeline::{PipelineParts, Retry};
use crate::{Bell, Change, Fetch, HostHandler, Intake};

/// Longest wait between tries to reach a store that fails.
const MAX_STORE_WAIT: Duration = Duration::from_secs(30);

/// What all objects share.
pub(crate) struct World {
    pub(crate) stores: Stores,
    pub(crate) intake: Intake,
    pub(crate) registry: Registry,
    pub(crate) node_rid: Rid,
    pub(crate) handlers: Vec<Arc<dyn HostHandler>>,
    pub(crate) fetch: Arc<dyn Fetch>,
    pub(crate) fetching: Fetching,
    pub(crate) workers: Arc<Semaphore>,
    pub(crate) retry: Retry,
    pub(crate) lanes: Lanes,
    pub(crate) held: Held,
    pub(crate) changes: broadcast::Sender<Change>,
    pub(crate) deliveries: Bell,
    pub(crate) expiry: Expiry,
    pub(crate) stopping: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl World {
    pub(crate) fn new(parts: PipelineParts, changes: broadcast::Sender<Change>) -> Self {
        Self {
            stores: parts.stores,
            intake: parts.intake,
            registry: parts.registry,
            node_rid: parts.node_rid,
            handlers: parts.host_handlers,
            fetch: parts.fetch,
            fetching: Fetching::default(),
            workers: Arc::new(Semaphore::new(parts.workers.clamp(1, 4096))),
            retry: parts.retry,
            lanes: Lanes::default(),
            held: Held::default(),
            changes,
            deliveries: Bell::default(),
            expiry: Expiry::new(parts.lifetimes),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Brings an object to its end, over as many tries as that takes. Returns early, the object
    /// still in the inbox, if the node stops.
    /// The same for an object that has to wait for an extension.
    pub(crate) async fn settle(&self, waiting: &Waiting, mut before: Before) {
        let entry = &waiting.entry;
        let mut attempts = entry.attempts;
        let mut store_wait = Duration::from_millis(100);
        if !self.pause(until(entry.due)).await {
            return;
        }
        if let Some(writer) = &entry.arrival.writer {
            let activated = self.registry.activated(&writer.extension, writer.revision);
            tokio::select! {
                () = activated => {}
                () = self.stopping.cancelled() => return,
            }
        }
        loop {
            let mut journey = Journey::new(self, &entry.arrival, std::mem::take(&mut before));
            let outcome = match self.held.put(waiting, &journey.snapshot) {
                Place::Held => {
                    if self.registry.snapshot().generation != journey.snapshot.generation {
                        self.held.look_again();
                    }
                    return;
                }
                Place::Full(fault) => Err(Halt::Fault(fault)),
                Place::Free => AssertUnwindSafe(journey.run())
                    .catch_unwind()
                    .await
                    .unwrap_or_else(|_| Err(Halt::Fault(Fault::panic()))),
            };
            let phase = journey.phase();
            let (object, snapshot) = journey.into_parts();
            let settled = match outcome {
                Ok(()) => self.store(entry.id, object, snapshot).await,
                Err(Halt::Stop(reason)) => {
                    log::stop(&entry.arrival, phase, &reason);
                    self.acknowledge(entry.id, &object).await
                }
                Err(Halt::Fault(fault)) => {
                    let again = match fault.persistence {
                        Persistence::Transient => self.retry.wait(attempts + 1),
                        Persistence::Permanent => None,
                    };
                    match again {
                        Some(wait) => {
                            attempts += 1;
                            log::retry(&entry.arrival, phase, &fault, attempts, wait);
                            let due = Timestamp::now().to_micros()
                                + i64::try_from(wait.as_micros()).unwrap_or(i64::MAX / 4);
                            let due = Timestamp::from_micros(due);
                            let op = Op::Postpone {
                                id: entry.id,
                                attempts,
                                due,
                            };
                            // If this fails, only the count of tries is lost with a crash.
                            let _ = self.stores.commits.commit(Batch { ops: vec![op] }).await;
                            if !self.pause(wait).await {
                                return;
                            }
                            continue;
                        }
                        None => self.bury(entry, phase, fault).await,
                    }
                }
            };
            let error = match settled {
                Ok(()) => return,
                Err(error) => error,
            };
            if !is_passing(&error) {
                let fault = Fault::refused("store", error.to_string());
                if self.bury(entry, phase, fault).await.is_ok() {
                    return;
                }
            }
            // Without a store there are no dead letters either: the object waits for it.
            tracing::error!(rid = %entry.arrival.rid, %error, "an object could not be stored");
            if !self.pause(store_wait).await {
                return;
            }
            store_wait = (store_wait * 2).min(MAX_STORE_WAIT);
        }
    }

    /// An entry of the inbox, or that it is not there any more; `None` if the node stops before the store
    /// answers.
    pub(crate) async fn inbox_entry(&self, id: u64) -> Option<Option<InboxEntry>> {
        let mut wait = Duration::from_millis(100);
        loop {
            match self.stores.inbox.pending(id.saturating_sub(1), 1).await {
                Ok(page) => return Some(page.into_iter().find(|entry| entry.id == id)),
                Err(error) => tracing::error!(%error, "the inbox could not be read"),
            }
            if !self.pause(wait).await {
                return None;
            }
            wait = (wait * 2).min(MAX_STORE_WAIT);
        }
    }

    /// Waits; false if the node stops meanwhile.
    pub(crate) async fn pause(&self, wait: Duration) -> bool {
        if wait.is_zero() {
            return !self.stopping.is_cancelled();
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => true,
            () = self.stopping.cancelled() => false,
        }
    }
}

/// Whether the store may take the same batch another time. One that it has taken already, unheard,
/// changes nothing more.
fn is_passing(error: &StoreError) -> bool {
    error.is_transient()
        || matches!(
            error,
            StoreError::Closed | StoreError::Io { .. } | StoreError::Unconfirmed
        )
}

fn until(due: Timestamp) -> Duration {
    let micros = due.to_micros().saturating_sub(Timestamp::now().to_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
