//! The durable entrance of the pipeline.
//!
//! What [`Intake::accept`] and [`Intake::publish`] have answered with `Ok` is on disk and survives a
//! crash. It is then handed over in memory; the inbox is read again only at the next start. Both
//! finish what they began when their caller goes away, so that nothing lies in the inbox unseen.
//!
//! Room is bounded in objects and in bytes of contents. Objects from outside wait for room (this is
//! what pushes back on peers), and those of one node take a share of it at most; objects published from
//! within are refused instead, because whoever publishes may be what holds the room.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use koi_rid::{Rid, Timestamp};
use koi_store::{Arrival, Inbox, InboxEntry, StoreError, Stores};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc};
use tokio::time::{Instant, timeout_at};

/// How long an arrival from outside waits for room. Peers give up after five seconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// How many bytes of contents may wait, from outside and as many from within, in pieces of 1 KB.
const PIECES: usize = 256 * 1024;
const PIECE: usize = 1024;

/// From so many nodes on whose objects waited at some time, those of whom none waits any more are
/// looked for.
const MANY_SHARES: usize = 256;

/// Why arrivals were not taken. None of them was.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// All room is taken. Another try later may succeed.
    #[error(
        "the node is busy: as many objects, {bound}, or bytes of them as may wait do; try again later"
    )]
    Busy {
        /// How many objects may wait.
        bound: usize,
    },
    /// All room that one node's objects may take is taken. Another try later may succeed.
    #[error(
        "too many objects of {node} wait: at most {share}, or bytes of them, may; try again later"
    )]
    Share {
        /// The node.
        node: Rid,
        /// How many of its objects may wait.
        share: usize,
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
    /// Whether it has waited for an extension, in the store.
    pub(crate) released: bool,
    pub(crate) _room: Option<Place>,
}

/// A bounded place for what waits.
struct Hall {
    objects: Arc<Semaphore>,
    pieces: Arc<Semaphore>,
    /// How many of both it has when it is empty.
    most: (usize, usize),
}

/// What an arrival takes: room among all, and of its sender's share, which is there as long as that.
pub(crate) struct Place {
    _among_all: Option<Room>,
    _of_share: Option<(Room, Arc<Hall>)>,
}

/// Room in a hall.
pub(crate) struct Room {
    objects: OwnedSemaphorePermit,
    pieces: OwnedSemaphorePermit,
}

impl Hall {
    fn new(objects: usize, pieces: usize) -> Self {
        Self {
            objects: Arc::new(Semaphore::new(objects)),
            pieces: Arc::new(Semaphore::new(pieces)),
            most: (objects, pieces),
        }
    }

    /// What arrivals take here. An envelope larger than all room takes all room.
    fn room_for(&self, arrivals: &[Arrival]) -> (u32, u32) {
        let objects = arrivals.len().min(self.most.0);
        let pieces = arrivals.iter().map(pieces).sum::<usize>().min(self.most.1);
        let wanted = |number| u32::try_from(number).unwrap_or(u32::MAX);
        (wanted(objects), wanted(pieces))
    }

    async fn acquire(&self, objects: u32, pieces: u32) -> Result<Room, AcquireError> {
        // Always in this order, so that two who wait never hold what the other wants.
        let objects = self.objects.clone().acquire_many_owned(objects).await?;
        let pieces = self.pieces.clone().acquire_many_owned(pieces).await?;
        Ok(Room { objects, pieces })
    }

    fn try_acquire(&self, objects: u32, pieces: u32) -> Result<Room, TryAcquireError> {
        let objects = self.objects.clone().try_acquire_many_owned(objects)?;
        let pieces = self.pieces.clone().try_acquire_many_owned(pieces)?;
        Ok(Room { objects, pieces })
    }

    fn close(&self) {
        self.objects.close();
        self.pieces.close();
    }
}

impl Room {
    /// The part of it that one arrival takes; none when an envelope larger than all room has used
    /// it up.
    fn split(&mut self, arrival: &Arrival) -> Option<Self> {
        let objects = self.objects.split(1)?;
        let wanted = pieces(arrival).min(self.pieces.num_permits());
        let pieces = self.pieces.split(wanted)?;
        Some(Self { objects, pieces })
    }
}

fn pieces(arrival: &Arrival) -> usize {
    let contents = arrival.contents.as_ref();
    contents.map_or(0, |contents| contents.as_str().len().div_ceil(PIECE))
}

/// Where arrivals enter. Clones are the same entrance.
#[derive(Clone)]
pub struct Intake {
    inner: Arc<Inner>,
}

struct Inner {
    inbox: Arc<dyn Inbox>,
    bound: usize,
    outside: Hall,
    inside: Hall,
    /// How many objects, and pieces, of one node may wait; and the nodes of which some do.
    share: (usize, usize),
    shares: Mutex<HashMap<Rid, Weak<Hall>>>,
    sender: mpsc::UnboundedSender<Vec<Waiting>>,
    receiver: Mutex<Option<mpsc::UnboundedReceiver<Vec<Waiting>>>>,
}

impl Intake {
    /// An entrance into the inbox of a store, with room for `bound` objects from outside, of which
    /// those of one node take `share` at most, and as many from within.
    pub fn new(stores: &Stores, bound: usize, share: usize) -> Self {
        let bound = bound.clamp(1, Semaphore::MAX_PERMITS);
        let share = share.clamp(1, bound);
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            inner: Arc::new(Inner {
                inbox: stores.inbox.clone(),
                bound,
                outside: Hall::new(bound, PIECES),
                inside: Hall::new(bound, PIECES),
                share: (share, (PIECES * share / bound).max(1)),
                shares: Mutex::default(),
                sender,
                receiver: Mutex::new(Some(receiver)),
            }),
        }
    }

    /// Takes arrivals from outside, all or none. Waits for room, a few seconds at most. Durable when
    /// it returns.
    pub async fn accept(&self, arrivals: Vec<Arrival>) -> Result<(), IntakeError> {
        let deadline = Instant::now() + PATIENCE;
        let source = arrivals.first().and_then(|arrival| arrival.source.clone());
        let of_share = match source {
            Some(node) => {
                let hall = self.inner.share_of(&node);
                let (objects, pieces) = hall.room_for(&arrivals);
                let room = timeout_at(deadline, hall.acquire(objects, pieces)).await;
                let room = room.map_err(|_| IntakeError::Share {
                    node,
                    share: self.inner.share.0,
                })?;
                Some((room.map_err(|_| IntakeError::Closed)?, hall))
            }
            None => None,
        };
        let (objects, pieces) = self.inner.outside.room_for(&arrivals);
        let room = timeout_at(deadline, self.inner.outside.acquire(objects, pieces)).await;
        let room = room.map_err(|_| self.busy())?;
        let room = room.map_err(|_| IntakeError::Closed)?;
        self.store(arrivals, room, of_share).await
    }

    /// Takes what was published on this node, by the host, a guest or a client; all or none. Does
    /// not wait for room. Durable when it returns.
    pub async fn publish(&self, arrivals: Vec<Arrival>) -> Result<(), IntakeError> {
        let (objects, pieces) = self.inner.inside.room_for(&arrivals);
        let room = self.inner.inside.try_acquire(objects, pieces);
        let room = room.map_err(|error| match error {
            TryAcquireError::Closed => IntakeError::Closed,
            TryAcquireError::NoPermits => self.busy(),
        })?;
        self.store(arrivals, room, None).await
    }

    /// Hands over what a commit has put into the inbox, ids in the order of the arrivals.
    pub(crate) fn hand_over(&self, ids: Vec<u64>, arrivals: Vec<Arrival>) {
        self.inner.hand_over(ids, arrivals, None, None);
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
        room: Room,
        of_share: Option<(Room, Arc<Hall>)>,
    ) -> Result<(), IntakeError> {
        if arrivals.is_empty() {
            return Ok(());
        }
        let inner = self.inner.clone();
        // Its own task: a caller that goes away must not leave entries that nobody processes.
        let stored = tokio::spawn(async move {
            let ids = inner.inbox.accept(arrivals.clone()).await?;
            inner.hand_over(ids, arrivals, Some(room), of_share);
            Ok(())
        });
        stored.await.unwrap_or(Err(IntakeError::Closed))
    }

    fn busy(&self) -> IntakeError {
        IntakeError::Busy {
            bound: self.inner.bound,
        }
    }
}

impl Inner {
    /// The room for the objects of one node. It lasts as long as somebody has it.
    fn share_of(&self, source: &Rid) -> Arc<Hall> {
        // Each change is one insertion or removal.
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hall) = shares.get(source).and_then(Weak::upgrade) {
            return hall;
        }
        if shares.len() >= MANY_SHARES {
            shares.retain(|_, hall| hall.strong_count() > 0);
        }
        let hall = Arc::new(Hall::new(self.share.0, self.share.1));
        shares.insert(source.clone(), Arc::downgrade(&hall));
        hall
    }

    fn hand_over(
        &self,
        ids: Vec<u64>,
        arrivals: Vec<Arrival>,
        mut room: Option<Room>,
        mut of_share: Option<(Room, Arc<Hall>)>,
    ) {
        let due = Timestamp::now();
        let waiting = ids
            .into_iter()
            .zip(arrivals)
            .map(|(id, arrival)| Waiting {
                released: false,
                _room: Some(Place {
                    _among_all: room.as_mut().and_then(|room| room.split(&arrival)),
                    _of_share: of_share
                        .as_mut()
                        .and_then(|(room, hall)| Some((room.split(&arrival)?, hall.clone()))),
                }),
                entry: InboxEntry {
                    id,
                    arrival,
                    attempts: 0,
                    due,
                },
            })
            .collect();
        // Nobody listens any more: it is in the inbox and found at the next start.
        let _ = self.sender.send(waiting);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_bounded_in_bytes_as_well_as_in_objects_and_is_given_back() {
        let hall = Hall::new(10, 4);
        let large = hall.try_acquire(1, 3).unwrap();
        assert!(hall.try_acquire(1, 2).is_err());
        let small = hall.try_acquire(8, 1).unwrap();
        assert!(hall.try_acquire(2, 0).is_err());
        drop((large, small));
        assert!(hall.try_acquire(10, 4).is_ok());
    }

    fn of(node: &str, number: usize) -> Arrival {
        let rid = Rid::parse(&format!("orn:test.note:{number}")).unwrap();
        let event = koi_rid::Event::of_rid(koi_rid::EventType::New, rid);
        Arrival {
            source: Some(Rid::parse(&format!("orn:koi-net.node:{node}+1")).unwrap()),
            ..Arrival::from(event)
        }
    }

    #[tokio::test]
    async fn what_waits_of_one_node_leaves_room_for_that_of_others() {
        let folder = tempfile::tempdir().unwrap();
        let stores = koi_store::sqlite::open(&folder.path().join("store.db")).unwrap();
        let intake = Intake::new(&stores, 10, 3);
        intake.accept(vec![of("a", 1), of("a", 2)]).await.unwrap();
        let refused = intake.accept(vec![of("a", 3), of("a", 4)]).await;
        assert!(matches!(refused, Err(IntakeError::Share { share: 3, .. })));
        intake.accept(vec![of("b", 5)]).await.unwrap();
        // What is done makes room again.
        let mut waiting = intake.receiver().unwrap();
        drop(waiting.recv().await);
        intake.accept(vec![of("a", 3), of("a", 4)]).await.unwrap();
        // An envelope of more than that takes all of it.
        drop((waiting.recv().await, waiting.recv().await));
        let large = (0..5).map(|number| of("a", number)).collect();
        intake.accept(large).await.unwrap();
    }
}
