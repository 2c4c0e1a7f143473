//! A snapshot in the words of MCP, as far as an endpoint shows it: what its lists show, made once for
//! each generation.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use koi_registry::{
    PromptEntry, Readable, ResourceEntry, RidTypeEntry, Snapshot, TemplateEntry, ToolEntry,
    VersionError,
};
use koi_rid::RidType;
use rmcp::model::{JsonObject, PaginatedRequestParams, Prompt, Resource, ResourceTemplate, Tool};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cursor::page;
use crate::dispatcher;
use crate::endpoint::{Dispatcher, ViewOptions};
use crate::management;
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
    /// When it took the place of another view; none for the first.
    pub(crate) swapped_in: Option<Instant>,
    options: Arc<ViewOptions>,
    /// The extensions' tools.
    tools: BTreeMap<String, Shown<ToolEntry, Tool>>,
    /// The tools that are listed: the extensions', the dispatcher's, or both.
    pub(crate) listed: BTreeMap<String, Arc<Tool>>,
    /// The same by the cursors of its pages, the first one's empty; made when they are first asked for.
    tool_pages: OnceLock<HashMap<String, ToolPage>>,
    /// The tools with a parameter that has to stand in a header too.
    header_parameters: HashSet<String>,
    pub(crate) resources: BTreeMap<String, Shown<ResourceEntry, Resource>>,
    pub(crate) prompts: BTreeMap<String, Shown<PromptEntry, Prompt>>,
    own_templates: BTreeMap<String, Shown<TemplateEntry, ResourceTemplate>>,
    /// Of RID types and of extensions, by URI template.
    pub(crate) templates: BTreeMap<String, Arc<ResourceTemplate>>,
    /// The RID types whose bundles are resources.
    pub(crate) rid_types: Vec<RidType>,
}

/// A page of the list of tools.
pub(crate) struct ToolPage {
    /// A JSON array.
    pub(crate) text: Arc<RawValue>,
    /// The cursor of the next page.
    pub(crate) next: Option<String>,
}

impl View {
    pub(crate) fn new(
        snapshot: Arc<Snapshot>,
        options: Arc<ViewOptions>,
        before: Option<&View>,
    ) -> Self {
        let own_templates = shown(
            &snapshot.templates,
            before.map(|view| &view.own_templates),
            |template| options.shows_extension(&template.extension),
            |template| &template.descriptor,
        );
        let rid_types = || {
            let all = snapshot.rid_types.values();
            all.filter(|owned| options.shows_extension(&owned.extension))
        };
        let mut templates: BTreeMap<String, Arc<ResourceTemplate>> = rid_types()
            .map(|rid_type| derived(rid_type))
            .map(|template| (template.uri_template.clone(), Arc::new(template)))
            .collect();
        templates.extend(
            own_templates
                .iter()
                .map(|(key, own)| (key.clone(), own.shown.clone())),
        );
        let tools = shown(
            &snapshot.tools,
            before.map(|view| &view.tools),
            |tool| options.shows_tool(tool),
            |tool| &tool.descriptor,
        );
        let listed = listed(&tools, &options, before);
        let of_extensions = tools.iter().map(|(name, tool)| (name, &tool.shown));
        Self {
            header_parameters: of_extensions
                .chain(&listed)
                .filter(|(_, tool)| has_header_parameters(&tool.input_schema))
                .map(|(name, _)| name.clone())
                .collect(),
            listed,
            tool_pages: OnceLock::new(),
            tools,
            resources: shown(
                &snapshot.resources,
                before.map(|view| &view.resources),
                |resource| options.shows_extension(&resource.extension),
                |resource| &resource.descriptor,
            ),
            prompts: shown(
                &snapshot.prompts,
                before.map(|view| &view.prompts),
                |prompt| options.shows_extension(&prompt.extension),
                |prompt| &prompt.descriptor,
            ),
            own_templates,
            templates,
            rid_types: rid_types().map(|owned| owned.rid_type.clone()).collect(),
            snapshot,
            swapped_in: before.map(|_| Instant::now()),
            options,
        }
    }

    /// The page of tools that a cursor leads to, if it is one of the pages that follow each other.
    pub(crate) fn tool_page(&self, cursor: Option<&str>) -> Option<&ToolPage> {
        let pages = self.tool_pages.get_or_init(|| tool_pages(&self.listed));
        match cursor {
            None => pages.get(""),
            Some("") => None,
            Some(cursor) => pages.get(cursor),
        }
    }

    /// Whether a tool has a parameter that has to stand in a header too.
    pub(crate) fn has_header_parameters(&self, name: &str) -> bool {
        self.header_parameters.contains(name)
    }

    /// What clients see of an extension's tool.
    pub(crate) fn tool(&self, name: &str) -> Option<&Arc<Tool>> {
        Some(&self.tools.get(name)?.shown)
    }

    /// The extensions' tools, whether they are listed or not.
    pub(crate) fn tools(&self) -> &BTreeMap<String, Shown<ToolEntry, Tool>> {
        &self.tools
    }

    /// The extensions' tools, whether they are listed or not, in the order of their names.
    pub(crate) fn callable(&self) -> impl Iterator<Item = (String, Arc<Tool>)> {
        let tools = self.tools.iter();
        tools.map(|(name, tool)| (name.clone(), tool.shown.clone()))
    }

    /// The RID type, if its bundles are resources.
    pub(crate) fn rid_type(&self, rid_type: &RidType) -> Option<&Arc<RidTypeEntry>> {
        let owned = self.snapshot.rid_types.get(rid_type)?;
        self.options
            .shows_extension(&owned.extension)
            .then_some(owned)
    }

    /// Which lists a client that has seen `before` has to ask for again.
    pub(crate) fn differs_from(&self, before: &View) -> Lists {
        Lists {
            tools: self.listed != before.listed,
            resources: self.rid_types != before.rid_types
                || self.templates != before.templates
                || !same(&self.resources, &before.resources),
            prompts: !same(&self.prompts, &before.prompts),
        }
    }

    /// A tool as far as the transport looks at it: its name and input schema.
    pub(crate) fn tool_for_transport(&self, name: &str) -> Option<Tool> {
        let tool = self.listed.get(name).or_else(|| self.tool(name))?;
        let schema: Arc<JsonObject> = tool.input_schema.clone();
        Some(Tool::new_with_raw(name.to_owned(), None, schema))
    }

    /// The RID type whose bundles a URI template stands for.
    pub(crate) fn rid_type_of_template(&self, template: &str) -> Option<&RidType> {
        let is_of = |of: &&RidType| template == derived_template(of);
        self.rid_types.iter().find(is_of)
    }

    /// The extension that answers for a URI of an extension's own.
    pub(crate) fn owner_of(&self, uri: &str) -> Option<Arc<str>> {
        match self.own_resource(uri) {
            Some(resource) => Some(resource.extension.clone()),
            None => self
                .own_template(uri)
                .map(|template| template.extension.clone()),
        }
    }

    /// A resource that an extension lists, or a template that it lists and that fits: of the version
    /// that answers for it.
    ///
    /// # Errors
    /// If the version that is asked for does not have it.
    pub(crate) fn own(
        &self,
        uri: &str,
        pin: Option<&str>,
    ) -> Result<Option<Readable>, VersionError> {
        let shows = |extension: &str| self.options.shows_extension(extension);
        self.snapshot.resource(uri, pin, shows)
    }

    fn own_resource(&self, uri: &str) -> Option<&Arc<ResourceEntry>> {
        let resource = self.snapshot.resources.get(uri)?;
        self.options
            .shows_extension(&resource.extension)
            .then_some(resource)
    }

    /// Where several templates fit, the longest one answers.
    fn own_template(&self, uri: &str) -> Option<&Arc<TemplateEntry>> {
        self.snapshot
            .templates
            .values()
            .filter(|template| self.options.shows_extension(&template.extension))
            .filter(|template| template.fits(uri))
            .max_by_key(|template| template.uri_template.len())
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

/// What the list of tools shows. Where an extension's tool has the name of one of the server's own, the
/// name is the server's, and the tool is found and called through the dispatcher, if there is one.
fn listed(
    tools: &BTreeMap<String, Shown<ToolEntry, Tool>>,
    options: &ViewOptions,
    before: Option<&View>,
) -> BTreeMap<String, Arc<Tool>> {
    let mut listed = BTreeMap::new();
    if options.dispatcher != Dispatcher::Only {
        let shown = |(name, tool): (&String, &Shown<_, Tool>)| (name.clone(), tool.shown.clone());
        listed.extend(tools.iter().map(shown));
    }
    let mut own: Vec<&(&str, Arc<Tool>)> = Vec::new();
    if options.dispatcher != Dispatcher::Off {
        own.extend(dispatcher::tools());
    }
    if options.manage_extensions {
        own.extend(management::tools());
    }
    for &&(name, ref tool) in &own {
        let hidden = tools.get(name).map(|hidden| &hidden.entry);
        let told = before.is_some_and(|before| before.tools.contains_key(name));
        if let Some(hidden) = hidden.filter(|_| !told) {
            tracing::warn!(
                tool = name,
                extension = %hidden.extension,
                "on this endpoint one of the server's own tools has this name; the extension's can be \
                 called through `call_tool` of the dispatcher only"
            );
        }
        listed.insert(name.to_owned(), tool.clone());
    }
    listed
}

/// All pages of a list of tools, by the cursors that lead to them.
fn tool_pages(listed: &BTreeMap<String, Arc<Tool>>) -> HashMap<String, ToolPage> {
    let mut pages = HashMap::new();
    let mut cursor: Option<String> = None;
    loop {
        let request = PaginatedRequestParams::default().with_cursor(cursor.clone());
        let Ok((tools, next)) = page(listed, Some(request)) else {
            return pages;
        };
        // What has no JSON text is left to the list as it is otherwise made.
        let Ok(text) = serde_json::value::to_raw_value(&tools) else {
            return pages;
        };
        let text = text.into();
        let of = ToolPage {
            text,
            next: next.clone(),
        };
        pages.insert(cursor.unwrap_or_default(), of);
        match next {
            Some(next) => cursor = Some(next),
            None => return pages,
        }
    }
}

/// Whether `x-mcp-header` (MCP 2026-07-28, SEP-2243) stands anywhere in a schema.
fn has_header_parameters(schema: &JsonObject) -> bool {
    fn in_value(value: &Value) -> bool {
        match value {
            Value::Object(of) => has_header_parameters(of),
            Value::Array(of) => of.iter().any(in_value),
            _ => false,
        }
    }
    schema.contains_key("x-mcp-header") || schema.values().any(in_value)
}

/// What was shown before is shown again where the entry is the same.
fn shown<E, T: DeserializeOwned>(
    entries: &BTreeMap<String, Arc<E>>,
    before: Option<&BTreeMap<String, Shown<E, T>>>,
    shows: impl Fn(&E) -> bool,
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
        .filter(|(_, entry)| shows(entry))
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
