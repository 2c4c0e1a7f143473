//! One object's way through the phases, up to what is to be committed.
//!
//! Nothing here changes the store: a journey that fails can be made again from its beginning. What a
//! guest publishes on the way is durable on its own and may come twice.

use std::sync::Arc;

use koi_registry::{Invocation, Snapshot};
use koi_rid::{Contents, Event, EventType, Rid, RidType};
use koi_runtime::ports::KnownBundle;
use koi_runtime::{KnowledgeObject, Outcome, Phase};
use koi_store::{Arrival, ArrivalKind, StoredBundle};
use tokio::sync::SemaphorePermit;

use crate::fault::Fault;
use crate::settle::World;
use crate::{Effects, Flow, MAX_DEPTH, Object, replacement, rules};

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
pub(crate) enum Before {
    /// Not known yet.
    #[default]
    Unread,
    /// This, or nothing.
    Read(Option<StoredBundle>),
}

pub(crate) struct Journey<'a> {
    world: &'a World,
    snapshot: Arc<Snapshot>,
    rid_type: RidType,
    invocation: Invocation,
    object: Object,
    before: Before,
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
            effects: Effects::default(),
        };
        Self {
            before,
            ..Self::of(world, object)
        }
    }

    /// The rest of a journey whose object has been committed: the Final phase.
    pub(crate) fn after_commit(world: &'a World, mut object: Object) -> Self {
        object.knowledge.phase = Phase::Final;
        Self::of(world, object)
    }

    fn of(world: &'a World, object: Object) -> Self {
        Self {
            world,
            snapshot: world.registry.snapshot(),
            rid_type: object.knowledge.rid.rid_type(),
            invocation: Invocation {
                cause: Some(object.knowledge.rid.clone()),
                depth: object.knowledge.depth,
                ..Invocation::new(object.correlation.as_str())
            },
            object,
            before: Before::Unread,
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

    pub(crate) fn into_object(self) -> Object {
        self.object
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
        self.object.knowledge.phase = Phase::Network;
        self.host_handlers().await?;
        let targets = self.object.knowledge.network_targets.clone();
        self.guest_handlers().await?;
        if self.object.knowledge.network_targets != targets {
            self.keep_known_targets().await?;
        }
        Ok(())
    }

    /// Nobody delivers to nodes that are not known: what is enqueued for them would stay for ever.
    async fn keep_known_targets(&mut self) -> Result<(), Halt> {
        let targets = &mut self.object.knowledge.network_targets;
        let known = self.world.stores.bundles.read_many(targets).await?;
        *targets = known
            .into_iter()
            .map(|known| known.bundle.manifest.rid)
            .collect();
        Ok(())
    }

    async fn rid_phase(&mut self) -> Result<(), Halt> {
        let knowledge = &mut self.object.knowledge;
        if knowledge.depth > MAX_DEPTH {
            let reason = format!(
                "{} causes stand behind it, more than {MAX_DEPTH}: handlers answer each other",
                knowledge.depth
            );
            return Err(Fault::refused("too-deep", reason).into());
        }
        let verdict = rules::judge_rid(
            &knowledge.rid,
            knowledge.source.as_ref(),
            &self.world.node_rid,
        );
        if let Flow::Stop(reason) = verdict {
            return Err(Halt::Stop(reason));
        }
        if knowledge.event_type == Some(EventType::Forget) {
            knowledge.normalized = Some(EventType::Forget);
        }
        if let Some(owner) = self.snapshot.rid_types.get(&self.rid_type) {
            owner
                .parse_reference(&self.object.knowledge.rid, self.invocation.clone())
                .await
                .map_err(|error| Fault::call(&owner.extension, &error))?;
        }
        self.host_handlers().await?;
        self.guest_handlers().await
    }

    /// For a FORGET: later handlers get to see what is about to go.
    async fn recall(&mut self) -> Result<(), Halt> {
        self.read_previous().await?;
        let knowledge = &mut self.object.knowledge;
        let Some(previous) = &knowledge.previous else {
            return Err(Halt::Stop(
                "nothing is stored that could be forgotten".to_owned(),
            ));
        };
        knowledge.manifest = Some(previous.bundle.manifest.clone());
        knowledge.contents = Some(previous.bundle.contents.clone());
        Ok(())
    }

    async fn manifest_phase(&mut self) -> Result<(), Halt> {
        self.object.knowledge.phase = Phase::Manifest;
        if self.object.knowledge.manifest.is_none() {
            let source = self.source_to_ask()?;
            let rid = self.object.knowledge.rid.clone();
            self.rest();
            let manifest = self.world.fetch.manifest(&source, &rid).await;
            self.work().await;
            let manifest = manifest.map_err(Fault::from)?;
            self.object.knowledge.manifest = Some(manifest.ok_or_else(|| gone(&source))?);
        }
        self.read_previous().await?;
        self.judge_manifest()?;
        self.host_handlers().await?;
        self.guest_handlers().await?;
        match self.object.knowledge.normalized {
            Some(EventType::New | EventType::Update) => Ok(()),
            Some(EventType::Forget) if self.object.knowledge.previous.is_some() => Ok(()),
            _ => Err(Halt::Stop("nothing is left to be done with it".to_owned())),
        }
    }

    /// Gets the contents if they did not come along, and checks that all belongs together.
    async fn complete(&mut self) -> Result<(), Halt> {
        let knowledge = &self.object.knowledge;
        if knowledge.contents.as_ref().is_none_or(Contents::is_empty) {
            let source = self.source_to_ask()?;
            let rid = knowledge.rid.clone();
            self.rest();
            let bundle = self.world.fetch.bundle(&source, &rid).await;
            self.work().await;
            let bundle = bundle.map_err(Fault::from)?.ok_or_else(|| gone(&source))?;
            let newer = self.object.knowledge.manifest.as_ref() != Some(&bundle.manifest);
            self.object.knowledge.manifest = Some(bundle.manifest);
            self.object.knowledge.contents = Some(bundle.contents);
            if newer && self.object.knowledge.normalized != Some(EventType::Forget) {
                self.judge_manifest()?;
            }
        }
        let (Some(manifest), Some(contents)) = (
            &self.object.knowledge.manifest,
            &self.object.knowledge.contents,
        ) else {
            return Err(Fault::refused("incomplete", "it has no manifest or no contents").into());
        };
        if contents.is_empty() {
            return Err(Fault::refused("invalid-input", "its contents are empty").into());
        }
        let hash = contents.hash();
        if manifest.sha256_hash != hash {
            let reason = format!(
                "its manifest claims the hash {}, its contents have {hash}",
                manifest.sha256_hash
            );
            return Err(Fault::refused("hash-mismatch", reason).into());
        }
        Ok(())
    }

    async fn bundle_phase(&mut self) -> Result<(), Halt> {
        self.object.knowledge.phase = Phase::Bundle;
        self.host_handlers().await?;
        self.check_schema().await?;
        let before = self.object.knowledge.contents.clone();
        self.guest_handlers().await?;
        if self.object.knowledge.contents != before {
            self.check_schema().await?;
        }
        Ok(())
    }

    /// The rules of the type's owner for contents.
    async fn check_schema(&self) -> Result<(), Halt> {
        let knowledge = &self.object.knowledge;
        let (Some(owner), Some(contents)) = (
            self.snapshot.rid_types.get(&self.rid_type),
            &knowledge.contents,
        ) else {
            return Ok(());
        };
        if knowledge.normalized == Some(EventType::Forget) {
            return Ok(());
        }
        owner
            .validate(contents, self.invocation.clone())
            .await
            .map_err(|error| Fault::call(&owner.extension, &error).into())
    }

    /// The host's handlers of the present phase.
    pub(crate) async fn host_handlers(&mut self) -> Result<(), Halt> {
        for handler in &self.world.handlers {
            if !handler.phases().contains(&self.object.knowledge.phase)
                || !handler.handles(self.rid_type.as_str())
            {
                continue;
            }
            match handler.handle(&mut self.object).await {
                Ok(Flow::Continue) => {}
                Ok(Flow::Stop(reason)) => {
                    return Err(Halt::Stop(format!("{}: {reason}", handler.name())));
                }
                Err(error) => return Err(Fault::handler(handler.name(), error).into()),
            }
        }
        Ok(())
    }

    /// The extensions' handlers of the present phase.
    pub(crate) async fn guest_handlers(&mut self) -> Result<(), Halt> {
        let knowledge = &self.object.knowledge;
        // What it is here counts, once that is known: a NEW of what this node has is an UPDATE. Before
        // that it is what its sender called it, and knowledge that was only listed may be new.
        let event_type = knowledge
            .normalized
            .or(knowledge.event_type)
            .or(Some(EventType::New));
        let (phase, rid) = (knowledge.phase, knowledge.rid.clone());
        let snapshot = self.snapshot.clone();
        for handler in snapshot.handlers_for(phase, &rid, event_type) {
            let outcome = handler
                .handle(&self.object.knowledge, self.invocation.clone())
                .await
                .map_err(|error| Fault::call(handler.extension(), &error))?;
            match outcome {
                Outcome::Unchanged => {}
                Outcome::Stop(reason) => {
                    return Err(Halt::Stop(format!("{}: {reason}", handler.extension())));
                }
                Outcome::Replace(changes) => {
                    replacement::apply(&mut self.object, handler, changes, &self.world.node_rid)?;
                }
            }
        }
        Ok(())
    }

    fn judge_manifest(&mut self) -> Result<(), Halt> {
        let knowledge = &mut self.object.knowledge;
        let Some(manifest) = &knowledge.manifest else {
            return Err(Fault::refused("incomplete", "it has no manifest").into());
        };
        if manifest.rid != knowledge.rid {
            let reason = format!(
                "it is about {}, its manifest about {}",
                knowledge.rid, manifest.rid
            );
            return Err(Fault::refused("rid-mismatch", reason).into());
        }
        let stored = knowledge
            .previous
            .as_ref()
            .map(|previous| &previous.bundle.manifest);
        knowledge.normalized = Some(rules::judge_manifest(manifest, stored).map_err(Halt::Stop)?);
        Ok(())
    }

    async fn read_previous(&mut self) -> Result<(), Halt> {
        let stored = match std::mem::take(&mut self.before) {
            Before::Read(stored) => stored,
            Before::Unread => {
                let bundles = &self.world.stores.bundles;
                bundles.read(&self.object.knowledge.rid).await?
            }
        };
        self.object.knowledge.previous = stored.map(|stored| KnownBundle {
            bundle: stored.bundle,
            written_by: stored.written_by,
        });
        Ok(())
    }

    fn source_to_ask(&self) -> Result<Rid, Halt> {
        self.object.knowledge.source.clone().ok_or_else(|| {
            Fault::refused(
                "incomplete",
                "it came without contents, and there is no node to ask",
            )
            .into()
        })
    }

    /// Waits for a worker.
    pub(crate) async fn work(&mut self) {
        // The semaphore is never closed.
        self.worker = self.world.workers.acquire().await.ok();
    }
}

fn gone(source: &Rid) -> Halt {
    Halt::Stop(format!("{source} does not have it any more"))
}
