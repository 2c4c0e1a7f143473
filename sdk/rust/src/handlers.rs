//! Knowledge handlers: the extension's part in the five-phase pipeline.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bindings::handlers::exports::koi::extension::handlers as wit_handlers;
use crate::bindings::imports::koi::extension::types as wit;
use crate::{Bundle, Error, Json, Result, Rid};

/// Looks at knowledge objects on their way through the pipeline.
pub trait Handlers {
    /// Looks at one object in one of the phases that the description asks for. Objects may come
    /// again after a failure or a crash, so the same object twice must lead to the same knowledge.
    ///
    /// # Errors
    /// `transient` ones are tried again with back-off; any other puts the object among the dead
    /// letters with its message.
    fn handle(object: KnowledgeObject) -> Result<Outcome>;
}

/// A phase of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Phase {
    /// The RID is known.
    Rid,
    /// Timestamp and hash are known.
    Manifest,
    /// The contents are known.
    Bundle,
    /// The object is stored; who will be told can be changed.
    Network,
    /// All is done.
    Final,
}

impl FromStr for Phase {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "rid" => Ok(Self::Rid),
            "manifest" => Ok(Self::Manifest),
            "bundle" => Ok(Self::Bundle),
            "network" => Ok(Self::Network),
            "final" => Ok(Self::Final),
            _ => Err(Error::permanent(format!(
                "this extension's SDK knows no phase `{text}`"
            ))),
        }
    }
}

/// What happened, or is about to happen, to a piece of knowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum EventType {
    /// It came into being.
    New,
    /// It changed.
    Update,
    /// It is gone.
    Forget,
}

impl EventType {
    /// `NEW`, `UPDATE` or `FORGET`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::Update => "UPDATE",
            Self::Forget => "FORGET",
        }
    }
}

impl FromStr for EventType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "NEW" => Ok(Self::New),
            "UPDATE" => Ok(Self::Update),
            "FORGET" => Ok(Self::Forget),
            _ => Err(Error::permanent(format!(
                "this extension's SDK knows no event type `{text}`"
            ))),
        }
    }
}

/// A knowledge object on its way through the pipeline. What is known grows from phase to phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnowledgeObject {
    /// Its name.
    pub rid: Rid,
    /// The phase that it is in.
    pub phase: Phase,
    /// The event as it was received or published; none for knowledge that was fetched.
    pub event_type: Option<EventType>,
    /// What this node is about to do, or did: `New` or `Update` write, `Forget` deletes.
    pub normalized_event_type: Option<EventType>,
    /// The node that it came from; none if it came into being here.
    pub source: Option<Rid>,
    /// RFC 3339, UTC; from the manifest phase on.
    pub timestamp: Option<String>,
    /// From the manifest phase on.
    pub sha256_hash: Option<String>,
    /// A JSON object; from the bundle phase on.
    pub contents: Option<Json>,
    /// Nodes that will be told; from the network phase on.
    pub network_targets: Vec<Rid>,
    /// What was stored under this RID before, if anything was; from the bundle phase on.
    pub previous: Option<Bundle>,
    /// A JSON object with everything else that is known.
    pub meta: Json,
}

impl KnowledgeObject {
    /// An object of which only the RID and the phase are known: where a unit test begins.
    pub fn new(rid: Rid, phase: Phase) -> Self {
        Self {
            rid,
            phase,
            event_type: None,
            normalized_event_type: None,
            source: None,
            timestamp: None,
            sha256_hash: None,
            contents: None,
            network_targets: Vec::new(),
            previous: None,
            meta: Json::trusted("{}".into()),
        }
    }

    /// The contents as a value.
    ///
    /// # Errors
    /// `invalid-input` if they do not have the form of `T`, `permanent` if this phase knows none.
    pub fn contents_as<T: DeserializeOwned>(&self) -> Result<T> {
        match &self.contents {
            Some(contents) => crate::bundle::contents_as(&self.rid, contents),
            None => Err(Error::permanent(format!(
                "the contents of {} are not known in the {:?} phase",
                self.rid, self.phase
            ))),
        }
    }
}

/// What becomes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on as it is.
    Unchanged,
    /// It goes on changed.
    Replace(Replacement),
    /// It ends here, on purpose; the text says why and goes to the log.
    Stop(String),
}

impl Outcome {
    /// It ends here, on purpose, for this reason.
    pub fn stop(reason: impl Into<String>) -> Self {
        Self::Stop(reason.into())
    }
}

impl From<Replacement> for Outcome {
    fn from(replacement: Replacement) -> Self {
        Self::Replace(replacement)
    }
}

/// Changes to a knowledge object. What is not named stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replacement {
    /// New contents, a JSON object; only in the bundle phase.
    pub contents: Option<Json>,
    /// What the node is to do; in the manifest and bundle phases.
    pub normalized_event_type: Option<EventType>,
    /// All the nodes to tell, in place of the list that was given; only in the network phase.
    pub network_targets: Option<Vec<Rid>>,
}

impl Replacement {
    /// New contents, which have to make a JSON object.
    ///
    /// # Errors
    /// `permanent` if the value has no JSON form.
    pub fn contents(contents: &impl Serialize) -> Result<Self> {
        Ok(Self {
            contents: Some(Json::of(contents)?),
            ..Self::default()
        })
    }

    /// All the nodes to tell.
    pub fn network_targets(targets: impl IntoIterator<Item = Rid>) -> Self {
        Self {
            network_targets: Some(targets.into_iter().collect()),
            ..Self::default()
        }
    }

    /// What the node is to do.
    pub fn normalized_event_type(event_type: EventType) -> Self {
        Self {
            normalized_event_type: Some(event_type),
            ..Self::default()
        }
    }
}

impl TryFrom<wit_handlers::KnowledgeObject> for KnowledgeObject {
    type Error = Error;

    fn try_from(object: wit_handlers::KnowledgeObject) -> Result<Self> {
        Ok(Self {
            rid: Rid::parse(object.rid)?,
            phase: object.phase.parse()?,
            event_type: object.event_type.as_deref().map(str::parse).transpose()?,
            normalized_event_type: object
                .normalized_event_type
                .as_deref()
                .map(str::parse)
                .transpose()?,
            source: object.source.map(Rid::parse).transpose()?,
            timestamp: object.timestamp,
            sha256_hash: object.sha256_hash,
            contents: object.contents.map(Json::trusted),
            network_targets: object
                .network_targets
                .into_iter()
                .map(Rid::parse)
                .collect::<Result<_>>()?,
            previous: object.previous.map(Bundle::try_from).transpose()?,
            meta: Json::trusted(object.meta),
        })
    }
}

impl From<Replacement> for wit_handlers::Replacement {
    fn from(replacement: Replacement) -> Self {
        Self {
            contents: replacement.contents.map(Json::into_string),
            normalized_event_type: replacement
                .normalized_event_type
                .map(|event_type| event_type.as_str().to_owned()),
            network_targets: replacement
                .network_targets
                .map(|targets| targets.iter().map(Rid::to_string).collect()),
            meta: "{}".into(),
        }
    }
}

impl<T: Handlers> wit_handlers::Guest for T {
    fn handle(object: wit_handlers::KnowledgeObject) -> Result<wit_handlers::Outcome, wit::Error> {
        Ok(match T::handle(object.try_into()?)? {
            Outcome::Unchanged => wit_handlers::Outcome::Unchanged,
            Outcome::Replace(replacement) => wit_handlers::Outcome::Replace(replacement.into()),
            Outcome::Stop(reason) => wit_handlers::Outcome::Stop(reason),
        })
    }
}
