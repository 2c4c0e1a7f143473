//! How far the delivery to one peer has come: what was refused, and when that is the events' fault.

use koi_pipeline::correlation;
use koi_rid::{Rid, Timestamp};
use koi_store::{Arrival, DeadLetterDraft, Op, OutboxEntry, Sent};
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
    /// Whether a batch was refused: events are sent one by one until it is known which is at fault.
    singly: bool,
    /// The last of the events that are passed over.
    passed: Option<u64>,
    /// All of them, since the peer last took something.
    refused: Vec<Sent>,
    /// The events that were refused before the peer took another one. Refused once more, it is their
    /// fault: the peer may have been in trouble the first time.
    suspects: Vec<Sent>,
}

/// What to do about events that were refused.
pub(super) enum Refusal {
    /// Go on: with what comes behind, or with fewer at once.
    GoOn,
    /// So much was refused that it is time to rest.
    Rest,
    /// It is the event's fault.
    GiveUp(Vec<Op>),
}

impl Round {
    /// The place after which to go on.
    pub(super) fn after(&self) -> u64 {
        self.passed.unwrap_or(0)
    }

    /// How many events to send at once.
    pub(super) fn size(&self) -> u32 {
        if self.singly { 1 } else { BATCH }
    }

    /// Whether anything is passed over.
    pub(super) fn passes_over(&self) -> bool {
        self.passed.is_some()
    }

    /// Everything is tried again, from the first on.
    pub(super) fn begin_again(&mut self) {
        self.passed = None;
        self.refused.clear();
    }

    pub(super) fn refuse(
        &mut self,
        peer: &Rid,
        waiting: Vec<OutboxEntry>,
        error: &AskError,
    ) -> Refusal {
        self.singly = true;
        let Ok([entry]) = <[OutboxEntry; 1]>::try_from(waiting) else {
            return Refusal::GoOn;
        };
        let sent = entry.sent();
        if self.suspects.contains(&sent) {
            self.suspects.retain(|suspect| *suspect != sent);
            return Refusal::GiveUp(give_up(peer, entry, error));
        }
        self.passed = Some(sent.id);
        self.refused.push(sent);
        if self.refused.len() < MAX_REFUSED {
            Refusal::GoOn
        } else {
            Refusal::Rest
        }
    }

    /// What to do when a peer has taken events.
    pub(super) fn taken(&mut self, taken: &[OutboxEntry]) -> Vec<Op> {
        let taken = sent(taken);
        let mut suspects = std::mem::take(&mut self.suspects);
        suspects.append(&mut self.refused);
        suspects.retain(|suspect| !taken.contains(suspect));
        *self = Self {
            singly: !suspects.is_empty(),
            suspects,
            ..Self::default()
        };
        vec![Op::Delivered { sent: taken }]
    }
}

fn give_up(peer: &Rid, entry: OutboxEntry, error: &AskError) -> Vec<Op> {
    tracing::error!(
        peer = %peer,
        rid = %entry.event.rid,
        %error,
        "the peer does not take this event, and others it does; see the dead letters"
    );
    let sent = vec![entry.sent()];
    let letter = DeadLetterDraft {
        arrival: Arrival {
            correlation: correlation(),
            ..Arrival::from(entry.event)
        },
        phase: "delivery".to_owned(),
        peer: Some(peer.clone()),
        extension: None,
        reason: format!("{peer} does not take it: {error}"),
        kind: "refused".to_owned(),
        at: Timestamp::now(),
    };
    vec![Op::Bury(letter), Op::Delivered { sent }]
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
