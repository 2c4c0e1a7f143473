//! What a component is made of.
//!
//! It is loaded, describes itself and lists its tools with nothing granted: so two of them are compared
//! on the same ground, whether or not one of them runs. Nothing of the node changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use koi_runtime::ports::Ports;
use koi_store::Revision;
use serde::Serialize;
use serde_json::Value;

use super::Inner;
use super::open::RestoreError;
use super::prepare::{Candidate, PrepareError};
use crate::callee::Binding;
use crate::entry::{Listed, Lists, ToolPrefix};
use crate::grant::{Access, Grants};
use crate::naming::Naming;

/// What a component is made of, each thing by its name.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Profile {
    /// How many bytes it has.
    pub bytes: u64,
    /// Its tools under its own names, as MCP describes tools.
    pub tools: BTreeMap<String, Value>,
    /// Why its tools are not known: it lists none with nothing granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools_unknown: Option<String>,
    /// Its schemas.
    pub schemas: BTreeMap<String, Value>,
    /// The RID types that it owns.
    pub rid_types: BTreeMap<String, Value>,
    /// From which schema to which it transforms, as `FROM -> TO`.
    pub transforms: BTreeMap<String, Value>,
    /// Its handlers, by phase and RID types.
    pub handlers: BTreeMap<String, Value>,
    /// Its jobs.
    pub jobs: BTreeMap<String, Value>,
    /// The WIT interfaces that it imports.
    pub imports: BTreeSet<String>,
    /// What it asks for.
    pub asks: Grants,
}

impl Inner {
    /// Of a revision in the store.
    pub(super) async fn profile_of(&self, revision: &Revision) -> Result<Profile, RestoreError> {
        let component = self.store.component(&revision.digest).await?;
        let component: Arc<[u8]> = component.ok_or(RestoreError::Missing)?.into();
        let bytes = component.len() as u64;
        let naming = Naming::Given(revision.extension.clone());
        let candidate = self.candidate(component, &naming).await?;
        Ok(self.profile(&candidate, bytes).await)
    }

    /// Of a component of so many bytes.
    pub(super) async fn profile(&self, candidate: &Candidate, bytes: u64) -> Profile {
        let description: Value = serde_json::from_str(&candidate.text).unwrap_or_default();
        let by = |list: &str, name: fn(&Value) -> Option<String>| {
            let items = description[list].as_array().into_iter().flatten();
            let named = items.filter_map(|item| Some((name(item)?, item.clone())));
            named.collect::<BTreeMap<_, _>>()
        };
        let mut profile = Profile {
            bytes,
            schemas: by("schemas", |schema| text(schema, "name")),
            rid_types: by("rid-types", |of| text(of, "rid-type")),
            transforms: by("transforms", |pair| {
                Some(format!("{} -> {}", text(pair, "from")?, text(pair, "to")?))
            }),
            handlers: by("handlers", |handler| {
                let types = handler["rid-types"].as_array()?.iter();
                let types: Vec<_> = types.filter_map(Value::as_str).collect();
                Some(format!("{} {}", text(handler, "phase")?, types.join(" ")))
            }),
            jobs: by("jobs", |job| text(job, "name")),
            imports: candidate.loaded.imports().into_iter().collect(),
            asks: candidate.description.asks.clone(),
            ..Profile::default()
        };
        match self.tools_of(candidate).await {
            Ok(tools) => profile.tools = tools,
            Err(error) => profile.tools_unknown = Some(error.to_string()),
        }
        profile
    }

    /// What it lists with nothing granted.
    async fn tools_of(
        &self,
        candidate: &Candidate,
    ) -> Result<BTreeMap<String, Value>, PrepareError> {
        let description = &candidate.description;
        let name: Arc<str> = description.name.as_str().into();
        let access = Access::new(name.clone(), description.asks.clone(), Grants::default());
        let callee = candidate.loaded.bind(Binding {
            extension: name.clone(),
            revision: 0,
            ports: Ports::denied(),
            access: Arc::new(access.within(self.limits)),
            save_every: self.save_every,
            in_flight: Arc::default(),
        });
        let tools = callee.list_tools().await;
        let tools = tools.map_err(|error| PrepareError::Call {
            function: "list-tools",
            error,
        })?;
        let parse = move || {
            let listed = Listed {
                prefix: &ToolPrefix::default(),
                tools: &tools,
                resources: "{}",
                prompts: "[]",
            };
            Lists::parse(&name, listed, &callee, &Lists::default())
        };
        let lists = super::aside(parse).await?;
        let tools = lists.tools.into_iter();
        Ok(tools
            .map(|(name, tool)| (name, tool.descriptor.clone()))
            .collect())
    }
}

fn text(value: &Value, member: &str) -> Option<String> {
    Some(value.get(member)?.as_str()?.to_owned())
}
