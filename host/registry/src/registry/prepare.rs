//! From a component to an entry that is ready to be published: what install and start-up share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use koi_runtime::{CallError, LoadError};
use koi_store::Role;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Inner;
use crate::callee::{Binding, Loaded};
use crate::description::{Description, DescriptionError};
use crate::entry::{ExtensionEntry, ListError, Listed, Lists, RevisionInfo};
use crate::grant::{Access, Grants};
use crate::in_flight::InFlight;
use crate::naming::{Naming, NamingError};
use crate::ports::{Settings, within_the_node};
use crate::secret::{Guard, GuardedCallee};
use crate::watched::Watched;
use koi_schema::{JsonSchema, SchemaError};

/// Why a component cannot be activated.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// It is no fit component.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It failed in one of the calls before it is activated.
    #[error("the extension failed in `{function}`: {error}")]
    Call {
        /// The function of the contract.
        function: &'static str,
        /// How it failed.
        error: CallError,
    },
    /// What it says about itself makes no sense.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// It cannot be called as it is to be.
    #[error(transparent)]
    Naming(#[from] NamingError),
    /// It declares what it does not export.
    #[error(
        "the extension's description has {declared}, and the component does not export `{interface}`"
    )]
    NotExported {
        /// What it declares.
        declared: &'static str,
        /// The interface that this needs.
        interface: &'static str,
    },
    /// One of its schemas was refused.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// Its settings do not fit its configuration schema.
    #[error(
        "the settings of {extension} do not fit its configuration schema: {misfit}; give them with `--set KEY=VALUE`, or in the node's configuration under `extensions.settings.{extension}`"
    )]
    Settings {
        /// The extension.
        extension: String,
        /// What does not fit.
        misfit: String,
    },
    /// One of its lists was refused.
    #[error("the extension's lists are refused: {0}")]
    Lists(#[from] ListError),
}

/// A component that was loaded and asked what it is.
pub(super) struct Candidate {
    /// Since when it has been made ready.
    pub(super) since: Instant,
    /// How long it took to have its code: to compile it, or to take it from the cache.
    pub(super) load: Duration,
    pub(super) loaded: Arc<dyn Loaded>,
    /// As the extension gave it.
    pub(super) text: String,
    pub(super) description: Arc<Description>,
}

impl Inner {
    /// Loads a component and has it describe itself.
    pub(super) async fn candidate(
        &self,
        component: Arc<[u8]>,
        naming: &Naming,
    ) -> Result<Candidate, PrepareError> {
        let since = Instant::now();
        let loaded = self.loader.load(component).await?;
        let load = since.elapsed();
        let said = loaded
            .describe()
            .await
            .map_err(|error| PrepareError::Call {
                function: "describe",
                error,
            })?;
        let text = match loaded.is_plain() {
            true => naming.put_into(&said)?,
            false => said,
        };
        let description = Description::parse(&text)?;
        naming.check(&description.name)?;
        check_exports(&*loaded, &description)?;
        Ok(Candidate {
            since,
            load,
            loaded,
            text,
            description: Arc::new(description),
        })
    }

    /// Binds a candidate that is to serve to its grants and settings. It has no lists yet and was not
    /// started.
    pub(super) async fn bind(
        &self,
        candidate: &Candidate,
        revision: RevisionInfo,
        grants: Grants,
        settings: &Map<String, Value>,
    ) -> Result<ExtensionEntry, PrepareError> {
        self.bind_as(candidate, revision, grants, settings, Role::Serving)
            .await
    }

    /// The same for whatever role: what it may leave behind depends on it.
    pub(super) async fn bind_as(
        &self,
        candidate: &Candidate,
        revision: RevisionInfo,
        grants: Grants,
        settings: &Map<String, Value>,
        role: Role,
    ) -> Result<ExtensionEntry, PrepareError> {
        let name = revision.extension.clone();
        let mut effective = self.settings.get(&*name).cloned().unwrap_or_default();
        effective.extend(settings.clone());
        let settings = Settings::new(&effective);
        let description = candidate.description.clone();
        super::aside(move || check_settings(&description, effective)).await?;
        let access = Access::new(name.clone(), candidate.description.asks.clone(), grants);
        let access = access.within(self.limits).learning(self.attempts(&name));
        let access = Arc::new(access);
        let guard = Guard::new(&access, &self.ports.vault);
        let watch = self.watching.watch();
        let ports = match role {
            Role::Serving => self.ports.granted(&access, settings, guard.as_ref()),
            Role::Shadow => {
                let node = self.ports.unseen(watch.seen());
                let ports = node.granted(&access, settings, guard.as_ref());
                within_the_node(ports, watch.seen())
            }
            Role::Beside | Role::Canary { .. } | Role::Held => {
                let node = self.ports.unsaved();
                node.granted(&access, settings, guard.as_ref())
            }
        };
        let in_flight = Arc::<InFlight>::default();
        let mut callee = candidate.loaded.bind(Binding {
            extension: name,
            revision: revision.revision,
            ports,
            access: access.clone(),
            save_every: self.save_every,
            in_flight: in_flight.clone(),
        });
        if let Some(guard) = guard {
            callee = Arc::new(GuardedCallee::new(callee, guard));
        }
        let callee = Arc::new(Watched::new(callee, watch.clone()));
        let description = candidate.description.clone();
        let entry = move || ExtensionEntry::new(revision, description, access, callee);
        let entry = ExtensionEntry {
            in_flight,
            ..super::aside(entry).await?
        };
        Ok(entry.watched(watch))
    }
}

/// The entry with its lists of now.
pub(super) async fn listed(entry: &ExtensionEntry) -> Result<ExtensionEntry, PrepareError> {
    Ok(entry.with_lists(lists(entry).await?))
}

/// Starts an entry: from here on it may have left something behind in the world.
pub(super) async fn start(entry: &ExtensionEntry) -> Result<(), PrepareError> {
    let started = entry.callee.start().await;
    started.map_err(|error| PrepareError::Call {
        function: "start",
        error,
    })
}

/// The lists of now.
pub(super) async fn lists(entry: &ExtensionEntry) -> Result<Lists, PrepareError> {
    let callee = &entry.callee;
    let of = |function| move |error| PrepareError::Call { function, error };
    let tools = callee.list_tools().await.map_err(of("list-tools"))?;
    let resources = callee
        .list_resources()
        .await
        .map_err(of("list-resources"))?;
    let prompts = callee.list_prompts().await.map_err(of("list-prompts"))?;
    let name = entry.revision.extension.clone();
    let prefix = entry.revision.tool_prefix.clone();
    let (callee, before) = (callee.clone(), entry.lists.clone());
    let parse = move || {
        let listed = Listed {
            prefix: &prefix,
            tools: &tools,
            resources: &resources,
            prompts: &prompts,
        };
        Lists::parse(&name, listed, &callee, &before)
    };
    Ok(super::aside(parse).await?)
}

/// Tells an extension that it is no longer active. How that ends changes nothing.
pub(super) async fn stop(entry: &ExtensionEntry) {
    if let Err(error) = entry.callee.stop().await {
        tracing::warn!(extension = entry.name(), %error, "the extension failed in `stop`");
    }
}

/// That a component exports what its description declares.
///
/// # Errors
/// [`PrepareError::NotExported`] with the interface that is missing.
pub fn check_exports(loaded: &dyn Loaded, description: &Description) -> Result<(), PrepareError> {
    let exports = loaded.exports();
    let parses = description.rid_types.iter().any(|rid_type| rid_type.parses);
    let checks = description.schemas.iter().any(|schema| schema.validates);
    let needs = [
        (
            parses,
            exports.rid_types,
            "a RID type that it parses",
            "rid-types",
        ),
        (
            checks,
            exports.schemas,
            "a schema that it validates",
            "schemas",
        ),
        (
            !description.transforms.is_empty(),
            exports.schemas,
            "transforms",
            "schemas",
        ),
        (
            !description.handlers.is_empty(),
            exports.handlers,
            "handlers",
            "handlers",
        ),
        (
            !description.jobs.is_empty(),
            exports.schedule,
            "jobs",
            "schedule",
        ),
    ];
    match needs
        .into_iter()
        .find(|(declared, exported, ..)| *declared && !exported)
    {
        Some((_, _, declared, interface)) => Err(PrepareError::NotExported {
            declared,
            interface,
        }),
        None => Ok(()),
    }
}

fn check_settings(
    description: &Description,
    settings: Map<String, Value>,
) -> Result<(), PrepareError> {
    let Some(schema) = &description.config_schema else {
        return Ok(());
    };
    let schema = JsonSchema::compile(schema)
        .map_err(|error| SchemaError(format!("`config-schema`: {}", error.0)))?;
    schema
        .check(&Value::Object(settings))
        .map_err(|misfit| PrepareError::Settings {
            extension: description.name.clone(),
            misfit,
        })
}

/// JSON text of what cannot fail to have one.
pub(super) fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
