//! Installing a component into the running node.

use std::sync::Arc;

use futures::future::BoxFuture;
use koi_distribution::{Refusal, Signed};
use koi_rid::Timestamp;
use koi_store::{NewRevision, Role, StoreError};
use serde::Serialize;
use serde_json::{Map, Value};

use super::prepare::{self, Candidate, PrepareError, json_text};
use super::{Inner, Registry};
use crate::entry::{ExtensionEntry, RevisionInfo, ToolPrefix};
use crate::grant::{Grant, GrantError, Grants};
use crate::snapshot::{Collision, Snapshot};

/// What to install.
pub struct Install {
    /// The bytes of the component.
    pub component: Vec<u8>,
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
    /// The revision that runs now.
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
    /// is stored and in the Snapshot.
    ///
    /// # Errors
    /// What is wrong with the component, or what it collides with. Then all is as it was.
    pub fn install(&self, install: Install) -> BoxFuture<'_, Result<InstallReport, InstallError>> {
        self.install_signed(install, Signed::default())
    }

    /// The same for a component with which signatures came. Without, it is one that nobody signed.
    ///
    /// # Errors
    /// As for [`Self::install`].
    pub fn install_signed(
        &self,
        install: Install,
        signed: Signed,
    ) -> BoxFuture<'_, Result<InstallReport, InstallError>> {
        Box::pin(async move {
            let component: Arc<[u8]> = install.component.into();
            let signed = Arc::new(signed);
            // What is not to be trusted is not compiled either.
            self.inner.verdict(&component, &signed, None).await?;
            let candidate = self.inner.candidate(component.clone()).await?;
            let registry = self.clone();
            super::to_the_end(async move {
                let inner = &registry.inner;
                let _changing = inner.changing.lock().await;
                if install.learn {
                    inner.attempts(&candidate.description.name).learn(true);
                }
                let plan = inner
                    .plan(
                        &candidate,
                        install.grants,
                        install.settings,
                        install.tool_prefix,
                        &install.source,
                    )
                    .await?;
                let publisher = inner.publisher(&candidate, &component, &signed).await?;
                if let Some(running) = plan.unchanged.as_ref().filter(|_| !publisher.is_new()) {
                    return Ok(report(running, Installed::Unchanged));
                }
                let verdict = publisher.accept(&candidate.description.name)?;
                let (source, by) = (install.source, verdict.publisher.clone());
                let mut report = inner
                    .activate(&candidate, &component, plan, source, by, &install.who)
                    .await?;
                (report.publisher, report.warning) = (verdict.publisher, verdict.warning);
                // Knowledge may have changed between the listing and the swap.
                if !candidate.description.lists_depend_on.is_empty() {
                    registry.relist(&report.name);
                }
                registry.relist_where_names_are_free();
                Ok(report)
            })
            .await
        })
    }
}

/// With what a candidate is to run.
struct Plan {
    revision: u64,
    grants: Grants,
    settings: Map<String, Value>,
    tool_prefix: ToolPrefix,
    /// What runs, if it is the same already.
    unchanged: Option<Arc<ExtensionEntry>>,
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
        Ok(Plan {
            revision: stored.last().map_or(1, |last| last.revision + 1),
            grants,
            settings,
            tool_prefix,
            unchanged: unchanged.cloned(),
        })
    }

    /// Everything that can fail, the commit, the swap. `changing` is held.
    async fn activate(
        &self,
        candidate: &Candidate,
        component: &[u8],
        plan: Plan,
        source: String,
        publisher: Option<String>,
        who: &str,
    ) -> Result<InstallReport, InstallError> {
        let description = &candidate.description;
        let name = description.name.as_str();
        let revision = RevisionInfo {
            extension: name.into(),
            revision: plan.revision,
            digest: candidate.loaded.digest(),
            version: description.version.clone(),
            tool_prefix: plan.tool_prefix.clone(),
            source: source.clone(),
            installed_at: Timestamp::now(),
        };
        let new = NewRevision {
            extension: name.to_owned(),
            version: description.version.to_string(),
            description: candidate.text.clone(),
            grants: json_text(&plan.grants),
            settings: json_text(&plan.settings),
            tool_prefix: plan.tool_prefix.to_string(),
            source,
            publisher,
        };
        let entry = self
            .bind(candidate, revision, plan.grants, &plan.settings)
            .await?;
        // What it claims is known before it may do anything.
        self.with(&entry)?;
        let entry = prepare::listed(&entry).await?;
        self.with(&entry)?;
        prepare::start(&entry).await?;
        match self.commit(entry, new, component, who).await {
            Ok((entry, replaced)) => {
                tracing::info!(
                    extension = name,
                    revision = entry.revision.revision,
                    digest = %entry.revision.digest,
                    "installed"
                );
                let outcome = if replaced.is_some() {
                    Installed::Replaced
                } else {
                    Installed::New
                };
                if let Some(replaced) = replaced {
                    prepare::stop(&replaced).await;
                }
                Ok(report(&entry, outcome))
            }
            Err((entry, error)) => {
                prepare::stop(&entry).await;
                Err(error)
            }
        }
    }

    /// The last check, the commit and the swap, with nobody in between. Gives the new entry and the
    /// one that it replaced, or the new one back.
    async fn commit(
        &self,
        entry: ExtensionEntry,
        new: NewRevision,
        component: &[u8],
        who: &str,
    ) -> Result<(Arc<ExtensionEntry>, Option<Arc<ExtensionEntry>>), (ExtensionEntry, InstallError)>
    {
        let swap = self.swapping.lock().await;
        let (mut snapshot, left_out) = match self.with(&entry) {
            Ok(settled) => settled,
            Err(collision) => return Err((entry, collision.into())),
        };
        let stored = match self.store.install(new, component, Role::Serving, who).await {
            Ok(stored) => stored,
            Err(error) => return Err((entry, error.into())),
        };
        let settled = snapshot.extensions.get(&stored.extension);
        let entry = settled.map_or(&entry, |settled| settled);
        let entry = Arc::new(entry.installed_at(stored.installed_at));
        snapshot
            .extensions
            .insert(stored.extension.clone(), entry.clone());
        let replaced = self
            .snapshot
            .load()
            .extensions
            .get(&stored.extension)
            .cloned();
        self.publish(snapshot, &swap);
        super::tell(&left_out);
        Ok((entry, replaced))
    }

    /// The Snapshot that there would be with a new entry. Names that knowledge made are left out
    /// where they collide; another collision refuses the entry.
    fn with(&self, entry: &ExtensionEntry) -> Result<(Snapshot, Vec<Collision>), Collision> {
        let name = entry.name();
        let (mut extensions, mut failed) = self.current();
        failed.remove(name);
        extensions.insert(
            name.to_owned(),
            Arc::new(entry.with_lists(entry.lists.clone())),
        );
        let (snapshot, left_out) = self.settle(extensions, failed, Some(name))?;
        let follows = |name: &String| {
            snapshot
                .extensions
                .get(name)
                .is_some_and(|e| e.follows_knowledge())
        };
        match left_out
            .iter()
            .find(|collision| !follows(&collision.claimant))
        {
            Some(collision) => Err(collision.clone()),
            None => Ok((snapshot, left_out)),
        }
    }
}

fn report(entry: &ExtensionEntry, outcome: Installed) -> InstallReport {
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
        publisher: None,
        warning: None,
    }
}
