//! A snapshot in the words of MCP: what the lists show, made once for each generation.

use std::collections::BTreeMap;
use std::sync::Arc;

use koi_registry::{PromptEntry, ResourceEntry, RidTypeEntry, Snapshot, TemplateEntry, ToolEntry};
use koi_rid::RidType;
use rmcp::model::{JsonObject, Prompt, Resource, ResourceTemplate, Tool};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::notices::Lists;

/// The media type of a bundle whose RID type names none.
pub(crate) const BUNDLE_MIME_TYPE: &str = "application/json";

/// The variable of a RID type's template.
pub(crate) const REFERENCE: &str = "reference";

/// An entry and what clients see of it.
pub(crate) struct Shown<E, T> {
    entry: Arc<E>,
    shown: Arc<T>,
}

impl<E, T> AsRef<T> for Shown<E, T> {
    fn as_ref(&self) -> &T {
        &self.shown
    }
}

/// What clients see of a snapshot; each list in the order of its keys.
pub(crate) struct View {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) tools: BTreeMap<String, Shown<ToolEntry, Tool>>,
    pub(crate) resources: BTreeMap<String, Shown<ResourceEntry, Resource>>,
    pub(crate) prompts: BTreeMap<String, Shown<PromptEntry, Prompt>>,
    own_templates: BTreeMap<String, Shown<TemplateEntry, ResourceTemplate>>,
    /// Of RID types and of extensions, by URI template.
    pub(crate) templates: BTreeMap<String, Arc<ResourceTemplate>>,
    /// The RID types whose bundles are resources.
    pub(crate) rid_types: Vec<RidType>,
}

impl View {
    pub(crate) fn new(snapshot: Arc<Snapshot>, before: Option<&View>) -> Self {
        let own_templates = shown(
            &snapshot.templates,
            before.map(|view| &view.own_templates),
            |template| &template.descriptor,
        );
        let mut templates: BTreeMap<String, Arc<ResourceTemplate>> = snapshot
            .rid_types
            .values()
            .map(|rid_type| derived(rid_type))
            .map(|template| (template.uri_template.clone(), Arc::new(template)))
            .collect();
        templates.extend(
            own_templates
                .iter()
                .map(|(key, own)| (key.clone(), own.shown.clone())),
        );
        Self {
            tools: shown(&snapshot.tools, before.map(|view| &view.tools), |tool| {
                &tool.descriptor
            }),
            resources: shown(
                &snapshot.resources,
                before.map(|view| &view.resources),
                |resource| &resource.descriptor,
            ),
            prompts: shown(
                &snapshot.prompts,
                before.map(|view| &view.prompts),
                |prompt| &prompt.descriptor,
            ),
            own_templates,
            templates,
            rid_types: snapshot.rid_types.keys().cloned().collect(),
            snapshot,
        }
    }

    /// Which lists a client that has seen `before` has to ask for again.
    pub(crate) fn differs_from(&self, before: &View) -> Lists {
        Lists {
            tools: !same(&self.tools, &before.tools),
            resources: self.rid_types != before.rid_types
                || self.templates != before.templates
                || !same(&self.resources, &before.resources),
            prompts: !same(&self.prompts, &before.prompts),
        }
    }

    /// A tool as far as the transport looks at it: its name and input schema.
    pub(crate) fn tool_for_transport(&self, name: &str) -> Option<Tool> {
        let schema: Arc<JsonObject> = self.tools.get(name)?.shown.input_schema.clone();
        Some(Tool::new_with_raw(name.to_owned(), None, schema))
    }

    /// The RID type whose bundles a URI template stands for.
    pub(crate) fn rid_type_of_template(&self, template: &str) -> Option<&RidType> {
        let is_of = |of: &&RidType| template == derived_template(of);
        self.rid_types.iter().find(is_of)
    }

    /// The extension that answers for a URI of an extension's own.
    pub(crate) fn owner_of(&self, uri: &str) -> Option<Arc<str>> {
        match self.snapshot.resources.get(uri) {
            Some(resource) => Some(resource.extension.clone()),
            None => self
                .snapshot
                .template_for(uri)
                .map(|template| template.extension.clone()),
        }
    }
}

fn derived_template(rid_type: &RidType) -> String {
    format!("{}:{{+{REFERENCE}}}", rid_type.as_str())
}

/// The template of a RID type: every RID of it, whatever its reference.
fn derived(rid_type: &RidTypeEntry) -> ResourceTemplate {
    let name = rid_type.rid_type.as_str();
    let mut template = ResourceTemplate::new(derived_template(&rid_type.rid_type), name);
    template.title = rid_type.title.clone();
    template.description = rid_type.description.clone();
    template.mime_type = Some(mime_type(rid_type).to_owned());
    template
}

pub(crate) fn mime_type(rid_type: &RidTypeEntry) -> &str {
    rid_type.mime_type.as_deref().unwrap_or(BUNDLE_MIME_TYPE)
}

/// What was shown before is shown again where the entry is the same.
fn shown<E, T: DeserializeOwned>(
    entries: &BTreeMap<String, Arc<E>>,
    before: Option<&BTreeMap<String, Shown<E, T>>>,
    descriptor: impl Fn(&E) -> &Value,
) -> BTreeMap<String, Shown<E, T>> {
    let known = |key: &str, entry: &Arc<E>| {
        let known = before?.get(key)?;
        Arc::ptr_eq(&known.entry, entry).then(|| known.shown.clone())
    };
    let show = |key: &str, entry: &Arc<E>| match T::deserialize(descriptor(entry)) {
        Ok(shown) => Some(Arc::new(shown)),
        Err(error) => {
            tracing::warn!(key, %error, "not listed: its description is not of MCP's form");
            None
        }
    };
    entries
        .iter()
        .filter_map(|(key, entry)| {
            let shown = known(key, entry).or_else(|| show(key, entry))?;
            Some((
                key.clone(),
                Shown {
                    entry: entry.clone(),
                    shown,
                },
            ))
        })
        .collect()
}

fn same<E, T: PartialEq>(
    one: &BTreeMap<String, Shown<E, T>>,
    other: &BTreeMap<String, Shown<E, T>>,
) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|((a_key, a), (b_key, b))| {
            a_key == b_key && (Arc::ptr_eq(&a.shown, &b.shown) || a.shown == b.shown)
        })
}
