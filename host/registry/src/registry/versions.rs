//! Versions of an extension beside the one that serves: bringing them in, changing what they are, taking
//! them away.
//!
//! A version beside another claims what every version of its extension claims; what others own it may
//! not. Whatever fails before the store has committed leaves everything as it was.

use std::sync::Arc;

use futures::future::BoxFuture;
use koi_store::{Activation, Component, Revision, Role, StoreError};

use super::install::{InstallError, InstallReport, Installed, Plan, as_new, report};
use super::open::RestoreError;
use super::prepare::Candidate;
use super::swap::{self, Commit, Swapped};
use super::watching::ROLLBACK;
use super::{Inner, Registry, Swap, prepare};
use crate::entry::ExtensionEntry;
use crate::snapshot::{Beside, Collision, Snapshot};
use crate::watched::Shadow;

/// Why the versions of an extension stayed as they were.
#[derive(Debug, thiserror::Error)]
pub enum VersionsError {
    /// No such extension is installed.
    #[error("no extension `{0}` is installed; `koi-mcp extension list` shows what is")]
    Unknown(String),
    /// It has no such revision.
    #[error(
        "{extension} has no revision {revision}; `koi-mcp extension revisions {extension}` lists them"
    )]
    NoSuchRevision {
        /// The extension.
        extension: String,
        /// What was asked for.
        revision: u64,
    },
    /// It is the one that serves.
    #[error(
        "revision {revision} of {extension} serves: `koi-mcp extension promote` has another one serve"
    )]
    Serves {
        /// The extension.
        extension: String,
        /// The revision.
        revision: u64,
    },
    /// It is not active.
    #[error("revision {revision} of {extension} is not active beside the one that serves")]
    NotBeside {
        /// The extension.
        extension: String,
        /// The revision.
        revision: u64,
    },
    /// Another one has taken its place meanwhile.
    #[error("revision {revision} of {extension} does not serve any more")]
    ServesNoMore {
        /// The extension.
        extension: String,
        /// The revision.
        revision: u64,
    },
    /// No other revision has served.
    #[error("no other revision of {extension} has served before")]
    NoneBefore {
        /// The extension.
        extension: String,
    },
    /// It cannot be activated.
    #[error("the revision cannot be activated: {0}")]
    Refused(String),
    /// It claims what another extension has.
    #[error(transparent)]
    Collision(#[from] Collision),
    /// The store refused.
    #[error("the change could not be stored: {0}")]
    Store(#[from] StoreError),
}

impl From<RestoreError> for VersionsError {
    fn from(error: RestoreError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl Registry {
    /// Makes a stored revision active beside the one that serves: for calls that pin it, for a share of
    /// the calls, or in the shadow. A canary or shadow that there is gives way to it. When this returns,
    /// that is stored and in the Snapshot. The audit log says that `who` did it.
    ///
    /// # Errors
    /// If there is no such revision, or it serves, or it cannot be activated.
    pub fn put_beside<'a>(
        &'a self,
        name: &'a str,
        revision: u64,
        role: Role,
        who: &'a str,
    ) -> BoxFuture<'a, Result<(), VersionsError>> {
        Box::pin(async move {
            let (inner, name, who) = (self.inner.clone(), name.to_owned(), who.to_owned());
            super::to_the_end(async move { inner.put_beside(&name, revision, role, &who).await })
                .await
        })
    }

    /// Has a stored revision serve, in place of the one that does. Calls in flight finish on that one.
    ///
    /// # Errors
    /// If there is no such revision, or it serves already, or it cannot be activated.
    pub fn promote<'a>(
        &'a self,
        name: &'a str,
        revision: u64,
        who: &'a str,
    ) -> BoxFuture<'a, Result<InstallReport, VersionsError>> {
        self.have_serve(name, revision, None, who)
    }

    /// The same, only if a certain revision still serves.
    fn have_serve<'a>(
        &'a self,
        name: &'a str,
        revision: u64,
        instead_of: Option<u64>,
        who: &'a str,
    ) -> BoxFuture<'a, Result<InstallReport, VersionsError>> {
        Box::pin(async move {
            let (registry, name, who) = (self.clone(), name.to_owned(), who.to_owned());
            super::to_the_end(async move {
                let inner = &registry.inner;
                let changing = inner.changing.lock().await;
                if let Some(old) = instead_of {
                    inner.check_serves(&name, old)?;
                }
                let swapped = inner.promote(&name, revision, &who).await?;
                drop(changing);
                Ok(registry.after(swapped).await)
            })
            .await
        })
    }

    /// Has the revision serve again that did before this one.
    pub(super) async fn go_back(&self, name: &str, revision: u64) -> Result<(), VersionsError> {
        let stored = self.inner.store.revisions(name).await?;
        let others = stored
            .into_iter()
            .filter(|other| other.revision != revision && other.deprecated.is_none());
        let last = others
            .filter(|other| other.served_at.is_some())
            .max_by(|one, other| one.served_at.cmp(&other.served_at));
        let last = last.ok_or_else(|| {
            let extension = shown(name);
            VersionsError::NoneBefore { extension }
        })?;
        let (last, instead_of) = (last.revision, Some(revision));
        let promoted = self.have_serve(name, last, instead_of, ROLLBACK);
        promoted.await.map(drop)
    }

    /// Takes away a revision that is active and does not serve.
    ///
    /// # Errors
    /// If it is none.
    pub fn retire<'a>(
        &'a self,
        name: &'a str,
        revision: u64,
        who: &'a str,
    ) -> BoxFuture<'a, Result<(), VersionsError>> {
        Box::pin(async move {
            let (inner, name, who) = (self.inner.clone(), name.to_owned(), who.to_owned());
            super::to_the_end(async move { inner.retire(&name, revision, &who).await }).await
        })
    }
}

impl Inner {
    async fn put_beside(
        &self,
        name: &str,
        revision: u64,
        role: Role,
        who: &str,
    ) -> Result<(), VersionsError> {
        let _changing = self.changing.lock().await;
        let stored = self.not_serving(name, revision).await?;
        let snapshot = self.snapshot.load_full();
        let versions = snapshot.beside.get(name).map_or(&[][..], Vec::as_slice);
        let mut before = versions.iter();
        let before = before.find(|version| version.entry.revision.revision == revision);
        // What is bound in the same way goes on with what it has in memory.
        let kept = before.filter(|before| is_alike(before.role, role));
        let (entry, is_new) = match kept {
            Some(kept) => (kept.entry.clone(), false),
            None => {
                let revived = self.revive(&stored, role).await?;
                let entry = Arc::new(revived.entry);
                self.with(&entry)?;
                let started = prepare::start(&entry).await;
                started.map_err(|error| VersionsError::Refused(error.to_string()))?;
                (entry, true)
            }
        };
        let swap = self.swapping.lock().await;
        let activated = match self.with(&entry) {
            Ok(_) => {
                let activated = self.store.activate(name, revision, role, who).await;
                activated.map_err(VersionsError::from)
            }
            Err(collision) => Err(collision.into()),
        };
        if let Err(error) = activated {
            drop(swap);
            if is_new {
                prepare::stop(&entry).await;
            }
            return Err(error);
        }
        let gone = self.publish_beside(Some((entry.clone(), role)), name, revision, &swap);
        drop(swap);
        self.told(name, &entry, role, who);
        let gone = gone.into_iter().filter(|gone| !Arc::ptr_eq(gone, &entry));
        stop_all(gone.collect());
        Ok(())
    }

    /// What follows once a revision is active beside the one that serves.
    pub(super) fn told(&self, name: &str, entry: &ExtensionEntry, role: Role, who: &str) {
        tracing::info!(
            extension = name,
            revision = entry.revision.revision,
            role = role.as_str(),
            who,
            "active beside the revision that serves"
        );
        let on_trial = entry
            .watch
            .as_ref()
            .is_some_and(|watch| watch.trial().is_some());
        let snapshot = self.snapshot.load();
        if let (Role::Canary { .. }, false, Some(serving)) =
            (role, on_trial, snapshot.extensions.get(name))
        {
            self.begin_canary(entry, serving);
        }
    }

    /// Everything that can fail, the commit, the swap. `changing` is held.
    pub(super) async fn install_beside(
        &self,
        candidate: &Candidate,
        component: Component,
        plan: Plan,
        source: String,
        who: &str,
        role: Role,
    ) -> Result<InstallReport, InstallError> {
        let name = candidate.description.name.as_str();
        let (revision, new) = as_new(candidate, &plan, source);
        if !self.snapshot.load().extensions.contains_key(name) {
            return Err(InstallError::NothingServes(shown(name)));
        }
        let entry = self.bind_as(candidate, revision, plan.grants, &plan.settings, role);
        let entry = entry.await?;
        self.with(&entry)?;
        let entry = prepare::listed(&entry).await?;
        self.with(&entry)?;
        prepare::start(&entry).await?;
        let swap = self.swapping.lock().await;
        let stored = match self.with(&entry) {
            Ok(_) => {
                let stored = self.store.install(new, component, role, who).await;
                stored.map_err(InstallError::from)
            }
            Err(collision) => Err(collision.into()),
        };
        let stored = match stored {
            Ok(stored) => stored,
            Err(error) => {
                drop(swap);
                prepare::stop(&entry).await;
                return Err(error);
            }
        };
        let entry = Arc::new(entry.installed_at(stored.installed_at));
        let gone = self.publish_beside(Some((entry.clone(), role)), name, stored.revision, &swap);
        drop(swap);
        self.collect(name).await;
        self.told(name, &entry, role, who);
        stop_all(gone);
        Ok(report(&entry, Installed::Beside))
    }

    /// Activates what was beside the revision that serves when the node stopped. What cannot be stays so
    /// in the store, and is told.
    pub(super) async fn restore_beside(&self, activation: Activation) {
        let Activation { revision, role } = activation;
        if role == Role::Held {
            return;
        }
        let name = revision.extension.as_str();
        let restored = async {
            let entry = Arc::new(self.revive(&revision, role).await?.entry);
            self.with(&entry)?;
            let started = prepare::start(&entry).await;
            started.map_err(|error| VersionsError::Refused(error.to_string()))?;
            Ok::<_, VersionsError>(entry)
        };
        match restored.await {
            Ok(entry) => {
                let swap = self.swapping.lock().await;
                let version = Some((entry.clone(), role));
                self.publish_beside(version, name, revision.revision, &swap);
                drop(swap);
                self.told(name, &entry, role, "node");
            }
            Err(error) => tracing::error!(
                extension = name,
                revision = revision.revision,
                role = role.as_str(),
                %error,
                "the revision could not be activated beside the one that serves"
            ),
        }
    }

    async fn promote(
        &self,
        name: &str,
        revision: u64,
        who: &str,
    ) -> Result<Swapped, VersionsError> {
        let revision = self.not_serving(name, revision).await?;
        let stored = self.stored(&revision).await?;
        let (candidate, info, settings) = (&stored.candidate, stored.info, &stored.settings);
        let commit = Commit::Activate;
        let swapped = self.swap(candidate, info, stored.grants, settings, commit, who);
        swapped
            .await
            .map_err(|error| VersionsError::Refused(error.to_string()))
    }

    async fn retire(&self, name: &str, revision: u64, who: &str) -> Result<(), VersionsError> {
        let _changing = self.changing.lock().await;
        let swap = self.swapping.lock().await;
        if !self.store.retire(name, revision, who).await? {
            return Err(VersionsError::NotBeside {
                extension: shown(name),
                revision,
            });
        }
        let gone = self.publish_beside(None, name, revision, &swap);
        drop(swap);
        tracing::info!(extension = name, revision, who, "retired");
        stop_all(gone);
        Ok(())
    }

    fn check_serves(&self, name: &str, revision: u64) -> Result<(), VersionsError> {
        let snapshot = self.snapshot.load();
        let serving = snapshot.extensions.get(name);
        match serving.is_some_and(|serving| serving.revision.revision == revision) {
            true => Ok(()),
            false => Err(VersionsError::ServesNoMore {
                extension: shown(name),
                revision,
            }),
        }
    }

    /// A stored revision of an extension that is installed, unless it is the one that serves.
    async fn not_serving(&self, name: &str, revision: u64) -> Result<Revision, VersionsError> {
        let snapshot = self.snapshot.load_full();
        let serving = snapshot.extensions.get(name).map(|of| of.revision.revision);
        let serving = serving.or_else(|| {
            let failed = snapshot.failed.get(name)?;
            Some(failed.revision.revision)
        });
        if serving == Some(revision) {
            let extension = shown(name);
            return Err(VersionsError::Serves {
                extension,
                revision,
            });
        }
        if serving.is_none() {
            return Err(VersionsError::Unknown(shown(name)));
        }
        let stored = self.store.revisions(name).await?;
        let mut stored = stored.into_iter();
        let found = stored.find(|stored| stored.revision == revision);
        found.ok_or_else(|| VersionsError::NoSuchRevision {
            extension: shown(name),
            revision,
        })
    }

    /// Publishes the Snapshot in which a revision is what is given, or not active, and gives what was
    /// active before and is not any more.
    pub(super) fn publish_beside(
        &self,
        version: Option<(Arc<ExtensionEntry>, Role)>,
        name: &str,
        revision: u64,
        swap: &Swap<'_>,
    ) -> Vec<Arc<ExtensionEntry>> {
        let (extensions, failed) = self.current();
        // The entries that serve are the same, and had no collision.
        let Ok(mut snapshot) = self.build(extensions, failed) else {
            return Vec::new();
        };
        let gone = change(&mut snapshot, version, name, revision);
        self.publish(snapshot, swap);
        gone
    }
}

/// Makes a revision what is given, or takes it away, in a Snapshot that is not published yet. Gives what
/// was active before in its place or under its number.
pub(super) fn change(
    snapshot: &mut Snapshot,
    version: Option<(Arc<ExtensionEntry>, Role)>,
    name: &str,
    revision: u64,
) -> Vec<Arc<ExtensionEntry>> {
    let versions = snapshot.beside.remove(name).unwrap_or_default();
    let role = version.as_ref().map(|(_, role)| *role);
    let gives_way = |other: &Beside| {
        other.entry.revision.revision == revision
            || role.is_some_and(|role| role != Role::Beside && is_same(role, other.role))
    };
    let (gone, mut stay): (Vec<_>, Vec<_>) =
        versions.into_iter().partition(|other| gives_way(other));
    stay.extend(version.map(|(entry, role)| Arc::new(Beside { entry, role })));
    stay.sort_by_key(|version| version.entry.revision.revision);
    if !stay.is_empty() {
        snapshot.beside.insert(name.to_owned(), stay);
    }
    gone.iter().map(|gone| gone.entry.clone()).collect()
}

/// Whether two roles are one, whatever the share.
fn is_same(one: Role, other: Role) -> bool {
    one.as_str() == other.as_str()
}

/// Whether a revision is bound in the same way for both.
fn is_alike(one: Role, other: Role) -> bool {
    let pinned = |role| matches!(role, Role::Beside | Role::Canary { .. });
    is_same(one, other) || pinned(one) && pinned(other)
}

/// Has each revision in the shadow hear what the one that serves is asked.
pub(super) fn cast_shadows(snapshot: &Snapshot) {
    for (name, entry) in &snapshot.extensions {
        let Some(watch) = &entry.watch else { continue };
        let beside = snapshot.beside.get(name).into_iter().flatten();
        let mut shadows = beside.filter(|version| version.role == Role::Shadow);
        let shadow = shadows.next().map(|version| &version.entry);
        if watch.has_shadow(shadow) {
            continue;
        }
        let cast = shadow.and_then(|entry| {
            let report = entry.watch.as_ref()?.seen().clone();
            Some(Arc::new(Shadow::new(entry.clone(), report)))
        });
        watch.set_shadow(cast);
    }
}

/// Lets the calls of revisions that are active no more finish, and tells them to stop. Nobody waits for it.
pub(super) fn stop_all(gone: Vec<Arc<ExtensionEntry>>) {
    for entry in gone {
        tokio::spawn(async move { swap::retire(&entry).await });
    }
}

fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}
