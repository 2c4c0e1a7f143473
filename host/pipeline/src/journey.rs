//! One object's way through the phases, up to what is to be committed.
//!
//! Nothing here changes the store: a journey that fails can be made again from its beginning. What a
//! guest publishes on the way is durable on its own and may come twice.

mod handlers;
mod phases;

use std::sync::Arc;

use koi_registry::{Invocation, Snapshot};
use koi_rid::{Event, EventType, Rid, RidType};
use koi_runtime::{KnowledgeObject, Phase};
use koi_store::{Arrival, ArrivalKind, StoredBundle};
use tokio::sync::SemaphorePermit;

use crate::fault::Fault;
use crate::settle::World;
use crate::{Effects, Object};

/// Why a journey ends before its last phase.
pub(crate) enum Halt {
    /// There is nothing (more) to do.
    Stop(String),
    /// It failed.
    Fault(Fault),
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<koi_store::StoreError> for Halt {
    fn from(error: koi_store::StoreError) -> Self {
        Self::Fault(error.into())
    }
}

/// What is stored under an object's RID when its journey begins.
#[derive(Default)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each journey, and nearly always the large one"
)]
pub(crate) enum Before {
    /// Not known yet.
    #[default]
    Unread,
    /// This, or nothing.
    Read(Option<StoredBundle>),
}

pub(crate) struct Journey<'a> {
    world: &'a World,
    pub(crate) snapshot: Arc<Snapshot>,
    rid_type: RidType,
    invocation: Invocation,
    object: Object,
    before: Before,
    /// The node that told of what is stored.
    told_by: Option<Rid>,
    /// Held while the object is worked on, not while it waits for another node.
    worker: Option<SemaphorePermit<'a>>,
}

impl<'a> Journey<'a> {
    pub(crate) fn new(world: &'a World, arrival: &Arrival, before: Before) -> Self {
        let event_type = match arrival.kind {
            ArrivalKind::Event(event_type) => Some(event_type),
            ArrivalKind::Listed => None,
        };
        let object = Object {
            knowledge: KnowledgeObject {
                rid: arrival.rid.clone(),
                phase: Phase::Rid,
                event_type,
                normalized: None,
                source: arrival.source.clone(),
                manifest: arrival.manifest.clone(),
                contents: arrival.contents.clone(),
                network_targets: Vec::new(),
                previous: None,
                depth: arrival.depth,
            },
            writer: arrival.writer.clone(),
            cause: arrival.cause.clone(),
            correlation: arrival.correlation.clone(),
            targets_by_guest: false,
            is_forgotten_here_alone: false,
            effects: Effects::default(),
        };
        Self {
            before,
            ..Self::of(world, object, world.registry.snapshot())
        }
    }

    /// The rest of a journey whose object has been committed, with the snapshot that it began with:
    /// the Final phase.
    pub(crate) fn after_commit(
        world: &'a World,
        mut object: Object,
        snapshot: Arc<Snapshot>,
    ) -> Self {
        object.knowledge.phase = Phase::Final;
        Self::of(world, object, snapshot)
    }

    /// The Final phase of an object that was committed long ago.
    pub(crate) fn final_again(world: &'a World, letter: &Arrival) -> Self {
        let mut journey = Self::new(world, letter, Before::Unread);
        let knowledge = &mut journey.object.knowledge;
        knowledge.phase = Phase::Final;
        knowledge.normalized = knowledge.event_type;
        journey
    }

    fn of(world: &'a World, object: Object, snapshot: Arc<Snapshot>) -> Self {
        Self {
            world,
            snapshot,
            rid_type: object.knowledge.rid.rid_type(),
            invocation: Invocation {
                cause: Some(object.knowledge.rid.clone()),
                depth: object.knowledge.depth,
                ..Invocation::new(object.correlation.as_str())
            },
            object,
            before: Before::Unread,
            told_by: None,
            worker: None,
        }
    }

    /// Lets others work.
    pub(crate) fn rest(&mut self) {
        self.worker = None;
    }

    pub(crate) fn phase(&self) -> Phase {
        self.object.knowledge.phase
    }

    /// The object, and the snapshot that it has passed through.
    pub(crate) fn into_parts(self) -> (Object, Arc<Snapshot>) {
        (self.object, self.snapshot)
    }

    /// The object as an arrival, for a dead letter of the Final phase.
    pub(crate) fn letter(&self) -> Arrival {
        let knowledge = &self.object.knowledge;
        let event_type = knowledge.normalized.unwrap_or(EventType::Update);
        Arrival {
            kind: ArrivalKind::Event(event_type),
            manifest: knowledge.manifest.clone(),
            contents: knowledge.contents.clone(),
            source: knowledge.source.clone(),
            writer: self.object.writer.clone(),
            cause: self.object.cause.clone(),
            depth: knowledge.depth,
            correlation: self.object.correlation.clone(),
            ..Arrival::from(Event::of_rid(event_type, knowledge.rid.clone()))
        }
    }

    /// From the RID phase to the end of the Network phase. With `Ok`, the object's `normalized` and
    /// `network_targets` say what to commit.
    pub(crate) async fn run(&mut self) -> Result<(), Halt> {
        self.work().await;
        self.rid_phase().await?;
        if self.object.knowledge.normalized == Some(EventType::Forget) {
            self.recall().await?;
        } else {
            self.manifest_phase().await?;
            self.complete().await?;
        }
        self.bundle_phase().await?;
        self.network_phase().await
    }

    /// Waits for a worker.
    pub(crate) async fn work(&mut self) {
        // The semaphore is never closed.
        self.worker = self.world.workers.acquire().await.ok();
    }
}
