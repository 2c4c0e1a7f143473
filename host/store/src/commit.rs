//! Changes that belong together.

use async_trait::async_trait;
use koi_rid::{Bundle, Rid, Timestamp};

use crate::{Arrival, DeadLetterDraft, Outgoing, Result, Sent, Writer};

/// Changes to make in this order, all or none.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The changes.
    pub ops: Vec<Op>,
}

/// One change. Unless it says otherwise, one that finds nothing to change changes nothing and is
/// no error, so that it can be repeated.
#[derive(Debug, Clone)]
pub enum Op {
    /// Keeps a bundle, in place of the one its RID had.
    PutBundle {
        /// The bundle.
        bundle: Bundle,
        /// The guest that wrote it, if one did.
        written_by: Option<Writer>,
        /// The node that told of it; `None` if it was born here.
        source: Option<Rid>,
    },
    /// Forgets the bundle of a RID.
    DeleteBundle {
        /// The RID.
        rid: Rid,
    },
    /// Takes an arrival into the inbox, due at once.
    Accept(Arrival),
    /// Removes an inbox entry: it has been dealt with.
    Acknowledge(u64),
    /// Keeps an inbox entry for another attempt.
    Postpone {
        /// The entry.
        id: u64,
        /// How often handling it has failed by now.
        attempts: u32,
        /// When to try again.
        due: Timestamp,
    },
    /// Puts an event into the outbox of a peer. What waits there about the same RID makes way: a
    /// FORGET removes all of it and goes to the end; a NEW or UPDATE takes the place of one before
    /// it, as a NEW if that was one, and leaves a FORGET where it is. A peer's oldest entries go,
    /// with a line in the log, when too much waits for it.
    Enqueue(Outgoing),
    /// Removes outbox entries, as far as they are what was sent: the peer has them.
    Delivered {
        /// What was sent.
        sent: Vec<Sent>,
    },
    /// Counts a failed attempt for outbox entries, as far as they are what was sent.
    Attempted {
        /// What was sent.
        sent: Vec<Sent>,
    },
    /// Counts that outbox entries were given to a peer that asked for them, as far as they are what
    /// was given.
    Given {
        /// What was given.
        sent: Vec<Sent>,
    },
    /// Removes what waits for a peer about one RID: the peer has told newer things of it itself.
    Withdraw {
        /// The peer's RID.
        peer: Rid,
        /// What it is about.
        rid: Rid,
    },
    /// Removes all that waits for a peer.
    DropPeer {
        /// The peer's RID.
        peer: Rid,
    },
    /// Adds a dead letter, in place of one that says the same of the same object: its
    /// [`crate::DeadLetter::times`] then counts both. The oldest letters go, with a line in the log,
    /// when there are too many. The inbox entry is removed by an [`Op::Acknowledge`] beside it.
    Bury(DeadLetterDraft),
    /// Removes a dead letter. Fails with [`crate::StoreError::NotFound`] if it is not there, so that
    /// an [`Op::Accept`] beside it takes effect once, however often it is asked for.
    Exhume(u64),
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// The inbox id of each [`Op::Accept`] of the batch, in their order.
    pub accepted: Vec<u64>,
}

/// Makes changes.
#[async_trait]
pub trait Commits: Send + Sync {
    /// Makes the changes of a batch, all or none; they are durable when it returns. Batches that
    /// are asked for at the same time share the cost of that, and only that: one that fails does
    /// not touch the others. Batches take effect in the order in which they were asked for.
    async fn commit(&self, batch: Batch) -> Result<Committed>;
}
