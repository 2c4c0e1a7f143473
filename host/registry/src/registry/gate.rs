//! The gate: a revision that wants more than is granted is held until an operator approves it.

use futures::future::BoxFuture;
use koi_store::{Component, NewRevision, Revision, Role};

use super::install::{InstallError, InstallReport, Installed, report};
use super::prepare::json_text;
use super::revisions::{RevisionError, short};
use super::swap::Commit;
use super::{GrantRequest, Inner, Registry};
use crate::description::Description;
use crate::entry::ExtensionEntry;
use crate::grant::{Access, Grant, Grants};

impl Registry {
    /// Has the held revision of an extension serve. It is granted what it has, and what `grants` says on
    /// top: what is listed, or all that it asks for. The audit log says that `who` approved it.
    ///
    /// # Errors
    /// If none is held, or it does not come up. Then it is held as before, and the old one serves.
    pub fn approve<'a>(
        &'a self,
        name: &'a str,
        grants: GrantRequest,
        who: &'a str,
    ) -> BoxFuture<'a, Result<InstallReport, RevisionError>> {
        Box::pin(async move {
            let (registry, name, who) = (self.clone(), name.to_owned(), who.to_owned());
            super::to_the_end(async move {
                let changing = registry.inner.changing.lock().await;
                let swapped = registry.inner.approve(&name, grants, &who).await?;
                drop(changing);
                Ok(registry.after(swapped).await)
            })
            .await
        })
    }

    /// No longer holds the held revision of an extension; it stays stored. The audit log says that `who`
    /// rejected it. Gives its number.
    ///
    /// # Errors
    /// If none is held, or the store refuses.
    pub async fn reject(&self, name: &str, who: &str) -> Result<u64, RevisionError> {
        let (registry, name, who) = (self.clone(), name.to_owned(), who.to_owned());
        super::to_the_end(async move {
            let inner = &registry.inner;
            let _changing = inner.changing.lock().await;
            let held = inner.held(&name).await?;
            inner.store.retire(&name, held.revision, &who).await?;
            tracing::info!(extension = name, revision = held.revision, who, "rejected");
            Ok(held.revision)
        })
        .await
    }
}

impl Inner {
    /// What a description asks for that is not granted and was not asked for before.
    pub(super) fn wants(
        &self,
        description: &Description,
        granted: &Grants,
        asked_before: &Grants,
    ) -> Vec<Grant> {
        let (name, asks) = (description.name.as_str().into(), description.asks.clone());
        let access = Access::new(name, asks, granted.clone()).within(self.limits);
        let mut missing = access.missing();
        missing.retain(|ask| !asked_before.include(ask));
        missing
    }

    /// Stores a revision as held, unless it is already. `changing` is held.
    pub(super) async fn hold(
        &self,
        entry: &ExtensionEntry,
        new: NewRevision,
        component: Component,
        wants: Vec<Grant>,
        who: &str,
    ) -> Result<InstallReport, InstallError> {
        let name = entry.name();
        let before = self.activation(name, Role::Held).await?;
        let same = before.filter(|held| {
            held.digest == *entry.revision.digest
                && (&held.grants, &held.settings) == (&new.grants, &new.settings)
                && held.tool_prefix == new.tool_prefix
        });
        let revision = match same {
            Some(held) => held.revision,
            None => {
                let stored = self.store.install(new, component, Role::Held, who).await?;
                self.collect(name).await;
                stored.revision
            }
        };
        let list: Vec<String> = wants.iter().map(Grant::to_string).collect();
        tracing::warn!(
            extension = name,
            revision,
            wants = list.join(" "),
            "held, since it wants more than is granted; the revision before serves until `koi-mcp \
             extension approve {name} --grant-asked`"
        );
        Ok(InstallReport {
            revision,
            wants,
            ..report(entry, Installed::Held)
        })
    }

    async fn approve(
        &self,
        name: &str,
        request: GrantRequest,
        who: &str,
    ) -> Result<super::swap::Swapped, RevisionError> {
        let held = self.held(name).await?;
        let stored = self.stored(&held).await?;
        let more: Vec<Grant> = match request {
            GrantRequest::Listed(grants) => grants,
            GrantRequest::AsAsked => {
                let asks = stored.candidate.description.asks.iter();
                asks.filter(|ask| ask.is_complete()).cloned().collect()
            }
            GrantRequest::Keep | GrantRequest::KeepOfSource => Vec::new(),
        };
        let grants = Grants::new(stored.grants.iter().cloned().chain(more))?;
        let commit = Commit::Approve {
            grants: json_text(&grants),
        };
        let (candidate, info, settings) = (&stored.candidate, stored.info, &stored.settings);
        let swapped = self.swap(candidate, info, grants, settings, commit, who);
        Ok(swapped.await?)
    }

    /// The held revision of an extension.
    async fn held(&self, name: &str) -> Result<Revision, RevisionError> {
        let held = self.activation(name, Role::Held).await?;
        held.ok_or_else(|| RevisionError::NothingHeld(short(name)))
    }
}
