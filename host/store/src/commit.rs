//! Changes that belong together.

use async_trait::async_trait;
use koi_rid::{Bundle, Rid, Timestamp};

use crate::{Arrival, DeadLetterDraft, Outgoing, Result, Writer};

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
    /// Puts an event into the outbox of a peer.
    Enqueue(Outgoing),
    /// Removes outbox entries: the peer has them.
    Delivered {
        /// The entries.
        ids: Vec<u64>,
    },
    /// Counts a failed attempt for outbox entries.
    Attempted {
        /// The entries.
        ids: Vec<u64>,
    },
    /// Removes all that waits for a peer.
    DropPeer {
        /// The peer's RID.
        peer: Rid,
    },
    /// Adds a dead letter. The inbox entry is removed by an [`Op::Acknowledge`] beside it.
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
