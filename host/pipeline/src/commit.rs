//! What an object does to the store.

use std::sync::Arc;

use koi_registry::Snapshot;
use koi_rid::{Event, EventType, Timestamp};
use koi_runtime::Phase;
use koi_store::{Arrival, Batch, DeadLetterDraft, InboxEntry, Op, Outgoing, StoreError};

use crate::fault::Fault;
use crate::log;
use crate::settle::World;
use crate::{Change, Object};

/// Longest reason that is kept, in characters: guests write them.
const MAX_REASON_CHARS: usize = 2000;

impl World {
    /// Commits an object that has passed, tells of it, and runs the Final phase.
    pub(crate) async fn store(
        &self,
        id: u64,
        object: Object,
        snapshot: Arc<Snapshot>,
    ) -> Result<(), StoreError> {
        let Some((op, event)) = write(&object) else {
            return self.acknowledge(id, &object).await;
        };
        let mut ops = vec![op, Op::Acknowledge(id)];
        if let Some(peer) = &object.knowledge.source {
            // What this node still had to tell it is older than what it has told.
            ops.push(Op::Withdraw {
                peer: peer.clone(),
                rid: object.knowledge.rid.clone(),
            });
        }
        let mut ops = effects(&object, ops);
        ops.extend(object.knowledge.network_targets.iter().map(|peer| {
            Op::Enqueue(Outgoing {
                peer: peer.clone(),
                event: event.clone(),
            })
        }));
        self.commit(ops, &object).await?;
        if let Some(manifest) = &event.manifest {
            self.expiry.stored(manifest);
        }
        for peer in &object.knowledge.network_targets {
            self.deliveries.ring(peer);
        }
        let change = Change {
            rid: object.knowledge.rid.clone(),
            event_type: event.event_type,
            source: object.knowledge.source.clone(),
        };
        self.finish(object, snapshot, change).await;
        Ok(())
    }

    /// Commits an object of which nothing is kept.
    pub(crate) async fn acknowledge(&self, id: u64, object: &Object) -> Result<(), StoreError> {
        let ops = effects(object, vec![Op::Acknowledge(id)]);
        self.commit(ops, object).await
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

    pub(crate) async fn bury(
        &self,
        entry: &InboxEntry,
        phase: Phase,
        fault: Fault,
    ) -> Result<(), StoreError> {
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
                    source: knowledge.source.clone(),
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

pub(crate) fn draft(arrival: Arrival, phase: Phase, fault: Fault) -> DeadLetterDraft {
    DeadLetterDraft {
        arrival,
        phase: phase.as_str().to_owned(),
        peer: None,
        extension: fault.extension,
        reason: fault.reason.chars().take(MAX_REASON_CHARS).collect(),
        kind: fault.code,
        at: Timestamp::now(),
    }
}
