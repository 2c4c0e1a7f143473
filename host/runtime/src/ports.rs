//! Everything that a guest can reach, one trait per thing.
//!
//! A [`Ports`] value goes in with each call and the runtime keeps none, so that `describe`, a replay
//! or a check is the same call with other ports. Each port gets the [`CallContext`] of the call on
//! whose behalf it is asked, which is all that grants, quotas and logs need to know. A port that
//! fails says so as a [`PortError`], which the guest sees in the words of the interface it called; a
//! port that panics fails that one call.

mod context;
mod denied;
mod error;
mod system;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use koi_rid::{Bundle, BundleOrder, Contents, Filter, Manifest, Rid, RidType, Writer};

pub use context::{CallContext, CallKind};
pub use error::{Denial, PortError};
pub use system::{SystemClock, SystemRandom};

/// A stored bundle and who wrote it.
#[derive(Debug, Clone)]
pub struct KnownBundle {
    /// The bundle as it is stored.
    pub bundle: Bundle,
    /// The guest that wrote it on this node; none if it came from elsewhere.
    pub written_by: Option<Writer>,
}

/// One page of stored bundles of a RID type.
#[derive(Debug, Clone)]
pub struct KnowledgeQuery {
    /// Bundles of this RID type are wanted.
    pub rid_type: RidType,
    /// Only those whose contents are so; not heeded by lists of manifests.
    pub filter: Option<Filter>,
    /// In which order; lists of manifests are always in that of the RIDs.
    pub order: BundleOrder,
    /// At most so many bundles, 1 to 1000.
    pub limit: u32,
    /// Where the page before this one ended.
    pub cursor: Option<String>,
}

/// What a [`KnowledgeQuery`] found.
#[derive(Debug, Clone, Default)]
pub struct KnowledgePage {
    /// The bundles of this page: fewer than asked for, or none, where many had to be passed over.
    pub bundles: Vec<KnownBundle>,
    /// The cursor of the next page; none on the last one.
    pub next: Option<String>,
    /// How many bundles were looked at, if the page ended for that before it was full.
    pub bounded: Option<u64>,
}

/// The manifests of stored bundles.
#[derive(Debug, Clone, Default)]
pub struct ManifestPage {
    /// The manifests of this page.
    pub manifests: Vec<Manifest>,
    /// The cursor of the next page; none on the last one.
    pub next: Option<String>,
}

/// Another node that shares an edge with this one.
#[derive(Debug, Clone)]
pub struct Neighbour {
    /// The other node's RID.
    pub rid: Rid,
    /// This node subscribes to it.
    pub provider: bool,
    /// It subscribes to this node.
    pub subscriber: bool,
    /// The RID types that it receives from this node.
    pub rid_types: Vec<RidType>,
    /// `FULL` or `PARTIAL`, where its profile is known.
    pub node_type: Option<String>,
}

/// One page of the keys of a bucket.
#[derive(Debug, Clone, Default)]
pub struct KeyPage {
    /// The keys of this page.
    pub keys: Vec<String>,
    /// The cursor of the next page; none on the last one.
    pub next: Option<u64>,
}

/// The node's knowledge.
#[async_trait]
pub trait Knowledge: Send + Sync {
    /// The stored bundle, if there is one.
    async fn read(&self, call: &CallContext, rid: &Rid) -> Result<Option<KnownBundle>, PortError>;

    /// One page of stored bundles.
    async fn query(
        &self,
        call: &CallContext,
        query: &KnowledgeQuery,
    ) -> Result<KnowledgePage, PortError>;

    /// One page of the manifests of stored bundles.
    async fn list(
        &self,
        call: &CallContext,
        query: &KnowledgeQuery,
    ) -> Result<ManifestPage, PortError>;

    /// Puts contents under a RID on their way through the pipeline; on disk when it returns.
    async fn publish(
        &self,
        call: &CallContext,
        rid: Rid,
        contents: Contents,
    ) -> Result<Manifest, PortError>;

    /// Asks for what is stored under a RID to be forgotten; on disk when it returns.
    async fn forget(&self, call: &CallContext, rid: &Rid) -> Result<(), PortError>;

    /// The stored bundle, else one fetched from a node that provides the RID type.
    async fn dereference(
        &self,
        call: &CallContext,
        rid: &Rid,
    ) -> Result<Option<KnownBundle>, PortError>;
}

/// The schemas of all extensions.
#[async_trait]
pub trait Schemas: Send + Sync {
    /// Contents under a RID as the schema of that name wants them.
    async fn transform(
        &self,
        call: &CallContext,
        rid: &Rid,
        contents: Contents,
        schema: &str,
    ) -> Result<Contents, PortError>;
}

/// The extension's own keys and values, in named buckets.
#[async_trait]
pub trait KeyValue: Send + Sync {
    /// Whether the bucket may be used; [`PortError::InvalidInput`] if there is none of that name.
    async fn open(&self, call: &CallContext, bucket: &str) -> Result<(), PortError>;

    /// The value of a key, if it has one.
    async fn get(
        &self,
        call: &CallContext,
        bucket: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>, PortError>;

    /// Gives a key a value.
    async fn set(
        &self,
        call: &CallContext,
        bucket: &str,
        key: &str,
        value: Vec<u8>,
    ) -> Result<(), PortError>;

    /// Takes a key away; no error if it is not there.
    async fn delete(&self, call: &CallContext, bucket: &str, key: &str) -> Result<(), PortError>;

    /// Whether a key has a value.
    async fn exists(&self, call: &CallContext, bucket: &str, key: &str) -> Result<bool, PortError>;

    /// The keys of a bucket, page by page.
    async fn list_keys(
        &self,
        call: &CallContext,
        bucket: &str,
        cursor: Option<u64>,
    ) -> Result<KeyPage, PortError>;

    /// Adds to the number under a key, 0 if it has none, and gives the sum.
    async fn increment(
        &self,
        call: &CallContext,
        bucket: &str,
        key: &str,
        delta: u64,
    ) -> Result<u64, PortError>;

    /// The values of several keys, in the order in which they were asked for.
    async fn get_many(
        &self,
        call: &CallContext,
        bucket: &str,
        keys: Vec<String>,
    ) -> Result<Vec<Option<(String, Vec<u8>)>>, PortError>;

    /// Gives several keys their values.
    async fn set_many(
        &self,
        call: &CallContext,
        bucket: &str,
        entries: Vec<(String, Vec<u8>)>,
    ) -> Result<(), PortError>;

    /// Takes several keys away.
    async fn delete_many(
        &self,
        call: &CallContext,
        bucket: &str,
        keys: Vec<String>,
    ) -> Result<(), PortError>;
}

/// The extension's settings.
#[async_trait]
pub trait Config: Send + Sync {
    /// The value of a setting, if it has one.
    async fn get(&self, call: &CallContext, key: &str) -> Result<Option<String>, PortError>;

    /// All settings.
    async fn all(&self, call: &CallContext) -> Result<Vec<(String, String)>, PortError>;
}

/// The network that the node is a member of.
#[async_trait]
pub trait Network: Send + Sync {
    /// This node's RID. The interface has no place for an error: one ends the call.
    fn this_node(&self, call: &CallContext) -> Result<Rid, PortError>;

    /// The nodes that share an edge with this one, in the order of their RIDs.
    async fn neighbours(&self, call: &CallContext) -> Result<Vec<Neighbour>, PortError>;
}

/// Whoever caused the call.
#[async_trait]
pub trait Caller: Send + Sync {
    /// A JSON object about the caller, in the form that the WIT interface `caller` defines.
    fn who(&self, call: &CallContext) -> String;

    /// Tells the caller how far the call is.
    fn progress(
        &self,
        call: &CallContext,
        progress: f64,
        total: Option<f64>,
        message: Option<String>,
    );

    /// A message to the caller's log: `level` is a syslog severity, `data` JSON as the guest gave it.
    fn log(&self, call: &CallContext, level: &str, data: &str);

    /// Asks the caller and waits for the answers. Questions and answers are JSON objects in the form
    /// that the WIT interface `caller` defines; the questions are as the guest gave them.
    async fn ask(&self, call: &CallContext, questions: &str) -> Result<String, PortError>;
}

/// What a guest is told that wants to ask where nobody can answer.
pub fn nobody_to_ask() -> PortError {
    PortError::Permanent("there is nobody in this call who could be asked".to_owned())
}

/// How grave a line of the operator's log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Of use only while something is being searched for.
    Trace,
    /// Of use to the extension's author.
    Debug,
    /// Something that happened as it should.
    Info,
    /// Something that an operator may want to look at.
    Warn,
    /// Something failed.
    Error,
    /// The extension cannot do its work.
    Critical,
}

/// A folder that a guest may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRoot {
    /// Where the guest sees it: an absolute path.
    pub guest: String,
    /// Where it is on this machine.
    pub host: PathBuf,
    /// Whether the guest may change what is in it.
    pub write: bool,
}

/// Folders of this machine.
pub trait Files: Send + Sync {
    /// What is granted at this moment; nothing is an empty list.
    fn roots(&self, call: &CallContext) -> Vec<FileRoot>;
}

/// Environment variables.
pub trait Environment: Send + Sync {
    /// What is granted at this moment; nothing is an empty list.
    fn variables(&self, call: &CallContext) -> Vec<(String, String)>;
}

/// Why an HTTP exchange came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The operator has not granted it.
    #[error("{0}")]
    Denied(Denial),
    /// The name could not be resolved.
    #[error("{0}")]
    Name(String),
    /// No connection came about.
    #[error("{0}")]
    Connection(String),
    /// It took longer than it may.
    #[error("{0}")]
    TimedOut(String),
    /// More bytes than may be.
    #[error("{0}")]
    TooLarge(String),
    /// What came back is no HTTP, or broke off.
    #[error("{0}")]
    Protocol(String),
}

/// HTTP requests to others.
#[async_trait]
pub trait Http: Send + Sync {
    /// One request and its whole response. Redirects are not followed: the guest sees them and asks
    /// again, and is checked again. `time_out` bounds it beyond the port's own bound.
    async fn exchange(
        &self,
        call: &CallContext,
        request: http::Request<Bytes>,
        time_out: Option<Duration>,
    ) -> Result<http::Response<Bytes>, HttpError>;
}

/// Secrets, which a guest never sees: it holds placeholders for them.
pub trait Secrets: Send + Sync {
    /// What stands for the secret of that name in requests of this extension: a text without
    /// meaning, the same for as long as the extension is installed. The value goes in only where a
    /// request leaves the node, towards the hosts that it was granted for.
    fn placeholder(&self, call: &CallContext, name: &str) -> Result<String, PortError>;
}

/// The saved state of a singleton.
#[async_trait]
pub trait SavedState: Send + Sync {
    /// What was saved last; none if nothing was.
    async fn load(&self, call: &CallContext) -> Result<Option<Vec<u8>>, PortError>;

    /// Saves, in place of what was saved before; on disk when it returns. False if another revision of
    /// the extension serves: then the state is that one's to save, and nothing was done.
    async fn save(&self, call: &CallContext, state: Vec<u8>) -> Result<bool, PortError>;
}

/// The operator's log. What a guest writes to standard output and error comes here too, with the
/// context `stdout` or `stderr`.
pub trait Log: Send + Sync {
    /// One message. The runtime has bounded its length; control characters are still in it.
    fn log(&self, call: &CallContext, level: Level, context: &str, message: &str);
}

/// Time as the guest sees it.
pub trait Clock: Send + Sync {
    /// Time since 1970-01-01T00:00:00Z.
    fn wall(&self) -> Duration;

    /// Nanoseconds since some instant; never goes backwards.
    fn monotonic(&self) -> u64;
}

/// Randomness as the guest sees it.
pub trait Random: Send + Sync {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The order in which things happen that go on beside a guest: HTTP exchanges, sleeps. It is as it happens;
/// only a recording takes it down, and a replay has it happen again.
pub trait Order: Send + Sync {
    /// The places, among so many, of those that came first in the recorded call; none if it is as it
    /// happens. `waited` tells ways of waiting apart.
    fn came_first(&self, waited: &'static str, among: usize) -> Option<Vec<u32>>;

    /// Takes down which came first now.
    fn comes_first(&self, waited: &'static str, among: usize, first: &[u32]);

    /// The guest begins an HTTP exchange. The port is asked beside it, once the body is there.
    fn begins(&self, exchange: &http::request::Parts);
}

/// What one call used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// CPU time, also that of a call which was ended.
    pub cpu: Duration,
    /// Bytes of the instance's memories and tables when the guest had answered; 0 if it did not.
    pub memory: u64,
}

/// Hears what calls use up, once each is over. Only a check of an extension minds.
pub trait Gauge: Send + Sync {
    /// What a call that got an instance used up.
    fn used(&self, call: &CallContext, used: Used);
}

/// A caller who is told nothing and of whom little is told: of calls with nothing granted, and of an
/// instance between two calls.
pub fn nobody() -> Arc<dyn Caller> {
    denied::nobody()
}

/// All that a call can reach. Cheap to clone.
#[derive(Clone)]
pub struct Ports {
    /// The node's knowledge.
    pub knowledge: Arc<dyn Knowledge>,
    /// The schemas.
    pub schemas: Arc<dyn Schemas>,
    /// The extension's own keys and values.
    pub key_value: Arc<dyn KeyValue>,
    /// The extension's settings.
    pub config: Arc<dyn Config>,
    /// The network.
    pub network: Arc<dyn Network>,
    /// HTTP to others.
    pub http: Arc<dyn Http>,
    /// Folders of this machine.
    pub files: Arc<dyn Files>,
    /// Environment variables.
    pub environment: Arc<dyn Environment>,
    /// Secrets.
    pub secrets: Arc<dyn Secrets>,
    /// The saved state of a singleton.
    pub saved_state: Arc<dyn SavedState>,
    /// The operator's log.
    pub log: Arc<dyn Log>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// What comes first; none where nobody minds.
    pub order: Option<Arc<dyn Order>>,
    /// Who hears what calls use up; none where nobody minds.
    pub gauge: Option<Arc<dyn Gauge>>,
}

impl Ports {
    /// Nothing granted, clocks that stand still, randomness from a fixed seed, no log: what
    /// `describe` is called with.
    pub fn denied() -> Self {
        denied::ports(0)
    }

    /// The same with clocks that stand so many seconds later and randomness from that seed.
    pub fn denied_at(at: u32) -> Self {
        denied::ports(at)
    }
}
