//! The running pipeline: takes objects from the intake, runs their lanes, settles each one.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use koi_registry::Registry;
use koi_rid::Rid;
use koi_store::{InboxEntry, StoreError, Stores};
use tokio::sync::{broadcast, mpsc, watch};

use crate::intake::Waiting;
use crate::journey::Before;
use crate::settle::World;
use crate::{Bell, Change, Fetch, HostHandler, Intake, Lifetimes, expiry};

/// How many changes a listener may lag behind before it misses some.
const CHANGES_KEPT: usize = 4096;

/// How many inbox entries are read at once at the start.
const RECOVERY_PAGE: u32 = 500;

/// How many hand-overs of the intake are taken at once.
const HAND_OVERS_AT_ONCE: usize = 64;

/// What a pipeline is made of.
pub struct PipelineParts {
    /// Where everything is kept.
    pub stores: Stores,
    /// The entrance, which serves one pipeline.
    pub intake: Intake,
    /// The extensions.
    pub registry: Registry,
    /// This node.
    pub node_rid: Rid,
    /// The host's handlers, in the order in which they are called.
    pub host_handlers: Vec<Arc<dyn HostHandler>>,
    /// How other nodes are asked.
    pub fetch: Arc<dyn Fetch>,
    /// How many objects are worked on at once; those that wait for another node are not counted.
    pub workers: usize,
    /// How transient failures are tried again.
    pub retry: Retry,
    /// Which knowledge is not kept for good.
    pub lifetimes: Lifetimes,
}

/// How transient failures are tried again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// How often, after the first try.
    pub times: u32,
    /// How long to wait before the first of them.
    pub first: Duration,
    /// How much longer each wait is than the one before.
    pub growth: f64,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            times: 3,
            first: Duration::from_secs(1),
            growth: 1.5,
        }
    }
}

impl Retry {
    /// The wait before the given retry, 1 for the first; none if there is no such retry.
    pub(crate) fn wait(&self, retry: u32) -> Option<Duration> {
        if retry == 0 || retry > self.times {
            return None;
        }
        let exponent = i32::try_from(retry - 1).unwrap_or(i32::MAX);
        let seconds = self.first.as_secs_f64() * self.growth.max(1.0).powi(exponent);
        Some(Duration::try_from_secs_f64(seconds.min(3600.0)).unwrap_or(self.first))
    }
}

/// Why a pipeline could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The entrance serves a pipeline already.
    #[error("the intake belongs to another pipeline already: make one intake for each")]
    IntakeTaken,
    /// There is no such dead letter.
    #[error("there is no dead letter {0}: list them to see their numbers")]
    NoSuchLetter(u64),
    /// A dead letter was not driven again, and stays.
    #[error("dead letter {id} stays: {reason}")]
    StillDead {
        /// Its number.
        id: u64,
        /// Why.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A running pipeline. Clones are the same one.
#[derive(Clone)]
pub struct Pipeline {
    world: Arc<World>,
}

impl Pipeline {
    /// Starts a pipeline. What an earlier run left in the inbox is taken up first.
    pub fn start(parts: PipelineParts) -> BoxFuture<'static, Result<Self, PipelineError>> {
        Box::pin(async move {
            let receiver = parts.intake.receiver().ok_or(PipelineError::IntakeTaken)?;
            let stores = parts.stores.clone();
            let (changes, _) = broadcast::channel(CHANGES_KEPT);
            let world = Arc::new(World::new(parts, changes));
            // Before anything is held: no Snapshot that comes later is missed.
            let generations = world.registry.changes();
            let mut last = 0;
            loop {
                let page = stores.inbox.pending(last, RECOVERY_PAGE).await?;
                let Some(entry) = page.last() else { break };
                last = entry.id;
                for entry in page {
                    proceed(&world, entry, false);
                }
            }
            world.tasks.spawn(release(world.clone(), generations));
            let dispatch = dispatch(world.clone(), receiver, last);
            world.tasks.spawn(dispatch);
            world.tasks.spawn(expiry::run(world.clone()));
            Ok(Self { world })
        })
    }

    /// Everything that is stored or forgotten from now on. A listener that lags far behind is told
    /// that it missed some.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.world.changes.subscribe()
    }

    /// The bell for outbox rows. It has one listener: whoever delivers.
    pub fn deliveries(&self) -> Bell {
        self.world.deliveries.clone()
    }

    /// Gives a dead letter another try. One that was given up on its way in is taken from the first
    /// phase on and, if it fails again, is among the dead letters again under a new number. One of the
    /// Final phase runs that phase now; it stays where it is if that fails. Of one that a peer did not
    /// take, the peer is told what this node has now.
    pub fn redrive(&self, id: u64) -> BoxFuture<'_, Result<(), PipelineError>> {
        Box::pin(async move {
            let world = self.world.clone();
            // Its own task: a caller that goes away must not leave an entry that nobody processes.
            let driven = tokio::spawn(async move { world.redrive(id).await });
            driven.await.unwrap_or_else(|_| {
                Err(PipelineError::StillDead {
                    id,
                    reason: "the host failed; its log says more".to_owned(),
                })
            })
        })
    }

    /// Takes nothing more and finishes the objects that are being worked on, for as long as
    /// `patience`. All others wait in the inbox for the next start.
    pub async fn drain(&self, patience: Duration) {
        self.world.intake.close();
        self.world.stopping.cancel();
        self.world.tasks.close();
        if tokio::time::timeout(patience, self.world.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                "some objects were still being processed; they are taken up at the next start"
            );
        }
    }
}

/// Puts an object that was read from the inbox into its lane.
fn proceed(world: &Arc<World>, entry: InboxEntry, released: bool) {
    let waiting = Waiting {
        entry,
        released,
        _room: None,
    };
    if let Some(first) = world.lanes.put(waiting) {
        run(world, first, Before::Unread);
    }
}

/// Lets go on what waits for extensions that run again, or are not installed any more. What arrives
/// meanwhile under the same RIDs is held behind it.
async fn release(world: Arc<World>, mut generations: watch::Receiver<u64>) {
    loop {
        tokio::select! {
            () = world.stopping.cancelled() => return,
            () = world.held.outdated() => {}
            changed = generations.changed() => if changed.is_err() { return },
        }
        for rid in world.held.rids() {
            while world.registry.snapshot().missing_for(&rid).is_none() {
                let Some(id) = world.held.take(&rid) else {
                    break;
                };
                let Some(entry) = world.inbox_entry(id).await else {
                    return;
                };
                match entry {
                    Some(entry) => proceed(&world, entry, true),
                    None => world.held.ended(&rid),
                }
            }
        }
    }
}

/// Moves objects from the intake to their lanes. Those up to `recovered` were found in the inbox.
async fn dispatch(
    world: Arc<World>,
    mut receiver: mpsc::UnboundedReceiver<Vec<Waiting>>,
    recovered: u64,
) {
    let mut received = Vec::new();
    loop {
        let count = tokio::select! {
            biased;
            () = world.stopping.cancelled() => return,
            count = receiver.recv_many(&mut received, HAND_OVERS_AT_ONCE) => count,
        };
        if count == 0 {
            return;
        }
        let first = received
            .drain(..)
            .flatten()
            .filter(|waiting| waiting.entry.id > recovered)
            .filter_map(|waiting| world.lanes.put(waiting))
            .collect();
        run_all(&world, first).await;
    }
}

/// Runs lanes that begin with these objects. What is stored under their RIDs is read at once, which
/// costs a fraction of as many reads; until a lane ends nobody else changes that.
async fn run_all(world: &Arc<World>, first: Vec<Waiting>) {
    let rids: Vec<Rid> = first
        .iter()
        .map(|waiting| waiting.entry.arrival.rid.clone())
        .collect();
    let stored = world.stores.bundles.read_many(&rids).await;
    let mut stored = stored.ok().map(|stored| {
        let stored = stored.into_iter();
        stored
            .map(|stored| (stored.bundle.manifest.rid.clone(), stored))
            .collect::<HashMap<_, _>>()
    });
    for waiting in first {
        let before = match &mut stored {
            Some(stored) => Before::Read(stored.remove(&waiting.entry.arrival.rid)),
            // The object meets the failure by itself, where it is tried again.
            None => Before::Unread,
        };
        run(world, waiting, before);
    }
}

/// Runs a lane that begins with this object.
fn run(world: &Arc<World>, first: Waiting, before: Before) {
    let lane = world.clone();
    world.tasks.spawn(async move {
        let rid = first.entry.arrival.rid.clone();
        let mut current = Some((first, before));
        while let Some((waiting, before)) = current {
            let settled = AssertUnwindSafe(lane.settle(&waiting, before));
            if settled.catch_unwind().await.is_err() {
                // The lane goes on; the object is in the inbox and taken up at the next start.
                tracing::error!(rid = %rid, "the host failed while it settled an object");
            }
            if waiting.released {
                lane.held.ended(&rid);
            }
            drop(waiting);
            if lane.stopping.is_cancelled() {
                return;
            }
            current = lane.lanes.next(&rid).map(|next| (next, Before::Unread));
        }
    });
}
