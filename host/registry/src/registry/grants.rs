//! Changes of grants while an extension runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::BoxFuture;
use koi_store::{Revision, StoreError};
use serde::Serialize;

use super::prepare::json_text;
use super::{Inner, Registry};
use crate::grant::{Grant, GrantError, Grants};

/// What becomes of the grants of an extension.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantChange {
    /// To be granted; no harm if it is already.
    pub grant: Vec<Grant>,
    /// To be taken back, after that; has to be granted.
    pub revoke: Vec<Grant>,
}

/// Why grants were not changed. But for [`StillFailed`](Self::StillFailed), those before are in
/// force.
#[derive(Debug, thiserror::Error)]
pub enum GrantsError {
    /// No such extension is installed.
    #[error("no extension `{0}` is installed; `koi-mcp extension list` shows what is")]
    Unknown(String),
    /// The grants are stored, but did not help an extension that could not be activated.
    #[error("the grants are stored, and {name} still cannot be activated: {error}")]
    StillFailed {
        /// The extension.
        name: String,
        /// Why.
        error: String,
    },
    /// Not a set of grants.
    #[error(transparent)]
    Grants(#[from] GrantError),
    /// What is to be taken back was not granted.
    #[error("{extension} was not granted {grant}; it has: {has}")]
    NotGranted {
        /// The extension.
        extension: String,
        /// What was to be taken back.
        grant: Grant,
        /// What it was granted, as a list.
        has: String,
    },
    /// The store refused.
    #[error("the grants could not be stored: {0}")]
    Store(#[from] StoreError),
}

impl GrantsError {
    pub(super) fn unknown(name: &str) -> Self {
        Self::Unknown(name.chars().take(64).collect())
    }
}

/// What an extension may do, and what it would like to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct GrantsView {
    /// The extension.
    pub extension: String,
    /// What it asks for in its description.
    pub asked: Grants,
    /// What it was granted.
    pub granted: Grants,
    /// What is both, and so what it may do.
    pub in_force: BTreeSet<Grant>,
    /// What it asks for and was not granted.
    pub missing: Vec<Grant>,
    /// What it was granted without any effect, since it asks for nothing of the kind.
    pub idle: Vec<Grant>,
}

impl Registry {
    /// What an extension asks for, was granted, and may do.
    ///
    /// # Errors
    /// If no extension of that name runs.
    pub fn grants(&self, name: &str) -> Result<GrantsView, GrantsError> {
        let snapshot = self.snapshot();
        let entry = snapshot
            .extensions
            .get(name)
            .ok_or_else(|| GrantsError::unknown(name))?;
        let access = &entry.access;
        Ok(GrantsView {
            extension: name.to_owned(),
            asked: access.asks().clone(),
            granted: (*access.granted()).clone(),
            in_force: access.in_force(),
            missing: access.missing(),
            idle: access.idle(),
        })
    }

    /// Grants an extension more or less, and gives what it is granted since. When it returns, the
    /// grants are stored and in force, in calls that are under way too, and the audit log says that
    /// `who` changed them. An extension that could not be activated before is activated with them,
    /// if it can be now.
    ///
    /// # Errors
    /// If there is no such extension or the grants cannot be stored.
    pub fn change_grants<'a>(
        &'a self,
        name: &'a str,
        change: GrantChange,
        who: &'a str,
    ) -> BoxFuture<'a, Result<Grants, GrantsError>> {
        Box::pin(async move {
            let (inner, owned, who) = (self.inner.clone(), name.to_owned(), who.to_owned());
            let changed = super::to_the_end(async move {
                let (name, who) = (owned, who);
                inner.change_grants(&name, change, &who).await
            });
            let grants = changed.await?;
            // What may be read may be listed.
            self.relist(name);
            Ok(grants)
        })
    }
}

impl Inner {
    async fn change_grants(
        &self,
        name: &str,
        change: GrantChange,
        who: &str,
    ) -> Result<Grants, GrantsError> {
        let _changing = self.changing.lock().await;
        let (extensions, failed) = self.current();
        if let Some(failed) = failed.get(name) {
            return self.try_again(failed.revision.clone(), change, who).await;
        }
        let entry = extensions
            .get(name)
            .cloned()
            .ok_or_else(|| GrantsError::unknown(name))?;
        let before = entry.access.granted();
        let revoked = change.revoke.clone();
        let grants = changed(name, &before, change)?;
        self.revoke_of_others(name, entry.revision.revision, &revoked, who)
            .await?;
        let (before, after) = (json_text(&*before), json_text(&grants));
        self.store
            .set_grants(name, entry.revision.revision, &after, who)
            .await?;
        entry.access.grant(grants.clone());
        self.revoke_beside(name, &revoked);
        tracing::info!(extension = name, who, before, after, "grants changed");
        // The entries are the same; the new generation tells those who follow what is handled.
        let swap = self.swapping.lock().await;
        let (extensions, failed) = self.current();
        if let Ok(snapshot) = self.build(extensions, failed) {
            self.publish(snapshot, &swap);
        }
        Ok(grants)
    }

    /// Takes rights back from the revisions that do not serve, or going back to one would give them again.
    async fn revoke_of_others(
        &self,
        name: &str,
        serving: u64,
        revoked: &[Grant],
        who: &str,
    ) -> Result<(), StoreError> {
        if revoked.is_empty() {
            return Ok(());
        }
        let others = self.store.revisions(name).await?.into_iter();
        for other in others.filter(|other| other.revision != serving) {
            // Grants that cannot be read any more keep the revision from coming up.
            let Ok(granted) = serde_json::from_str::<Grants>(&other.grants) else {
                continue;
            };
            let is_taken = |grant: &Grant| revoked.iter().any(|taken| taken.includes(grant));
            let left = granted.iter().filter(|grant| !is_taken(grant)).cloned();
            let Ok(left) = Grants::new(left) else {
                continue;
            };
            if left != granted {
                let left = json_text(&left);
                self.store
                    .set_grants(name, other.revision, &left, who)
                    .await?;
            }
        }
        Ok(())
    }

    /// Takes rights back from the versions that are active beside the one that serves.
    fn revoke_beside(&self, name: &str, revoked: &[Grant]) {
        let snapshot = self.snapshot.load();
        for version in snapshot.beside.get(name).into_iter().flatten() {
            let access = &version.entry.access;
            let granted = access.granted();
            let is_taken = |grant: &Grant| revoked.iter().any(|taken| taken.includes(grant));
            let left = granted.iter().filter(|grant| !is_taken(grant));
            // Less of a set of grants is one.
            if let Ok(left) = Grants::new(left.cloned()) {
                access.grant(left);
            }
        }
    }

    /// Activates a failed revision with other grants. `changing` is held.
    async fn try_again(
        &self,
        mut revision: Revision,
        change: GrantChange,
        who: &str,
    ) -> Result<Grants, GrantsError> {
        let name = revision.extension.clone();
        let before = serde_json::from_str(&revision.grants).unwrap_or_default();
        let grants = changed(&name, &before, change)?;
        revision.grants = json_text(&grants);
        self.store
            .set_grants(&name, revision.revision, &revision.grants, who)
            .await?;
        let restored = self.restore(&revision).await;
        let swap = self.swapping.lock().await;
        let (mut extensions, mut failed) = self.current();
        let error = match restored {
            Ok(restored) => {
                let entry = Arc::new(restored.entry);
                extensions.insert(name.clone(), entry.clone());
                failed.remove(&name);
                match self.settle(extensions, failed, Some(&name)) {
                    Ok((snapshot, left_out)) => {
                        self.publish(snapshot, &swap);
                        super::tell(&left_out);
                        return Ok(grants);
                    }
                    Err(collision) => {
                        super::prepare::stop(&entry).await;
                        collision.to_string()
                    }
                }
            }
            Err(error) => error.to_string(),
        };
        let (extensions, mut failed) = self.current();
        super::open::fail(&mut failed, revision, error.clone());
        if let Ok(snapshot) = self.build(extensions, failed) {
            self.publish(snapshot, &swap);
        }
        Err(GrantsError::StillFailed { name, error })
    }
}

fn changed(name: &str, before: &Grants, change: GrantChange) -> Result<Grants, GrantsError> {
    let GrantChange { grant, revoke } = change;
    let mut grants: Vec<Grant> = before.iter().cloned().chain(grant).collect();
    for taken in revoke {
        if !grants.contains(&taken) {
            let has: Vec<String> = grants.iter().map(Grant::to_string).collect();
            return Err(GrantsError::NotGranted {
                extension: name.to_owned(),
                grant: taken,
                has: has.join(" "),
            });
        }
        grants.retain(|grant| *grant != taken);
    }
    Ok(Grants::new(grants)?)
}
