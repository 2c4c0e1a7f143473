//! The registry: which extensions run, and every change to that.
//!
//! Readers take the newest [`Snapshot`] and never wait. Changes come one after another. Whatever
//! fails before the store has committed leaves everything as it was; afterwards there is one pointer
//! swap and nothing that can fail.

mod diff;
mod gate;
mod grants;
mod handover;
mod install;
mod learn;
mod open;
mod prepare;
mod profile;
mod publisher;
mod relist;
mod remove;
mod replay;
mod revert;
mod revisions;
mod summary;
mod swap;
#[cfg(test)]
mod tests;
mod versions;
mod vitals;
mod watching;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;

use arc_swap::ArcSwap;
use koi_distribution::SignaturePolicy;
use koi_runtime::Limits;
use koi_runtime::ports::{Knowledge, Network};
use koi_store::{Extensions, KeyValue, SavedStates};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::task::JoinHandle;

use crate::callee::Loader;
use crate::entry::ExtensionEntry;
use crate::grant::Attempts;
use crate::ports::NodePorts;
use crate::secret::Vault;
use crate::snapshot::{Collision, Failed, Snapshot, yield_names};
use crate::watched::WatchOptions;

pub use diff::{CapabilityChange, Changes, Diff, DiffSide};
pub use grants::{GrantChange, GrantsError, GrantsView};
pub use handover::{HandoverError, StateHandover};
pub use install::{GrantRequest, Install, InstallError, InstallReport, Installed};
pub use open::{OpenError, RestoreError};
pub use prepare::{PrepareError, check_exports};
pub use profile::Profile;
pub use remove::RemoveError;
pub use replay::ReplayRefused;
pub use revisions::{Inspection, RevisionError, RevisionView};
pub use summary::{BesideSummary, ExtensionState, ExtensionSummary, HeldSummary, KeyValueSummary};
pub use swap::{RevisionRef, SwapReport};
pub use versions::VersionsError;
pub use vitals::{ShadowVitals, VersionVitals, Vitals};
pub use watching::RolledBack;

/// What a registry works with.
pub struct RegistryParts {
    /// Makes components callable; on a node, the runtime.
    pub loader: Arc<dyn Loader>,
    /// Keeps the revisions.
    pub extensions: Arc<dyn Extensions>,
    /// Keeps what extensions remember.
    pub key_value: Arc<dyn KeyValue>,
    /// Keeps the states of singletons.
    pub saved_states: Arc<dyn SavedStates>,
    /// The node's knowledge, not yet narrowed to grants.
    pub knowledge: Arc<dyn Knowledge>,
    /// The node's network, not yet narrowed to grants.
    pub network: Arc<dyn Network>,
    /// The node's secrets.
    pub vault: Arc<Vault>,
    /// Settings from the node's configuration by extension. What is set at install comes before
    /// them.
    pub settings: BTreeMap<String, Map<String, Value>>,
    /// Whose components are taken.
    pub signatures: SignaturePolicy,
    /// The limits of each call.
    pub limits: Limits,
    /// A singleton saves its state after every so many calls; what came after is lost when it
    /// crashes.
    pub save_every: NonZero<u32>,
    /// What is done about how the calls of extensions end.
    pub watch: WatchOptions,
    /// How many revisions of an extension are kept beside those that are active or pinned.
    pub keep: usize,
}

/// The registry. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

struct Inner {
    loader: Arc<dyn Loader>,
    store: Arc<dyn Extensions>,
    ports: NodePorts,
    settings: BTreeMap<String, Map<String, Value>>,
    signatures: Arc<SignaturePolicy>,
    limits: Limits,
    save_every: NonZero<u32>,
    keep: usize,
    snapshot: Arc<ArcSwap<Snapshot>>,
    generation: watch::Sender<u64>,
    /// Held for the whole of a change to what is installed or granted.
    changing: Mutex<()>,
    /// Held from the last check before a swap until after it. Always taken after `changing`.
    swapping: Mutex<()>,
    relisting: relist::Relisting,
    watching: watching::Watching,
    /// What each extension was refused, over its revisions.
    attempts: std::sync::Mutex<BTreeMap<String, Arc<Attempts>>>,
    /// The last swap of each extension since the node started.
    swaps: std::sync::Mutex<BTreeMap<String, SwapReport>>,
}

/// Tells the operator what is left out of lists.
fn tell(left_out: &[Collision]) {
    for collision in left_out {
        tracing::warn!(
            extension = collision.claimant,
            %collision,
            "left out of the lists"
        );
    }
}

/// The proof that no one else is between check and swap.
type Swap<'a> = MutexGuard<'a, ()>;

impl Registry {
    /// What the node offers now. Never waits.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.snapshot.load_full()
    }

    /// Waits until a revision is in the Snapshot, or nobody is changing what is installed: what an
    /// extension publishes in its `start` is for the Snapshot that the revision becomes part of, where
    /// its types have an owner. Returns at once for a revision that runs.
    pub async fn activated(&self, extension: &str, revision: u64) {
        let snapshot = self.snapshot();
        let beside = snapshot.beside.get(extension);
        let mut beside = beside.into_iter().flatten();
        if beside.any(|version| version.entry.revision.revision == revision) {
            return;
        }
        let running = snapshot.extensions.get(extension);
        if running.is_none_or(|entry| entry.revision.revision < revision) {
            drop(self.inner.changing.lock().await);
        }
    }

    /// Tells the generation of each Snapshot as it is published.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.generation.subscribe()
    }
}

/// Runs a change to its end, also if whoever asked for it goes away meanwhile: a change that has
/// reached the store has to reach the Snapshot.
async fn to_the_end<T: Send + 'static>(change: impl Future<Output = T> + Send + 'static) -> T {
    outcome(tokio::spawn(change)).await
}

/// Does what takes long without waiting, such as compiling schemas, on a thread for that.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    outcome(tokio::task::spawn_blocking(work)).await
}

async fn outcome<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The process is ending, and whoever waits here with it.
            Err(_) => std::future::pending().await,
        },
    }
}

impl Inner {
    /// The Snapshot that there would be with other extensions.
    fn build(
        &self,
        extensions: BTreeMap<String, Arc<ExtensionEntry>>,
        failed: BTreeMap<String, Arc<Failed>>,
    ) -> Result<Snapshot, Collision> {
        let mut snapshot = Snapshot::build(self.snapshot.load().generation + 1, extensions)?;
        snapshot.failed = failed;
        let now = self.snapshot.load();
        snapshot.beside = now.beside.clone();
        // What has taken the place of a revision that is not called is called.
        let is_same = |name: &str| {
            let (before, after) = (now.extensions.get(name), snapshot.extensions.get(name));
            let watches = before
                .zip(after)
                .and_then(|(before, after)| before.watch.as_ref().zip(after.watch.as_ref()));
            watches.is_some_and(|(before, after)| Arc::ptr_eq(before, after))
        };
        let unavailable = now.unavailable.iter().filter(|(name, _)| is_same(name));
        let unavailable = unavailable.map(|(name, reason)| (name.clone(), reason.clone()));
        snapshot.unavailable = unavailable.collect();
        Ok(snapshot)
    }

    /// The Snapshot that there would be with other extensions, names that two of them list left out
    /// of the lists of one, and what was left out.
    fn settle(
        &self,
        mut extensions: BTreeMap<String, Arc<ExtensionEntry>>,
        failed: BTreeMap<String, Arc<Failed>>,
        latest: Option<&str>,
    ) -> Result<(Snapshot, Vec<Collision>), Collision> {
        match self.build(extensions.clone(), failed.clone()) {
            Err(collision) if collision.kind.is_listed() => {
                let left_out = yield_names(&mut extensions, latest);
                Ok((self.build(extensions, failed)?, left_out))
            }
            built => Ok((built?, Vec::new())),
        }
    }

    /// The swap.
    fn publish(&self, snapshot: Snapshot, _: &Swap<'_>) {
        let generation = snapshot.generation;
        let snapshot = Arc::new(snapshot);
        self.snapshot.store(snapshot.clone());
        versions::cast_shadows(&snapshot);
        self.generation.send_replace(generation);
    }

    /// The extensions and the failed ones of now, to be changed.
    fn current(
        &self,
    ) -> (
        BTreeMap<String, Arc<ExtensionEntry>>,
        BTreeMap<String, Arc<Failed>>,
    ) {
        let snapshot = self.snapshot.load();
        (snapshot.extensions.clone(), snapshot.failed.clone())
    }
}
