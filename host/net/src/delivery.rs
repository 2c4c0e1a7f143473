//! Sends what waits in the outbox to peers that have a server. Partial peers fetch theirs by polling.
//!
//! One task a peer that has something waiting: batches in order, each kept until the peer has taken
//! it. A peer that is away is tried again with growing waits, and at once when it is heard of. One
//! that has forgotten this node is told who it is in the same envelope. What a peer refuses for good
//! is dropped alone, with a line in the log, so that it does not hold up what comes after it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use koi_pipeline::Bell;
use koi_rid::{Event, Rid};
use koi_store::{Batch, Op, OutboxEntry};
use koi_wire::ErrorCode;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::answers::fitting;
use crate::ask_error::AskError;
use crate::backoff::Backoff;
use crate::client::Client;
use crate::shared::Shared;

/// Most events in one envelope.
const BATCH: u32 = 64;

/// How often a peer may answer an event that is alone in its envelope with a server error, before it
/// is taken to be the event's fault.
const MAX_SERVER_ERRORS: u32 = 8;

#[derive(Clone)]
pub(crate) struct Delivery {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    client: Client,
    /// The peers that have a task.
    running: Mutex<HashMap<Rid, Arc<Running>>>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Default)]
struct Running {
    /// The peer was heard of: no need to wait any longer.
    heard: Notify,
    /// Something was added since the task last looked.
    more: Mutex<bool>,
}

/// What became of a batch.
enum Sent {
    Taken,
    /// Not now.
    Later(AskError),
    /// The peer will never take it as it is.
    Never(AskError),
}

impl Delivery {
    pub(crate) fn new(
        shared: Arc<Shared>,
        client: Client,
        stopping: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        let inner = Inner {
            shared,
            client,
            running: Mutex::default(),
            stopping,
            tasks,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Serves the bell of the pipeline and the news of who was heard of, until the node stops.
    pub(crate) async fn run(self, rung: Bell) {
        match self.inner.shared.stores.outbox.peers().await {
            Ok(peers) => peers.iter().for_each(|peer| self.start(peer)),
            Err(error) => tracing::error!(%error, "the outbox could not be read"),
        }
        let shared = self.inner.shared.clone();
        loop {
            tokio::select! {
                () = self.inner.stopping.cancelled() => return,
                peers = rung.next() => peers.iter().for_each(|peer| self.start(peer)),
                peers = shared.reachable.next() => peers.iter().for_each(|peer| self.start(peer)),
                peers = shared.heard.next() => peers.iter().for_each(|peer| self.wake(peer)),
            }
        }
    }

    /// Sees to it that a peer has a task which looks at its rows from now on.
    fn start(&self, peer: &Rid) {
        let mut all = self.running();
        if let Some(running) = all.get(peer) {
            *lock(&running.more) = true;
            return;
        }
        let running = Arc::new(Running::default());
        all.insert(peer.clone(), running.clone());
        let (delivery, peer) = (self.clone(), peer.clone());
        self.inner.tasks.spawn(async move {
            loop {
                *lock(&running.more) = false;
                delivery.serve(&peer, &running).await;
                let mut all = delivery.running();
                if !*lock(&running.more) || delivery.inner.stopping.is_cancelled() {
                    all.remove(&peer);
                    return;
                }
            }
        });
    }

    fn wake(&self, peer: &Rid) {
        if let Some(running) = self.running().get(peer) {
            running.heard.notify_one();
        }
    }

    /// Delivers until nothing waits any more, or nothing can be delivered to this peer.
    async fn serve(&self, peer: &Rid, running: &Running) {
        let stores = &self.inner.shared.stores;
        let mut backoff = Backoff::default();
        let mut batch_size = BATCH;
        let mut introduce = false;
        loop {
            let Some(url) = self.inner.shared.url_of(peer) else {
                return;
            };
            let waiting = match stores.outbox.next(peer, 0, batch_size).await {
                Ok(waiting) => fitting(waiting, usize::MAX),
                Err(error) => {
                    tracing::error!(%error, peer = %peer, "the outbox could not be read");
                    return;
                }
            };
            if waiting.is_empty() {
                return;
            }
            let sent = tokio::select! {
                () = self.inner.stopping.cancelled() => return,
                sent = self.send(peer, &url, &waiting, introduce) => sent,
            };
            let op = match sent {
                Sent::Taken => {
                    backoff = Backoff::default();
                    batch_size = BATCH;
                    introduce = false;
                    Op::Delivered { ids: ids(&waiting) }
                }
                Sent::Later(error) if error.is_unknown_node() && !introduce => {
                    tracing::info!(peer = %peer, "the peer does not know this node: introducing it");
                    introduce = true;
                    self.inner.shared.forgotten_by.ring(peer);
                    continue;
                }
                Sent::Later(error) => {
                    let wait = backoff.wait();
                    tracing::info!(
                        peer = %peer,
                        %error,
                        wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                        "events could not be delivered; they wait"
                    );
                    tokio::select! {
                        () = self.inner.stopping.cancelled() => return,
                        () = running.heard.notified() => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                    Op::Attempted { ids: ids(&waiting) }
                }
                Sent::Never(_) if waiting.len() > 1 => {
                    batch_size = 1;
                    continue;
                }
                Sent::Never(error) => {
                    let event = &waiting[0].event;
                    tracing::error!(
                        peer = %peer,
                        rid = %event.rid,
                        %error,
                        "the peer does not take this event; it is dropped"
                    );
                    Op::Delivered { ids: ids(&waiting) }
                }
            };
            if let Err(error) = stores.commits.commit(Batch { ops: vec![op] }).await {
                tracing::error!(%error, peer = %peer, "the outbox could not be changed");
                return;
            }
        }
    }

    async fn send(&self, peer: &Rid, url: &str, waiting: &[OutboxEntry], introduce: bool) -> Sent {
        let mut events: Vec<Event> = Vec::with_capacity(waiting.len() + 1);
        if introduce {
            match self.inner.client.introduction() {
                Ok(introduction) => events.push(introduction),
                Err(error) => return Sent::Later(error),
            }
        }
        events.extend(waiting.iter().map(|entry| entry.event.clone()));
        match self.inner.client.broadcast(peer, url, events).await {
            Ok(()) => Sent::Taken,
            Err(error) if is_final(&error, waiting) => Sent::Never(error),
            Err(error) => Sent::Later(error),
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Rid, Arc<Running>>> {
        lock(&self.inner.running)
    }
}

/// Whether it is the batch that the peer does not take, rather than this node or this moment.
fn is_final(error: &AskError, waiting: &[OutboxEntry]) -> bool {
    match error {
        AskError::Refused { code, .. } => *code == ErrorCode::InvalidSignature,
        AskError::Status {
            status: 413 | 422, ..
        } => true,
        AskError::Status { status: 500, .. } => match waiting {
            [only] => only.attempts >= MAX_SERVER_ERRORS,
            several => several.iter().all(|entry| entry.attempts >= 2),
        },
        _ => false,
    }
}

fn ids(entries: &[OutboxEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.id).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here can stop half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
