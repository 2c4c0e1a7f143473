//! Whatever answers for an extension. Entries of a Snapshot point at a [`Callee`] and do not know
//! what stands behind it: a component today.

use std::num::NonZero;
use std::sync::Arc;

use async_trait::async_trait;
use koi_rid::Rid;
use koi_runtime::ports::{Caller, Ports};
use koi_runtime::{
    CallError, Called, Completion, Exports, Held, KnowledgeObject, Limits, LoadError, Outcome,
    ParsedReference, RecordError, Recording, ReplayError, Replayed, ResourceContents,
};

use crate::entry::ExtensionEntry;
use crate::grant::{Access, LimitName};
use crate::in_flight::InFlight;
use crate::watched::Judge;

/// On whose behalf an extension is called. Cheap to clone.
#[derive(Clone)]
pub struct Invocation {
    /// Stands in every log line and error that the call leaves behind.
    pub correlation: Arc<str>,
    /// Who caused it, where that is known.
    pub principal: Option<Arc<str>>,
    /// Where progress and messages to the caller go; without one they are dropped.
    pub caller: Option<Arc<dyn Caller>>,
    /// The knowledge object whose handling caused it.
    pub cause: Option<Rid>,
    /// How many handlers published before it came to be.
    pub depth: u32,
    /// Limits of this call, in force where they are lower than the extension's.
    pub limits: Option<Limits>,
}

impl Invocation {
    /// On behalf of nobody in particular.
    pub fn new(correlation: impl Into<Arc<str>>) -> Self {
        Self {
            correlation: correlation.into(),
            principal: None,
            caller: None,
            cause: None,
            depth: 0,
            limits: None,
        }
    }

    /// Lowers a limit for this call; a value above the extension's own changes nothing.
    #[must_use]
    pub fn within(mut self, limit: LimitName, value: u64) -> Self {
        let limits = self.limits.get_or_insert_with(Limits::none);
        limits.lower(limit.setting(), value);
        self
    }

    /// On behalf of the node's operator.
    pub fn from_operator() -> Self {
        let id: u64 = rand::random();
        Self {
            principal: Some("operator".into()),
            ..Self::new(format!("operator-{id:016x}"))
        }
    }
}

/// One activated revision of an extension. Texts that come back are as the extension gave them,
/// bounded in length and otherwise not yet checked.
#[async_trait]
pub trait Callee: Send + Sync {
    /// Tells it that it was activated.
    async fn start(&self) -> Result<(), CallError>;

    /// Tells it that it is no longer active.
    async fn stop(&self) -> Result<(), CallError>;

    /// Its own view of its condition, JSON text.
    async fn health(&self) -> Result<String, CallError>;

    /// Its tools of now, a JSON array; `[]` if it has none.
    async fn list_tools(&self) -> Result<String, CallError>;

    /// Its resources and templates of now, a JSON object; `{}` if it has none.
    async fn list_resources(&self) -> Result<String, CallError>;

    /// Calls a tool with a JSON object; the answer is JSON text.
    async fn call_tool(
        &self,
        name: &str,
        arguments: &str,
        invocation: Invocation,
    ) -> Result<String, CallError>;

    /// The same, and hears from `judge` what the answer is worth.
    async fn call_tool_judged(
        &self,
        name: &str,
        arguments: &str,
        invocation: Invocation,
        _: Judge<'_>,
    ) -> Result<String, CallError> {
        self.call_tool(name, arguments, invocation).await
    }

    /// Reads a resource.
    async fn read_resource(
        &self,
        uri: &str,
        invocation: Invocation,
    ) -> Result<Vec<ResourceContents>, CallError>;

    /// Its prompts of now, a JSON array; `[]` if it has none.
    async fn list_prompts(&self) -> Result<String, CallError>;

    /// The messages of a prompt for a JSON object of texts; the answer is JSON text.
    async fn get_prompt(
        &self,
        name: &str,
        arguments: &str,
        invocation: Invocation,
    ) -> Result<String, CallError>;

    /// The same, and hears from `judge` what the answer is worth.
    async fn get_prompt_judged(
        &self,
        name: &str,
        arguments: &str,
        invocation: Invocation,
        _: Judge<'_>,
    ) -> Result<String, CallError> {
        self.get_prompt(name, arguments, invocation).await
    }

    /// Values for an argument; the answer is JSON text, and an empty object if it completes nothing.
    async fn complete(
        &self,
        completion: &Completion,
        invocation: Invocation,
    ) -> Result<String, CallError>;

    /// Does a job; what it is told and answers is JSON text.
    ///
    /// # Errors
    /// As a call fails; what has no jobs says that it exports none.
    async fn run_job(&self, _: &str, _: &str, _: Invocation) -> Result<String, CallError> {
        Err(CallError::NotExported("schedule"))
    }

    /// Shows it an object; cause and depth of the call are the object's.
    async fn handle(
        &self,
        object: &KnowledgeObject,
        invocation: Invocation,
    ) -> Result<Outcome, CallError>;

    /// Takes the part of a RID after its type apart.
    async fn parse_reference(
        &self,
        rid_type: &str,
        reference: &str,
        invocation: Invocation,
    ) -> Result<ParsedReference, CallError>;

    /// The canonical reference of its parts, a JSON object.
    async fn print_reference(
        &self,
        rid_type: &str,
        parts: &str,
        invocation: Invocation,
    ) -> Result<String, CallError>;

    /// Checks contents that already satisfy the JSON Schema of that name.
    async fn validate(
        &self,
        schema: &str,
        contents: &str,
        invocation: Invocation,
    ) -> Result<(), CallError>;

    /// Turns contents of one schema into contents of another.
    async fn transform(
        &self,
        from: &str,
        to: &str,
        contents: &str,
        invocation: Invocation,
    ) -> Result<String, CallError>;

    /// Makes a call apart from the others and records it.
    ///
    /// # Errors
    /// If it cannot be recorded; what cannot record any has nothing else to say.
    async fn record(&self, _: Called, _: Invocation) -> Result<Recording, RecordError> {
        Err(RecordError::Unsupported)
    }

    /// How what it keeps in memory goes on in another revision; none if it keeps nothing. What is around
    /// another callee gives that one's.
    fn handover(&self) -> Option<&dyn Handover> {
        None
    }
}

/// How what a revision keeps in memory between calls goes on in the revision that takes its place.
#[async_trait]
pub trait Handover: Send + Sync {
    /// Whether there is anything now: it runs as a singleton, and saves and loads its state.
    fn keeps_state(&self) -> bool;

    /// Holds its calls, once the running one has ended, and saves its state.
    ///
    /// # Errors
    /// If that does not come about within the wall time of a call; then nothing is held.
    async fn hold(&self) -> Result<Held, CallError>;

    /// Goes on from a saved state, in an instance that is made for it.
    ///
    /// # Errors
    /// The guest's words if it refuses the state; else as a call fails.
    async fn take_up(&self, state: Vec<u8>) -> Result<(), CallError>;

    /// From now on calls end with [`CallError::Superseded`] before anything of them was done, and are the
    /// successor's.
    fn supersede(&self, held: Held, successor: Arc<ExtensionEntry>);

    /// Whose its calls are, once they end so.
    fn successor(&self) -> Option<Arc<ExtensionEntry>>;
}

/// Makes something that can be called out of a component.
#[async_trait]
pub trait Loader: Send + Sync {
    /// # Errors
    /// One sentence about what is wrong with the component.
    async fn load(&self, component: Arc<[u8]>) -> Result<Arc<dyn Loaded>, LoadError>;
}

/// A component that was found fit and is not yet activated.
#[async_trait]
pub trait Loaded: Send + Sync {
    /// Lower-case hex SHA-256 of the component.
    fn digest(&self) -> Arc<str>;

    /// The interfaces that it exports.
    fn exports(&self) -> Exports;

    /// The names of what it imports, such as `koi:extension/knowledge@0.1.0`; none where there are no
    /// such names.
    fn imports(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether it is a plain component, which says of itself no more than its code does: a name is put
    /// into that.
    fn is_plain(&self) -> bool {
        false
    }

    /// How many bytes its compiled code takes; none where that is not known.
    fn compiled_bytes(&self) -> Option<u64> {
        None
    }

    /// What it says about itself, with nothing granted.
    async fn describe(&self) -> Result<String, CallError>;

    /// The same at another time and with other randomness, where that can be had.
    async fn describe_at(&self, _: u32) -> Result<String, CallError> {
        self.describe().await
    }

    /// Runs a recorded call on it, with the recording and nothing else to reach.
    ///
    /// # Errors
    /// If that cannot be done to the end; what cannot replay any has nothing else to say.
    async fn replay(&self, _: &Recording) -> Result<Replayed, ReplayError> {
        Err(ReplayError::Unsupported)
    }

    /// What answers for it under a name, within reach and limits.
    fn bind(&self, binding: Binding) -> Arc<dyn Callee>;
}

/// As what and with which reach a component is called.
pub struct Binding {
    /// The extension's name.
    pub extension: Arc<str>,
    /// The number of the revision.
    pub revision: u64,
    /// All that it can reach, grants and quotas already around it.
    pub ports: Ports,
    /// What it may do, and how it runs.
    pub access: Arc<Access>,
    /// A singleton saves its state after every so many calls.
    pub save_every: NonZero<u32>,
    /// Where its calls are counted while they are under way.
    pub in_flight: Arc<InFlight>,
}
