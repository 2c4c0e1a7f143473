//! What has to be told to peers. Rows come and go by [`crate::Commits`].

use async_trait::async_trait;
use koi_rid::{Event, Rid};

use crate::Result;

/// An event on its way to one peer.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The RID of the node to tell.
    pub peer: Rid,
    /// With manifest and contents if it is a NEW or an UPDATE, with the RID alone for a FORGET.
    pub event: Event,
}

/// An outbox entry as it was when it was sent: another event may have taken its place since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sent {
    /// The entry.
    pub id: u64,
    /// Which of the events that have had its place.
    pub version: u32,
}

/// An event as it waits in the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxEntry {
    /// Its place: grows with each entry and is never given twice.
    pub id: u64,
    /// Grows with each event that takes the place.
    pub version: u32,
    /// The RID of the node to tell.
    pub peer: Rid,
    /// What to tell.
    pub event: Event,
    /// How often telling it has failed.
    pub attempts: u32,
    /// How often the peer has been given it when it asked.
    pub given: u32,
}

impl OutboxEntry {
    /// What to acknowledge when the peer has it.
    pub fn sent(&self) -> Sent {
        Sent {
            id: self.id,
            version: self.version,
        }
    }
}

/// Reads the outbox.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// The peers for which something waits, in the order of their RIDs.
    async fn peers(&self) -> Result<Vec<Rid>>;

    /// What waits for a peer after the entry with the id `after` (0 for the first), in the order
    /// of ids, which is the order of delivery; at most `limit`, 1 to [`crate::MAX_PAGE`], and
    /// fewer when their contents are very large. None at all means that there are no more.
    async fn next(&self, peer: &Rid, after: u64, limit: u32) -> Result<Vec<OutboxEntry>>;

    /// How many entries wait, for one peer or for all.
    async fn len(&self, peer: Option<&Rid>) -> Result<u64>;
}
