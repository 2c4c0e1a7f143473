//! How far the delivery to one peer has come: what was refused, and when that is the events' fault.

use koi_pipeline::correlation;
use koi_rid::{Rid, Timestamp};
use koi_store::{Arrival, DeadLetterDraft, Op, OutboxEntry};
use koi_wire::ErrorCode;

use crate::answers::sent;
use crate::ask_error::AskError;
use crate::backoff::Backoff;

/// Most events in one envelope.
const BATCH: u32 = 64;

/// How often a peer may answer events with a server error, before later ones are tried instead.
const MAX_SERVER_ERRORS: u32 = 3;

/// How many events at the head of the queue may be passed over.
const MAX_REFUSED: usize = 64;

/// How far a peer's task has come.
#[derive(Default)]
pub(super) struct Round {
    pub(super) backoff: Backoff,
    /// Whether the peer has to be told who this node is.
    pub(super) introduce: bool,
    /// Whether a batch was refused: its events are sent one by one until one is taken.
    singly: bool,
    /// The events that the peer has refused since it last took one, with its reason.
    pub(super) refused: Vec<(OutboxEntry, String)>,
}

impl Round {
    /// The place after which to go on.
    pub(super) fn after(&self) -> u64 {
        self.refused.last().map_or(0, |(entry, _)| entry.id)
    }

    /// How many events to send at once.
    pub(super) fn size(&self) -> u32 {
        if self.singly { 1 } else { BATCH }
    }

    /// Passes over an event that was refused alone; one by one from now on. False if so many have
    /// been refused that it is time to rest.
    pub(super) fn refuse(&mut self, waiting: Vec<OutboxEntry>, error: &AskError) -> bool {
        self.singly = true;
        if waiting.len() == 1 {
            let refused = waiting.into_iter().map(|entry| (entry, error.to_string()));
            self.refused.extend(refused);
        }
        self.refused.len() < MAX_REFUSED
    }

    /// What to do when a peer has taken events: those that it has refused before are given up.
    pub(super) fn taken(&mut self, peer: &Rid, taken: &[OutboxEntry]) -> Vec<Op> {
        let mut done = sent(taken);
        let mut ops = Vec::new();
        for (entry, reason) in std::mem::take(&mut self.refused) {
            tracing::error!(
                peer = %peer,
                rid = %entry.event.rid,
                reason,
                "the peer does not take this event, and others it does; see the dead letters"
            );
            done.push(entry.sent());
            ops.push(Op::Bury(DeadLetterDraft {
                arrival: Arrival {
                    correlation: correlation(),
                    ..Arrival::from(entry.event)
                },
                phase: "delivery".to_owned(),
                peer: Some(peer.clone()),
                extension: None,
                reason: format!("{peer} does not take it: {reason}"),
                kind: "refused".to_owned(),
                at: Timestamp::now(),
            }));
        }
        *self = Self::default();
        ops.push(Op::Delivered { sent: done });
        ops
    }
}

/// Whether it may be the events that the peer does not take, rather than this node or this moment.
pub(super) fn is_refusal(error: &AskError, waiting: &[OutboxEntry]) -> bool {
    match error {
        AskError::Refused { code, .. } => *code == ErrorCode::InvalidSignature,
        AskError::Status {
            status: 413 | 422, ..
        } => true,
        // Servers say this of themselves, too: it counts when it stays.
        AskError::Status { status: 500, .. } => waiting
            .iter()
            .all(|entry| entry.attempts >= MAX_SERVER_ERRORS),
        _ => false,
    }
}
