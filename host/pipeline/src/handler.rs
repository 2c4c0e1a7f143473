//! Handlers that belong to the host, and the object that passes through them.

use async_trait::async_trait;
use koi_rid::{Rid, Writer};
use koi_runtime::{KnowledgeObject, Phase};
use koi_store::{Arrival, Outgoing};

/// A knowledge object on its way through the pipeline.
#[derive(Debug, Clone)]
pub struct Object {
    /// What handlers, the extensions' too, get to see. A host handler may change what the phase
    /// allows: `normalized` until it is stored, `network_targets` in the Network phase.
    pub knowledge: KnowledgeObject,
    /// The guest that published or rewrote it.
    pub writer: Option<Writer>,
    /// The object whose handling brought this one about.
    pub cause: Option<Rid>,
    /// Stands in all log lines about it.
    pub correlation: String,
    /// Whether an extension's handler has said who is to be told.
    pub targets_by_guest: bool,
    /// Whether it is forgotten here alone: it has been kept for long enough, and was told by another
    /// node, where it stays. Nobody is told.
    pub is_forgotten_here_alone: bool,
    /// What is committed together with it, even if it is stopped; not if it fails.
    pub effects: Effects,
}

/// What a handler wants to happen besides.
#[derive(Debug, Clone, Default)]
pub struct Effects {
    /// Peers whose outbox is emptied; takes place before the two below.
    pub dropped_peers: Vec<Rid>,
    /// Events for one peer each, whatever the object's own targets are.
    pub outgoing: Vec<Outgoing>,
    /// Objects that enter the pipeline, in this order, after this one is committed.
    pub publications: Vec<Arrival>,
}

/// Where an object goes from a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// On.
    Continue,
    /// Nowhere: there is nothing (more) to do with it, for this reason.
    Stop(String),
}

/// Why a host handler failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// Another try may succeed: the object is given again, from the first phase on.
    #[error("{0}")]
    Transient(String),
    /// The object is bad, or its sender may not do this. It becomes a dead letter.
    #[error("{0}")]
    Refused(String),
}

/// A handler of the host. Runs before all extensions' handlers of its phase, in the order of the
/// list that the pipeline was started with. It may see an object again after a failure or a crash.
#[async_trait]
pub trait HostHandler: Send + Sync {
    /// What logs and dead letters call it.
    fn name(&self) -> &'static str;

    /// The phases it is called in.
    fn phases(&self) -> &'static [Phase];

    /// Whether it wants objects of a RID type.
    fn handles(&self, rid_type: &str) -> bool;

    /// Looks at one object in the phase that `object.knowledge.phase` tells. In the Final phase the
    /// object is stored already: effects and errors no longer count, errors are logged.
    async fn handle(&self, object: &mut Object) -> Result<Flow, HandlerError>;
}
