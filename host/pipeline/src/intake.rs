//! The durable entrance of the pipeline.
//!
//! What [`Intake::accept`] and [`Intake::publish`] have answered with `Ok` is on disk and survives a
//! crash. It is then handed over in memory; the inbox is read again only at the next start. Both
//! finish what they began when their caller goes away, so that nothing lies in the inbox unseen.
//!
//! Two bounds: objects from outside wait for room (this is what pushes back on peers), objects
//! published from within are refused instead, because whoever publishes may be what holds the room.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use koi_rid::Timestamp;
use koi_store::{Arrival, Inbox, InboxEntry, StoreError, Stores};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// How long an arrival from outside waits for room. Peers give up after five seconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// Why arrivals were not taken. None of them was.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// All room is taken. Another try later may succeed.
    #[error("the node is busy: {bound} objects wait to be processed; try again later")]
    Busy {
        /// How many may wait.
        bound: usize,
    },
    /// The node is stopping.
    #[error("the node is stopping and takes nothing more")]
    Closed,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An entry on its way to its lane. The room it takes is free again when it is dropped.
pub(crate) struct Waiting {
    pub(crate) entry: InboxEntry,
    pub(crate) _room: Option<OwnedSemaphorePermit>,
}

/// Where arrivals enter. Clones are the same entrance.
#[derive(Clone)]
pub struct Intake {
    inner: Arc<Inner>,
}

struct Inner {
    inbox: Arc<dyn Inbox>,
    bound: usize,
    outside: Arc<Semaphore>,
    inside: Arc<Semaphore>,
    sender: mpsc::UnboundedSender<Vec<Waiting>>,
    receiver: Mutex<Option<mpsc::UnboundedReceiver<Vec<Waiting>>>>,
}

impl Intake {
    /// An entrance into the inbox of a store, with room for `bound` objects from outside and as many
    /// from within.
    pub fn new(stores: &Stores, bound: usize) -> Self {
        let bound = bound.clamp(1, Semaphore::MAX_PERMITS);
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            inner: Arc::new(Inner {
                inbox: stores.inbox.clone(),
                bound,
                outside: Arc::new(Semaphore::new(bound)),
                inside: Arc::new(Semaphore::new(bound)),
                sender,
                receiver: Mutex::new(Some(receiver)),
            }),
        }
    }

    /// Takes arrivals from outside, all or none. Waits for room, a few seconds at most. Durable when
    /// it returns.
    pub async fn accept(&self, arrivals: Vec<Arrival>) -> Result<(), IntakeError> {
        let room = self.inner.outside.clone();
        let wanted = self.room_for(arrivals.len());
        let room = tokio::time::timeout(PATIENCE, room.acquire_many_owned(wanted))
            .await
            .map_err(|_| self.busy())?
            .map_err(|_| IntakeError::Closed)?;
        self.store(arrivals, room).await
    }

    /// Takes what was published on this node, by the host, a guest or a client; all or none. Does
    /// not wait for room. Durable when it returns.
    pub async fn publish(&self, arrivals: Vec<Arrival>) -> Result<(), IntakeError> {
        let room = self.inner.inside.clone();
        let room = room
            .try_acquire_many_owned(self.room_for(arrivals.len()))
            .map_err(|error| match error {
                tokio::sync::TryAcquireError::Closed => IntakeError::Closed,
                tokio::sync::TryAcquireError::NoPermits => self.busy(),
            })?;
        self.store(arrivals, room).await
    }

    /// Hands over what a commit has put into the inbox, ids in the order of the arrivals.
    pub(crate) fn hand_over(&self, ids: Vec<u64>, arrivals: Vec<Arrival>) {
        self.inner.hand_over(ids, arrivals, None);
    }

    /// The other end. Only the first caller gets it.
    pub(crate) fn receiver(&self) -> Option<mpsc::UnboundedReceiver<Vec<Waiting>>> {
        self.inner
            .receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Takes nothing more.
    pub(crate) fn close(&self) {
        self.inner.outside.close();
        self.inner.inside.close();
    }

    async fn store(
        &self,
        arrivals: Vec<Arrival>,
        room: OwnedSemaphorePermit,
    ) -> Result<(), IntakeError> {
        if arrivals.is_empty() {
            return Ok(());
        }
        let inner = self.inner.clone();
        // Its own task: a caller that goes away must not leave entries that nobody processes.
        let stored = tokio::spawn(async move {
            let ids = inner.inbox.accept(arrivals.clone()).await?;
            inner.hand_over(ids, arrivals, Some(room));
            Ok(())
        });
        stored.await.unwrap_or(Err(IntakeError::Closed))
    }

    /// An envelope larger than all room takes all room.
    fn room_for(&self, arrivals: usize) -> u32 {
        u32::try_from(arrivals.min(self.inner.bound)).unwrap_or(u32::MAX)
    }

    fn busy(&self) -> IntakeError {
        IntakeError::Busy {
            bound: self.inner.bound,
        }
    }
}

impl Inner {
    fn hand_over(
        &self,
        ids: Vec<u64>,
        arrivals: Vec<Arrival>,
        mut room: Option<OwnedSemaphorePermit>,
    ) {
        let due = Timestamp::now();
        let waiting = ids
            .into_iter()
            .zip(arrivals)
            .map(|(id, arrival)| Waiting {
                entry: InboxEntry {
                    id,
                    arrival,
                    attempts: 0,
                    due,
                },
                _room: room.as_mut().and_then(|room| room.split(1)),
            })
            .collect();
        // Nobody listens any more: it is in the inbox and found at the next start.
        let _ = self.sender.send(waiting);
    }
}
