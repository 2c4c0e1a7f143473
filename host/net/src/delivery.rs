//! Sends what waits in the outbox to peers that have a server. Partial peers fetch theirs by polling.
//!
//! One task a peer that has something waiting: batches in order, each kept until the peer has taken
//! it. A peer that is away is tried again with growing waits, and at once when it is heard of
//! or another one is back. One that has forgotten this node is told who it is in the same envelope.
//!
//! An event that a peer refuses, alone in its envelope, is passed over. When the peer takes a later
//! one it is tried again, and refused once more it is known to be the event's fault: it becomes a dead
//! letter. Until then all of it waits. So a peer that refuses everything for a while, its disk full for
//! example, loses nothing.

mod round;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use koi_pipeline::Bell;
use koi_rid::{Event, EventType, MAX_PYTHON_RID_BYTES, Rid};
use koi_store::{Batch, Op, OutboxEntry};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::answers::{fitting, is_short, sent};
use crate::ask_error::AskError;
use crate::client::Client;
use crate::shared::Shared;
use crate::trust::Direction;
use round::{Refusal, Round};

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
    /// Rung with that.
    rung: Notify,
}

/// How to wait.
#[derive(Debug, Default)]
struct Rest {
    /// Something new ends it.
    for_more: bool,
    /// The peer has asked for so much.
    at_least: Option<Duration>,
}

impl Rest {
    fn for_more() -> Self {
        Self {
            for_more: true,
            at_least: None,
        }
    }
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
            Ok(peers) => self.begin(peers).await,
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

    /// Starts with what waits from before. What waits for a node that is denied now will not be sent.
    async fn begin(&self, peers: Vec<Rid>) {
        let shared = &self.inner.shared;
        let (peers, denied): (Vec<_>, Vec<_>) = peers
            .into_iter()
            .partition(|peer| shared.trust.admits(peer));
        peers.iter().for_each(|peer| self.start(peer));
        let ops: Vec<Op> = denied
            .into_iter()
            .map(|peer| Op::DropPeer { peer })
            .collect();
        if !ops.is_empty()
            && let Err(error) = shared.stores.commits.commit(Batch { ops }).await
        {
            tracing::error!(%error, "the outbox of nodes that are denied could not be emptied");
        }
    }

    /// Sees to it that a peer has a task which looks at its rows from now on.
    fn start(&self, peer: &Rid) {
        let mut all = self.running();
        if let Some(running) = all.get(peer) {
            *lock(&running.more) = true;
            running.rung.notify_one();
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
        let mut round = Round::default();
        loop {
            let Some(url) = self.inner.shared.url_of(peer) else {
                return;
            };
            let waiting = stores.outbox.next(peer, round.after(), round.size());
            let waiting = match waiting.await {
                Ok(waiting) => fitting(waiting, usize::MAX),
                Err(error) => {
                    tracing::error!(%error, peer = %peer, "the outbox could not be read");
                    return;
                }
            };
            if waiting.is_empty() && !round.passes_over() {
                return;
            }
            let ops = if waiting.is_empty() {
                // All that is left was refused. Something new may show whose fault that is.
                if !self.rest(running, &mut round, Rest::for_more()).await {
                    return;
                }
                continue;
            } else if let Some(denied) = waiting.iter().find(|entry| !self.may_tell(peer, entry)) {
                tracing::info!(
                    peer = %peer,
                    rid = %denied.event.rid,
                    "the peer is not told: it may not have this RID type, see koi.trust"
                );
                vec![Op::Delivered {
                    sent: vec![denied.sent()],
                }]
            } else if let Some(long) = waiting.iter().find(|entry| !is_short(&entry.event.rid)) {
                tracing::warn!(
                    peer = %peer,
                    rid = %long.event.rid,
                    "the peer is not told: a RID of more than {MAX_PYTHON_RID_BYTES} bytes stops a \
                     Python node"
                );
                vec![Op::Delivered {
                    sent: vec![long.sent()],
                }]
            } else {
                let sending = self.send(peer, &url, &waiting, round.introduce);
                let outcome = tokio::select! {
                    () = self.inner.stopping.cancelled() => return,
                    outcome = sending => outcome,
                };
                match outcome {
                    Ok(()) => {
                        self.note_forgets(&waiting);
                        round.taken(&waiting)
                    }
                    Err(error) if error.is_unknown_node() && !round.introduce => {
                        tracing::info!(peer = %peer, "the peer does not know this node: introducing it");
                        round.introduce = true;
                        self.inner.shared.forgotten_by.ring(peer);
                        continue;
                    }
                    Err(error) if round::is_refusal(&error, &waiting) => {
                        match round.refuse(peer, waiting, &error) {
                            Refusal::GiveUp(ops) => ops,
                            Refusal::GoOn => continue,
                            Refusal::Rest
                                if self.rest(running, &mut round, Rest::default()).await =>
                            {
                                continue;
                            }
                            Refusal::Rest => return,
                        }
                    }
                    Err(error) => {
                        tracing::info!(peer = %peer, %error, "events could not be delivered; they wait");
                        let rest = Rest {
                            at_least: error.asks_to_wait(),
                            ..Rest::default()
                        };
                        if !self.rest(running, &mut round, rest).await {
                            return;
                        }
                        vec![Op::Attempted {
                            sent: sent(&waiting),
                        }]
                    }
                }
            };
            if let Err(error) = stores.commits.commit(Batch { ops }).await {
                tracing::error!(%error, peer = %peer, "the outbox could not be changed");
                return;
            }
        }
    }

    /// Waits before everything is tried again; false if the node stops meanwhile.
    async fn rest(&self, running: &Running, round: &mut Round, rest: Rest) -> bool {
        let wait = round.backoff.wait().max(rest.at_least.unwrap_or_default());
        tokio::select! {
            () = self.inner.stopping.cancelled() => return false,
            // A peer that asks for a pause gets it, whatever else it says meanwhile.
            () = running.heard.notified(), if rest.at_least.is_none() => round.begin_again(),
            // What was refused stays passed over: the new one is what counts.
            () = running.rung.notified(), if rest.for_more => {}
            () = tokio::time::sleep(wait) => round.begin_again(),
        }
        true
    }

    /// Before they leave the outbox: until a peer has acted on what it was told, catching up with it
    /// must not bring it back.
    fn note_forgets(&self, told: &[OutboxEntry]) {
        for entry in told {
            if entry.event.event_type == EventType::Forget {
                self.inner.shared.recent.note(&entry.event.rid, 0);
            }
        }
    }

    fn may_tell(&self, peer: &Rid, entry: &OutboxEntry) -> bool {
        let shared = &self.inner.shared;
        shared.permits(peer, Direction::To, &entry.event.rid)
    }

    async fn send(
        &self,
        peer: &Rid,
        url: &str,
        waiting: &[OutboxEntry],
        introduce: bool,
    ) -> Result<(), AskError> {
        let mut events: Vec<Event> = Vec::with_capacity(waiting.len() + 1);
        if introduce {
            events.push(self.inner.client.introduction()?);
        }
        events.extend(waiting.iter().map(|entry| entry.event.clone()));
        self.inner.client.broadcast(peer, url, events).await
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Rid, Arc<Running>>> {
        lock(&self.inner.running)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here can stop half-way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
