//! What goes into a call of an extension and what comes out of it.

use std::sync::Arc;

use koi_rid::{Contents, EventType, Manifest, Rid};

use crate::limits::Limits;
use crate::ports::{CallContext, Caller, KnownBundle, Ports};

/// On whose behalf, with which reach and within which bounds a call is made.
#[derive(Clone)]
pub struct Call {
    /// Which call it is.
    pub context: CallContext,
    /// All that the guest can reach in it.
    pub ports: Arc<Ports>,
    /// Whoever caused it.
    pub caller: Arc<dyn Caller>,
    /// What it may use up.
    pub limits: Limits,
    /// In which instance it runs.
    pub mode: Mode,
}

/// How long an instance lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Mode {
    /// For one call. Nothing in its memory survives it.
    #[default]
    Fresh,
    /// For many calls, one after another, beside others of its kind. What a call leaves in memory may
    /// or may not be there in the next one.
    Pooled,
    /// For all calls of the extension, one after another. What is in memory is the extension's state.
    Singleton,
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Fresh, Self::Pooled, Self::Singleton];

    /// `fresh`, `pooled` or `singleton`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Pooled => "pooled",
            Self::Singleton => "singleton",
        }
    }
}

/// Which interfaces an extension exports beyond `extension`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exports {
    /// `rid-types`: references of its RID types.
    pub rid_types: bool,
    /// `schemas`: validation beyond JSON Schema, transformation.
    pub schemas: bool,
    /// `handlers`: its part in the pipeline.
    pub handlers: bool,
    /// `tools`: MCP tools.
    pub tools: bool,
    /// `resources`: MCP resources.
    pub resources: bool,
    /// `prompts`: MCP prompts.
    pub prompts: bool,
    /// `completions`: completion of arguments.
    pub completions: bool,
    /// `schedule`: jobs.
    pub schedule: bool,
    /// `state`: what a singleton saves and loads.
    pub state: bool,
}

/// The phases of the pipeline, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Only the RID and the event type are known.
    Rid,
    /// The manifest is known.
    Manifest,
    /// The contents are known.
    Bundle,
    /// It is stored; who is told is decided.
    Network,
    /// It has been handed to delivery.
    Final,
}

impl Phase {
    /// All phases, in their order.
    pub const ALL: [Self; 5] = [
        Self::Rid,
        Self::Manifest,
        Self::Bundle,
        Self::Network,
        Self::Final,
    ];

    /// `rid`, `manifest`, `bundle`, `network` or `final`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rid => "rid",
            Self::Manifest => "manifest",
            Self::Bundle => "bundle",
            Self::Network => "network",
            Self::Final => "final",
        }
    }
}

impl std::str::FromStr for Phase {
    type Err = UnknownPhase;

    fn from_str(text: &str) -> Result<Self, UnknownPhase> {
        Self::ALL
            .into_iter()
            .find(|phase| phase.as_str() == text)
            .ok_or_else(|| UnknownPhase(text.chars().take(64).collect()))
    }
}

/// The text names no phase.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no phase of the pipeline: `rid`, `manifest`, `bundle`, `network` or `final`")]
pub struct UnknownPhase(pub String);

/// A knowledge object on its way through the pipeline, as a handler sees it.
#[derive(Debug, Clone)]
pub struct KnowledgeObject {
    /// What it is about.
    pub rid: Rid,
    /// Where it is.
    pub phase: Phase,
    /// The event type as it was received or published.
    pub event_type: Option<EventType>,
    /// What this node is about to do, or did.
    pub normalized: Option<EventType>,
    /// The node that it came from.
    pub source: Option<Rid>,
    /// From the manifest phase on.
    pub manifest: Option<Manifest>,
    /// From the bundle phase on.
    pub contents: Option<Contents>,
    /// From the network phase on: nodes that will be told.
    pub network_targets: Vec<Rid>,
    /// What was stored under this RID before; from the bundle phase on.
    pub previous: Option<KnownBundle>,
    /// How many handlers published before this object came to be.
    pub depth: u32,
}

impl KnowledgeObject {
    /// What handlers of one kind of event are told that it is. What it is at this node counts, once that is
    /// known: a NEW of what the node has is an UPDATE. Before that it is what its sender called it, and
    /// knowledge that was only listed may be new.
    pub fn happens(&self) -> EventType {
        self.normalized
            .or(self.event_type)
            .unwrap_or(EventType::New)
    }
}

/// What a handler wants to become of an object. Texts are as the guest gave them, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on as it is.
    Unchanged,
    /// It goes on changed.
    Replace(Replacement),
    /// It ends here, on purpose, for this reason.
    Stop(String),
}

/// Changes that a handler makes to an object. What is none stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replacement {
    /// New contents.
    pub contents: Option<String>,
    /// A new normalised event type.
    pub normalized: Option<String>,
    /// All the nodes to tell.
    pub network_targets: Option<Vec<String>>,
}

/// A reference that an extension understood. Texts are as the guest gave them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedReference {
    /// The reference in its canonical form.
    pub canonical: String,
    /// Its parts, as a JSON object.
    pub parts: String,
}

/// What is to be completed. Texts are as the client gave them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What `name` names: `prompt` or `resource-template`.
    pub kind: &'static str,
    /// The name of the prompt, or the URI template.
    pub name: String,
    /// Which argument or variable.
    pub argument: String,
    /// What was typed so far.
    pub value: String,
    /// A JSON object: `arguments`, those that were given already.
    pub context: String,
}

/// One piece of contents of an MCP resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceContents {
    /// Its URI.
    pub uri: String,
    /// Its media type.
    pub mime_type: Option<String>,
    /// What it holds.
    pub body: ResourceBody,
    /// A JSON object for MCP's `_meta`, as the guest gave it.
    pub meta: String,
}

/// What a resource holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceBody {
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}
