//! What has arrived and is not dealt with yet. An entry goes when [`crate::Op::Acknowledge`] or a
//! burial takes it away; until then it is found again after a crash.

use async_trait::async_trait;
use koi_rid::{Contents, Event, EventType, Manifest, Rid, Timestamp};

use crate::{Result, Writer};

/// As what something arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArrivalKind {
    /// An event of this type was received or published.
    Event(EventType),
    /// Knowledge that was merely fetched, or listed by its RID.
    Listed,
}

/// One knowledge object on its way into the pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// As what it arrived.
    pub kind: ArrivalKind,
    /// What it is about.
    pub rid: Rid,
    /// Its manifest, if that came along. Its RID need not be `rid`: that is for the pipeline to
    /// judge.
    pub manifest: Option<Manifest>,
    /// Its contents, if they came along.
    pub contents: Option<Contents>,
    /// The node it came from; `None` if it was born here.
    pub source: Option<Rid>,
    /// The guest that published it, if one did.
    pub writer: Option<Writer>,
    /// The object whose handling brought this one about, if one did.
    pub cause: Option<Rid>,
    /// How many causes stand behind it: 0 for one that came from outside.
    pub depth: u32,
    /// The correlation id that logs and errors about it carry.
    pub correlation: String,
}

impl From<Event> for Arrival {
    /// An event born here, without a cause, a writer or a correlation id.
    fn from(event: Event) -> Self {
        Self {
            kind: ArrivalKind::Event(event.event_type),
            rid: event.rid,
            manifest: event.manifest,
            contents: event.contents,
            source: None,
            writer: None,
            cause: None,
            depth: 0,
            correlation: String::new(),
        }
    }
}

/// An arrival as it waits in the inbox.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxEntry {
    /// Grows with each entry and is never given twice.
    pub id: u64,
    /// What arrived.
    pub arrival: Arrival,
    /// How often handling it has failed.
    pub attempts: u32,
    /// When to try (again).
    pub due: Timestamp,
}

/// Takes arrivals in and gives them again.
// Emptiness has no use of its own here: whoever asks wants the number.
#[allow(clippy::len_without_is_empty)]
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Takes in arrivals, all or none, and answers with the id of each, in their order. They are
    /// due at once.
    async fn accept(&self, arrivals: Vec<Arrival>) -> Result<Vec<u64>>;

    /// The entries after the one with the id `after` (0 for the first), due or not, in the order
    /// of their ids; at most `limit`, 1 to [`crate::MAX_PAGE`], and fewer when their contents are
    /// very large. None at all means that there are no more.
    async fn pending(&self, after: u64, limit: u32) -> Result<Vec<InboxEntry>>;

    /// How many entries wait.
    async fn len(&self) -> Result<u64>;
}
