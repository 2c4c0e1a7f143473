//! Installing a component into the running node.

use std::sync::Arc;

use futures::future::BoxFuture;
use koi_distribution::{Refusal, Signed};
use koi_rid::Timestamp;
use koi_store::{Component, NewRevision, Role, StoreError};
use serde::Serialize;
use serde_json::{Map, Value};

use super::handover::HandoverError;
use super::prepare::{Candidate, PrepareError, json_text};
use super::swap::{Commit, SwapReport, Swapped};
use super::{Inner, Registry};
use crate::entry::{ExtensionEntry, RevisionInfo, ToolPrefix};
use crate::grant::{Grant, GrantError, Grants};
use crate::naming::Naming;
use crate::snapshot::Collision;

/// What to install.
pub struct Install {
    /// The bytes of the component.
    pub component: Vec<u8>,
    /// What to call it.
    pub naming: Naming,
    /// What to grant it.
    pub grants: GrantRequest,
    /// How to configure it; if empty, as the revision that it replaces.
    pub settings: Map<String, Value>,
    /// What to put before the names of its tools; none for what the revision has that it replaces.
    pub tool_prefix: Option<ToolPrefix>,
    /// Where it came from, for a person.
    pub source: String,
    /// Whether what it is refused is to be recorded from its `start` on.
    pub learn: bool,
    /// Who installs it, for the audit log: a principal, `operator`, `drop-folder`.
    pub who: String,
}

/// What to grant an extension that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantRequest {
    /// These, whatever it asks for.
    Listed(Vec<Grant>),
    /// All that it asks for.
    AsAsked,
    /// Those of the revision that it replaces; nothing if there is none.
    Keep,
    /// As `Keep`, and the revision that it replaces has to have come from the same source.
    KeepOfSource,
}

/// What became of an install.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InstallReport {
    /// The extension's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The revision that runs now, or is held.
    pub revision: u64,
    /// Lower-case hex SHA-256 of the component.
    pub digest: String,
    /// Whether something changed.
    pub outcome: Installed,
    /// What stands before the names of its tools; left out if that is nothing.
    #[serde(skip_serializing_if = "ToolPrefix::is_empty")]
    pub tool_prefix: ToolPrefix,
    /// The names of its tools.
    pub tools: Vec<String>,
    /// How its instances live: `fresh`, `pooled` or `singleton`; as it asks for, if that is granted.
    pub mode: &'static str,
    /// What it was granted.
    pub grants: Grants,
    /// What it asks for and was not granted.
    pub missing: Vec<Grant>,
    /// What it was granted without any effect, since it asks for nothing of the kind.
    pub idle: Vec<Grant>,
    /// What a held revision asks for that the one before did not, and is not granted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wants: Vec<Grant>,
    /// Why the revision is not to be used any more, if somebody has said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// What the swap was, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap: Option<SwapReport>,
    /// The fingerprint of the key that signed it, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// What the operator should know of who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// What an install changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Installed {
    /// The extension was not there before.
    New,
    /// It took the place of an earlier revision.
    Replaced,
    /// The same component runs already, with the same grants and settings.
    Unchanged,
    /// It is active beside the revision that serves.
    Beside,
    /// It wants more than is granted, and waits for approval; the earlier revision serves.
    Held,
}

/// Why a component was not installed. Everything is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// It cannot be activated.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// It claims what another extension has.
    #[error(transparent)]
    Collision(#[from] Collision),
    /// What it would replace came from elsewhere.
    #[error(
        "the extension `{name}` is installed from {origin}, and what comes from elsewhere does not \
         take its place: remove it first, or install this one with `koi-mcp extension install`"
    )]
    OtherSource {
        /// The extension's name.
        name: String,
        /// Where the one that is installed came from.
        origin: String,
    },
    /// It is to be active beside a revision that serves, and none does.
    #[error(
        "nothing serves as `{0}` yet: install it first without `--beside`, `--canary` and `--shadow`"
    )]
    NothingServes(String),
    /// What the revision that serves keeps in memory could not be handed over.
    #[error(transparent)]
    Handover(#[from] HandoverError),
    /// The grants are no set of grants.
    #[error(transparent)]
    Grants(#[from] GrantError),
    /// Its signatures, or that there are none, speak against it.
    #[error(transparent)]
    Signature(#[from] Refusal),
    /// The store refused it.
    #[error("the revision could not be stored: {0}")]
    Store(#[from] StoreError),
}

impl Registry {
    /// Installs a component. If an extension of that name runs, this is its next revision: the old
    /// one serves until the swap, and calls in flight finish on it. When this returns, the revision
    /// is stored and in the Snapshot. One that is to keep grants and asks for more than those and than the
    /// revision before it is stored and held instead: it serves when it is approved.
    ///
    /// # Errors
    /// What is wrong with the component, or what it collides with. Then all is as it was.
    pub fn install(&self, install: Install) -> BoxFuture<'_, Result<InstallReport, InstallError>> {
        self.install_as(install, Role::Serving, Signed::default())
    }

    /// The same for a role, and for a component with which signatures came; without, it is one that nobody
    /// signed. A revision that does not serve is active beside the one that does, whichever of them has the
    /// higher version, and a canary or shadow that there is gives way to it.
    ///
    /// # Errors
    /// As [`install`](Self::install), and if nothing serves yet and the role is another.
    pub fn install_as(
        &self,
        install: Install,
        role: Role,
        signed: Signed,
    ) -> BoxFuture<'_, Result<InstallReport, InstallError>> {
        Box::pin(async move {
            let component: Arc<[u8]> = install.component.into();
            let signed = Arc::new(signed);
            // What is not to be trusted is not compiled either.
            self.inner.verdict(&component, &signed, None).await?;
            let candidate = self.inner.candidate(component.clone(), &install.naming);
            let candidate = candidate.await?;
            let registry = self.clone();
            super::to_the_end(async move {
                let inner = &registry.inner;
                let changing = inner.changing.lock().await;
                if install.learn {
                    inner.attempts(&candidate.description.name).learn(true);
                }
                let mut plan = inner
                    .plan(
                        &candidate,
                        install.grants,
                        install.settings,
                        install.tool_prefix,
                        &install.source,
                    )
                    .await?;
                let publisher = inner.publisher(&candidate, &component, &signed).await?;
                let unchanged = plan.unchanged.take();
                let unchanged = unchanged.filter(|_| role == Role::Serving && !publisher.is_new());
                if let Some(running) = unchanged {
                    return Ok(report(&running, Installed::Unchanged));
                }
                let verdict = publisher.accept(&candidate.description.name)?;
                plan.publisher = verdict.publisher.clone();
                let component = Component::with_digest(component, candidate.loaded.digest());
                let (source, who) = (install.source, install.who);
                let mut report = if role == Role::Serving {
                    let outcome = inner
                        .activate(&candidate, component, plan, source, &who)
                        .await?;
                    drop(changing);
                    match outcome {
                        Outcome::Swapped(swapped) => registry.after(swapped).await,
                        Outcome::Settled(report) => *report,
                    }
                } else {
                    inner
                        .install_beside(&candidate, component, plan, source, &who, role)
                        .await?
                };
                (report.publisher, report.warning) = (verdict.publisher, verdict.warning);
                Ok(report)
            })
            .await
        })
    }
}

/// With what a candidate is to run.
pub(super) struct Plan {
    pub(super) revision: u64,
    pub(super) grants: Grants,
    pub(super) settings: Map<String, Value>,
    pub(super) tool_prefix: ToolPrefix,
    /// Whose signature came with it.
    pub(super) publisher: Option<String>,
    /// What it has to be held for.
    wants: Vec<Grant>,
    /// What runs, if it is the same already.
    pub(super) unchanged: Option<Arc<ExtensionEntry>>,
}

impl Inner {
    async fn plan(
        &self,
        candidate: &Candidate,
        request: GrantRequest,
        settings: Map<String, Value>,
        tool_prefix: Option<ToolPrefix>,
        source: &str,
    ) -> Result<Plan, InstallError> {
        let description = &candidate.description;
        let name = description.name.as_str();
        let snapshot = self.snapshot.load_full();
        let running = snapshot.extensions.get(name);
        let number = running.map(|entry| entry.revision.revision).or_else(|| {
            snapshot
                .failed
                .get(name)
                .map(|failed| failed.revision.revision)
        });
        let stored = self.store.revisions(name).await?;
        let before = stored
            .iter()
            .find(|revision| Some(revision.revision) == number);
        let other_source = before
            .map(|revision| &revision.source)
            .filter(|before| request == GrantRequest::KeepOfSource && *before != source);
        let keeps = matches!(request, GrantRequest::Keep | GrantRequest::KeepOfSource);
        let grants = match request {
            GrantRequest::Listed(grants) => Grants::new(grants)?,
            // What the operator has to complete, such as a folder, is missing until then.
            GrantRequest::AsAsked => {
                let complete = |ask: &&Grant| ask.is_complete();
                Grants::new(description.asks.iter().filter(complete).cloned())?
            }
            GrantRequest::Keep | GrantRequest::KeepOfSource => before
                .map_or_else(Grants::default, |revision| {
                    serde_json::from_str(&revision.grants).unwrap_or_default()
                }),
        };
        let settings_before: Map<String, Value> = before
            .and_then(|revision| serde_json::from_str(&revision.settings).ok())
            .unwrap_or_default();
        let settings = if settings.is_empty() {
            settings_before.clone()
        } else {
            settings
        };
        // One that cannot be read any more is told where the revision is activated.
        let prefix_before = before
            .and_then(|revision| ToolPrefix::parse(&revision.tool_prefix).ok())
            .unwrap_or_default();
        let tool_prefix = tool_prefix.unwrap_or(prefix_before);
        let unchanged = running.filter(|entry| {
            entry.revision.digest == candidate.loaded.digest()
                && *entry.access.granted() == grants
                && settings_before == settings
                && entry.revision.tool_prefix == tool_prefix
        });
        if let (None, Some(source)) = (unchanged, other_source) {
            return Err(InstallError::OtherSource {
                name: name.to_owned(),
                origin: source.clone(),
            });
        }
        let wants = match (keeps, running) {
            (true, Some(running)) => self.wants(description, &grants, &running.description.asks),
            _ => Vec::new(),
        };
        Ok(Plan {
            wants,
            publisher: None,
            revision: stored.last().map_or(1, |last| last.revision + 1),
            grants,
            settings,
            tool_prefix,
            unchanged: unchanged.cloned(),
        })
    }

    /// Has a candidate serve, or held if it wants more than it is granted. `changing` is held.
    async fn activate(
        &self,
        candidate: &Candidate,
        component: Component,
        plan: Plan,
        source: String,
        who: &str,
    ) -> Result<Outcome, InstallError> {
        let (revision, new) = as_new(candidate, &plan, source);
        let (grants, settings) = (plan.grants, &plan.settings);
        if plan.wants.is_empty() {
            let commit = Commit::Install { new, component };
            let swapped = self.swap(candidate, revision, grants, settings, commit, who);
            return Ok(Outcome::Swapped(swapped.await?));
        }
        let entry = self.fitting(candidate, revision, grants, settings).await?;
        let held = self.hold(&entry, new, component, plan.wants, who).await?;
        Ok(Outcome::Settled(Box::new(held)))
    }
}

/// What a candidate becomes, here and in the store.
pub(super) fn as_new(
    candidate: &Candidate,
    plan: &Plan,
    source: String,
) -> (RevisionInfo, NewRevision) {
    let description = &candidate.description;
    let revision = RevisionInfo {
        extension: description.name.as_str().into(),
        revision: plan.revision,
        digest: candidate.loaded.digest(),
        version: description.version.clone(),
        tool_prefix: plan.tool_prefix.clone(),
        source: source.clone(),
        installed_at: Timestamp::now(),
    };
    let new = NewRevision {
        extension: description.name.clone(),
        version: description.version.to_string(),
        description: candidate.text.clone(),
        grants: json_text(&plan.grants),
        settings: json_text(&plan.settings),
        tool_prefix: plan.tool_prefix.to_string(),
        source,
        publisher: plan.publisher.clone(),
    };
    (revision, new)
}

/// What became of a candidate.
enum Outcome {
    Swapped(Swapped),
    /// Nothing else serves.
    Settled(Box<InstallReport>),
}

/// What is reported of an entry.
pub(super) fn report(entry: &ExtensionEntry, outcome: Installed) -> InstallReport {
    InstallReport {
        name: entry.name().to_owned(),
        version: entry.revision.version.to_string(),
        revision: entry.revision.revision,
        digest: entry.revision.digest.to_string(),
        outcome,
        tool_prefix: entry.revision.tool_prefix.clone(),
        tools: entry.lists.tools.keys().cloned().collect(),
        mode: entry.access.execution().mode.as_str(),
        grants: (*entry.access.granted()).clone(),
        missing: entry.access.missing(),
        idle: entry.access.idle(),
        wants: Vec::new(),
        deprecated: None,
        swap: None,
        publisher: None,
        warning: None,
    }
}
