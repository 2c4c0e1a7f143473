//! Opening a registry: the revisions that were active are activated again.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;

use arc_swap::ArcSwap;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use koi_distribution::Refusal;
use koi_store::{Revision, Role, StoreError};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, watch};

use super::prepare::{self, Candidate, PrepareError};
use super::{Inner, Registry, RegistryParts, relist, revisions, watching};
use crate::entry::{ExtensionEntry, PrefixError, RevisionInfo, ToolPrefix};
use crate::grant::Grants;
use crate::naming::{Naming, NamingError};
use crate::ports::{Egress, NodePorts};
use crate::snapshot::{Failed, Snapshot};

/// Why a registry could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("the installed extensions could not be read: {0}")]
pub struct OpenError(#[from] StoreError);

impl Registry {
    /// Opens a registry.
    ///
    /// # Errors
    /// If the store cannot be read. An extension that cannot be activated is no error; it is listed
    /// with what went wrong.
    pub fn open(parts: RegistryParts) -> BoxFuture<'static, Result<Self, OpenError>> {
        Box::pin(async move {
            let snapshot = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
            let inner = Inner {
                loader: parts.loader,
                store: parts.extensions,
                ports: NodePorts {
                    knowledge: parts.knowledge,
                    network: parts.network,
                    key_value: parts.key_value,
                    vault: parts.vault,
                    saved_states: parts.saved_states,
                    egress: Arc::new(Egress::new()),
                    newest: Arc::downgrade(&snapshot),
                },
                settings: parts.settings,
                signatures: Arc::new(parts.signatures),
                limits: parts.limits,
                save_every: parts.save_every,
                keep: parts.keep,
                snapshot,
                generation: watch::Sender::new(0),
                changing: Mutex::new(()),
                swapping: Mutex::new(()),
                relisting: relist::Relisting::new(),
                watching: watching::Watching::new(parts.watch),
                attempts: std::sync::Mutex::default(),
                swaps: std::sync::Mutex::default(),
            };
            let registry = Self {
                inner: Arc::new(inner),
            };
            registry.restore().await?;
            registry.keep_watching();
            Ok(registry)
        })
    }

    async fn restore(&self) -> Result<(), OpenError> {
        let inner = &self.inner;
        let active = inner.store.activations().await?.into_iter();
        let (active, beside): (Vec<_>, Vec<_>) =
            active.partition(|active| active.role == Role::Serving);
        let active: Vec<_> = active.into_iter().map(|active| active.revision).collect();
        let at_once = std::thread::available_parallelism().map_or(2, NonZero::get);
        let restored: Vec<_> = stream::iter(active)
            .map(|revision| async move {
                let entry = inner.restore(&revision).await;
                (revision, entry)
            })
            .buffer_unordered(at_once)
            .collect()
            .await;
        let (mut extensions, mut failed) = (BTreeMap::new(), BTreeMap::new());
        let (mut revisions, mut unlisted) = (BTreeMap::new(), Vec::new());
        for (revision, restored) in restored {
            let name = revision.extension.clone();
            match restored {
                Ok(restored) => {
                    if !restored.listed {
                        unlisted.push(name.clone());
                    }
                    revisions::tell_deprecated(&revision);
                    extensions.insert(name.clone(), Arc::new(restored.entry));
                    revisions.insert(name, revision);
                }
                Err(error) => fail(&mut failed, revision, error.to_string()),
            }
        }
        let swap = inner.swapping.lock().await;
        let snapshot = loop {
            // Of two that claim the same now and did not when they were installed, the first by name
            // stays. Names in lists are of the moment: they are no reason not to run.
            match inner.settle(extensions.clone(), failed.clone(), None) {
                Ok((snapshot, left_out)) => {
                    super::tell(&left_out);
                    break snapshot;
                }
                Err(collision) => {
                    let Some(entry) = extensions.remove(&collision.claimant) else {
                        break Snapshot::default();
                    };
                    if let Some(revision) = revisions.remove(&collision.claimant) {
                        fail(&mut failed, revision, collision.to_string());
                    }
                    prepare::stop(&entry).await;
                }
            }
        };
        inner.publish(snapshot, &swap);
        drop(swap);
        for activation in beside {
            inner.restore_beside(activation).await;
        }
        for name in unlisted {
            self.relist(&name);
        }
        Ok(())
    }
}

pub(super) fn fail(failed: &mut BTreeMap<String, Arc<Failed>>, revision: Revision, error: String) {
    tracing::error!(
        extension = revision.extension,
        revision = revision.revision,
        error,
        "the extension could not be activated"
    );
    failed.insert(
        revision.extension.clone(),
        Arc::new(Failed::new(revision, error)),
    );
}

/// Why a revision could not be activated again.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// It does not come up any more.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The store refused.
    #[error("the revision could not be read: {0}; install it again")]
    Store(#[from] StoreError),
    /// There is no component of its digest.
    #[error("its component is not in the store any more; install it again")]
    Missing,
    /// What was stored with it is no JSON of the right form.
    #[error("its {what} in the store cannot be read ({error}); install it again")]
    Malformed {
        /// Of what.
        what: &'static str,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// Its tools cannot have the prefix any more.
    #[error("{0}; install it again with another `--prefix`")]
    Prefix(#[from] PrefixError),
    /// It describes itself otherwise than when it was installed.
    #[error("it calls itself `{0}` now; install it again")]
    Renamed(String),
    /// The component or its publisher was revoked since.
    #[error(transparent)]
    Revoked(#[from] Refusal),
}

/// A revision out of the store, before it is bound.
pub(super) struct Stored {
    pub(super) candidate: Candidate,
    pub(super) info: RevisionInfo,
    pub(super) grants: Grants,
    pub(super) settings: Map<String, Value>,
}

/// A revision that runs again.
pub(super) struct Restored {
    pub(super) entry: ExtensionEntry,
    /// False if its lists could not be had and are to be asked for again.
    pub(super) listed: bool,
}

impl Inner {
    /// Loads a revision of the store and has it describe itself.
    pub(super) async fn stored(&self, revision: &Revision) -> Result<Stored, RestoreError> {
        let publisher = revision.publisher.as_deref();
        self.signatures.may_run(&revision.digest, publisher)?;
        let component = self
            .store
            .component(&revision.digest)
            .await?
            .ok_or(RestoreError::Missing)?;
        let malformed = |what| move |error| RestoreError::Malformed { what, error };
        let grants = serde_json::from_str(&revision.grants).map_err(malformed("grants"))?;
        let settings: Map<String, Value> =
            serde_json::from_str(&revision.settings).map_err(malformed("settings"))?;
        let naming = Naming::Given(revision.extension.clone());
        let candidate = self.candidate(component.into(), &naming).await;
        let candidate = candidate.map_err(|error| match error {
            PrepareError::Naming(NamingError::Other { own, .. }) => RestoreError::Renamed(own),
            error => error.into(),
        })?;
        let description = &candidate.description;
        let info = RevisionInfo {
            extension: revision.extension.as_str().into(),
            revision: revision.revision,
            digest: candidate.loaded.digest(),
            version: description.version.clone(),
            tool_prefix: ToolPrefix::parse(&revision.tool_prefix)?,
            source: revision.source.clone(),
            installed_at: revision.installed_at,
        };
        Ok(Stored {
            candidate,
            info,
            grants,
            settings,
        })
    }

    /// Activates a stored revision that is to serve.
    pub(super) async fn restore(&self, revision: &Revision) -> Result<Restored, RestoreError> {
        let restored = self.revive(revision, Role::Serving).await?;
        prepare::start(&restored.entry).await?;
        Ok(restored)
    }

    /// Makes a stored revision ready for a role; it is not started yet.
    pub(super) async fn revive(
        &self,
        revision: &Revision,
        role: Role,
    ) -> Result<Restored, RestoreError> {
        let stored = self.stored(revision).await?;
        let (candidate, settings) = (&stored.candidate, &stored.settings);
        let entry = self
            .bind_as(candidate, stored.info, stored.grants, settings, role)
            .await?;
        match prepare::listed(&entry).await {
            Ok(entry) => Ok(Restored {
                entry,
                listed: true,
            }),
            // Anybody may publish what such a list is made of.
            Err(error) if entry.follows_knowledge() => {
                tracing::warn!(extension = entry.name(), %error, "it runs without its lists");
                Ok(Restored {
                    entry,
                    listed: false,
                })
            }
            Err(error) => Err(error.into()),
        }
    }
}
