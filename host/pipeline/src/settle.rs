//! One object from its lane to its end: committed, stopped, or among the dead letters.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use koi_registry::Registry;
use koi_rid::{Event, EventType, Rid, Timestamp};
use koi_runtime::Phase;
use koi_store::{Arrival, Batch, DeadLetterDraft, InboxEntry, Op, Outgoing, StoreError, Stores};
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fault::{Fault, Persistence};
use crate::journey::{Before, Halt, Journey};
use crate::lanes::Lanes;
use crate::log;
use crate::pipeline::{PipelineParts, Retry};
use crate::{Bell, Change, Fetch, HostHandler, Intake, Object};

/// Longest reason that is kept, in characters: guests write them.
const MAX_REASON_CHARS: usize = 2000;

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
    pub(crate) workers: Arc<Semaphore>,
    pub(crate) retry: Retry,
    pub(crate) lanes: Lanes,
    pub(crate) changes: broadcast::Sender<Change>,
    pub(crate) deliveries: Bell,
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
            workers: Arc::new(Semaphore::new(parts.workers.clamp(1, 4096))),
            retry: parts.retry,
            lanes: Lanes::default(),
            changes,
            deliveries: Bell::default(),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Brings an object to its end, over as many tries as that takes. Returns early, the object
    /// still in the inbox, if the node stops.
    pub(crate) async fn settle(&self, entry: &InboxEntry, mut before: Before) {
        let mut attempts = entry.attempts;
        let mut store_wait = Duration::from_millis(100);
        if !self.pause(until(entry.due)).await {
            return;
        }
        loop {
            let mut journey = Journey::new(self, &entry.arrival, std::mem::take(&mut before));
            let outcome = AssertUnwindSafe(journey.run())
                .catch_unwind()
                .await
                .unwrap_or_else(|_| {
                    Err(Halt::Fault(Fault::refused(
                        "panic",
                        "the host failed; its log says more",
                    )))
                });
            let phase = journey.phase();
            let object = journey.into_object();
            let settled = match outcome {
                Ok(()) => self.store(entry.id, object).await,
                Err(Halt::Stop(reason)) => {
                    log::stop(&entry.arrival, phase, &reason);
                    self.commit(effects(&object, vec![Op::Acknowledge(entry.id)]), &object)
                        .await
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

    /// Commits an object that has passed, tells of it, and runs the Final phase.
    async fn store(&self, id: u64, object: Object) -> Result<(), StoreError> {
        let Some((op, event)) = write(&object) else {
            return self
                .commit(effects(&object, vec![Op::Acknowledge(id)]), &object)
                .await;
        };
        let mut ops = effects(&object, vec![op, Op::Acknowledge(id)]);
        ops.extend(object.knowledge.network_targets.iter().map(|peer| {
            Op::Enqueue(Outgoing {
                peer: peer.clone(),
                event: event.clone(),
            })
        }));
        self.commit(ops, &object).await?;
        for peer in &object.knowledge.network_targets {
            self.deliveries.ring(peer);
        }
        let change = Change {
            rid: object.knowledge.rid.clone(),
            event_type: event.event_type,
            source: object.knowledge.source.clone(),
        };
        self.finish(object, change).await;
        Ok(())
    }

    /// The Final phase. The host's handlers come before the news, so that whoever hears of a change
    /// finds the host up to date with it.
    async fn finish(&self, object: Object, change: Change) {
        let arrival = Arrival::from(Event::of_rid(change.event_type, change.rid.clone()));
        let mut journey = Journey::after_commit(self, object);
        if let Err(Halt::Fault(fault)) = journey.host_handlers().await {
            log::fault(&arrival, Phase::Final, &fault, "a host handler failed");
        }
        self.registry.knowledge_changed(&change.rid.rid_type());
        // Nobody listening is no error.
        let _ = self.changes.send(change);
        let mut attempts = 0;
        loop {
            journey.work().await;
            let outcome = journey.guest_handlers().await;
            journey.rest();
            let fault = match outcome {
                Ok(()) | Err(Halt::Stop(_)) => return,
                Err(Halt::Fault(fault)) => fault,
            };
            attempts += 1;
            let again = match fault.persistence {
                Persistence::Transient => self.retry.wait(attempts),
                Persistence::Permanent => None,
            };
            let Some(wait) = again else {
                let letter = journey.letter();
                log::fault(&letter, Phase::Final, &fault, "a final handler failed");
                let op = Op::Bury(draft(letter, Phase::Final, fault));
                if let Err(error) = self.stores.commits.commit(Batch { ops: vec![op] }).await {
                    tracing::error!(%error, "a dead letter could not be kept");
                }
                return;
            };
            if !self.pause(wait).await {
                return;
            }
        }
    }

    /// Commits what an object brought about, and sets going what follows from it.
    async fn commit(&self, ops: Vec<Op>, object: &Object) -> Result<(), StoreError> {
        let committed = self.stores.commits.commit(Batch { ops }).await?;
        for outgoing in &object.effects.outgoing {
            self.deliveries.ring(&outgoing.peer);
        }
        if !committed.accepted.is_empty() {
            self.intake
                .hand_over(committed.accepted, object.effects.publications.clone());
        }
        Ok(())
    }

    async fn bury(&self, entry: &InboxEntry, phase: Phase, fault: Fault) -> Result<(), StoreError> {
        log::fault(
            &entry.arrival,
            phase,
            &fault,
            "an object was given up; see the dead letters",
        );
        let draft = draft(entry.arrival.clone(), phase, fault);
        let ops = vec![Op::Bury(draft), Op::Acknowledge(entry.id)];
        self.stores.commits.commit(Batch { ops }).await?;
        Ok(())
    }

    /// Waits; false if the node stops meanwhile.
    async fn pause(&self, wait: Duration) -> bool {
        if wait.is_zero() {
            return !self.stopping.is_cancelled();
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => true,
            () = self.stopping.cancelled() => false,
        }
    }
}

/// What an object does to the store, and the event that tells of it; none if nothing.
fn write(object: &Object) -> Option<(Op, Event)> {
    let knowledge = &object.knowledge;
    match knowledge.normalized? {
        EventType::Forget => {
            let rid = knowledge.rid.clone();
            Some((
                Op::DeleteBundle { rid: rid.clone() },
                Event::of_rid(EventType::Forget, rid),
            ))
        }
        event_type => {
            let bundle = koi_rid::Bundle {
                manifest: knowledge.manifest.clone()?,
                contents: knowledge.contents.clone()?,
            };
            let event = Event::of_bundle(event_type, bundle.clone());
            Some((
                Op::PutBundle {
                    bundle,
                    written_by: object.writer.clone(),
                },
                event,
            ))
        }
    }
}

/// The changes of a batch with an object's effects behind them, in the order that [`crate::Effects`]
/// promises.
fn effects(object: &Object, mut ops: Vec<Op>) -> Vec<Op> {
    let effects = &object.effects;
    ops.extend(
        effects
            .dropped_peers
            .iter()
            .map(|peer| Op::DropPeer { peer: peer.clone() }),
    );
    ops.extend(effects.outgoing.iter().cloned().map(Op::Enqueue));
    ops.extend(effects.publications.iter().cloned().map(Op::Accept));
    ops
}

fn draft(arrival: Arrival, phase: Phase, fault: Fault) -> DeadLetterDraft {
    DeadLetterDraft {
        arrival,
        phase: phase.as_str().to_owned(),
        extension: fault.extension,
        reason: fault.reason.chars().take(MAX_REASON_CHARS).collect(),
        kind: fault.code,
        at: Timestamp::now(),
    }
}

/// Whether the store may take the same batch another time.
fn is_passing(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Full | StoreError::Busy | StoreError::Closed | StoreError::Io { .. }
    )
}

fn until(due: Timestamp) -> Duration {
    let micros = due.to_micros().saturating_sub(Timestamp::now().to_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
