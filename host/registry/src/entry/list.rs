//! The lists of tools, resources and prompts that an extension gives, parsed and bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::prefix::ToolPrefix;
use super::prompts::PromptEntry;
use super::resources::{Readable, ResourceEntry, TemplateEntry};
use super::tools::{self, ToolEntry};
use crate::callee::Callee;
use crate::snapshot::{ClaimKind, Collision};
pub(super) use crate::text::shortened;
use koi_schema::Patterns;

/// Most entries of each list.
pub const MAX_LIST_ENTRIES: usize = 1000;
/// Most bytes of JSON text in each entry.
const MAX_ENTRY_BYTES: usize = 512 << 10;

/// Why a list was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ListError(String);

impl ListError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// What an extension listed, as it answered.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// What stands before the names of its tools.
    pub prefix: &'a ToolPrefix,
    /// The answer of `list-tools`: a JSON array.
    pub tools: &'a str,
    /// The answer of `list-resources`: a JSON object.
    pub resources: &'a str,
    /// The answer of `list-prompts`: a JSON array.
    pub prompts: &'a str,
}

/// Tools, resources and prompts of an extension at one moment, each in the order of its names.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    /// Tools.
    pub tools: BTreeMap<String, Arc<ToolEntry>>,
    /// Resources by URI.
    pub resources: BTreeMap<String, Arc<ResourceEntry>>,
    /// Templates by URI template.
    pub templates: BTreeMap<String, Arc<TemplateEntry>>,
    /// Prompts.
    pub prompts: BTreeMap<String, Arc<PromptEntry>>,
}

impl Lists {
    /// Takes out what another extension owns.
    pub(super) fn yield_to(&mut self, collision: &Collision) {
        let what = collision.what.as_str();
        match collision.kind {
            ClaimKind::Tool => drop(self.tools.remove(what)),
            ClaimKind::Resource => drop(self.resources.remove(what)),
            ClaimKind::Template => drop(self.templates.remove(what)),
            ClaimKind::Prompt => drop(self.prompts.remove(what)),
            ClaimKind::RidType | ClaimKind::Schema => {}
        }
    }

    /// What can be read at a URI.
    pub fn readable(&self, uri: &str) -> Option<Readable> {
        let resource = self.resources.get(uri).cloned();
        let resource = resource.map(Readable::Resource);
        resource.or_else(|| Readable::fitting(self.templates.values(), uri))
    }

    /// Reads what was listed, with the prefix before the tools' names. Entries that `before` has too are
    /// taken over from there, so that their schemas are not compiled again.
    ///
    /// # Errors
    /// Which entry is wrong, and in what.
    pub fn parse(
        extension: &Arc<str>,
        listed: Listed<'_>,
        callee: &Arc<dyn Callee>,
        before: &Self,
    ) -> Result<Self, ListError> {
        let malformed = |what: &str, error: serde_json::Error| {
            ListError::new(format!(
                "the list of {what} is not of the form of the contract: {error}"
            ))
        };
        let mut tools: Vec<Value> =
            serde_json::from_str(listed.tools).map_err(|error| malformed("tools", error))?;
        if !listed.prefix.is_empty() {
            for tool in &mut tools {
                tools::put_before(tool, listed.prefix)?;
            }
        }
        check_object(listed.resources)
            .map_err(|problem| ListError::new(format!("the list of resources {problem}")))?;
        let resources: RawResources = serde_json::from_str(listed.resources)
            .map_err(|error| malformed("resources", error))?;
        let prompts: Vec<Value> =
            serde_json::from_str(listed.prompts).map_err(|error| malformed("prompts", error))?;
        let mut patterns = Patterns::default();
        let mut keep = |name: &str, of: Patterns| {
            patterns.add(of).map_err(|problem| {
                ListError::new(format!("the list up to `{}`: {problem}", shortened(name)))
            })
        };
        Ok(Self {
            tools: entries(
                "tool",
                "name",
                tools,
                &before.tools,
                |tool| &tool.descriptor,
                |value| ToolEntry::parse(extension, listed.prefix, value, callee),
                |tool| tool.patterns().try_for_each(|of| keep(&tool.name, of)),
            )?,
            resources: entries(
                "resource",
                "uri",
                resources.resources,
                &before.resources,
                |resource| &resource.descriptor,
                |value| ResourceEntry::parse(extension, value, callee),
                |_| Ok(()),
            )?,
            templates: entries(
                "resource template",
                "uriTemplate",
                resources.templates,
                &before.templates,
                |template| &template.descriptor,
                |value| TemplateEntry::parse(extension, value, callee),
                |template| keep(&template.uri_template, template.patterns()),
            )?,
            prompts: entries(
                "prompt",
                "name",
                prompts,
                &before.prompts,
                |prompt| &prompt.descriptor,
                |value| PromptEntry::parse(extension, value, callee),
                |_| Ok(()),
            )?,
        })
    }

    /// Whether a client would see the same.
    pub fn same_as(&self, other: &Self) -> bool {
        same(&self.tools, &other.tools, |tool| &tool.descriptor)
            && same(&self.resources, &other.resources, |resource| {
                &resource.descriptor
            })
            && same(&self.templates, &other.templates, |template| {
                &template.descriptor
            })
            && same(&self.prompts, &other.prompts, |prompt| &prompt.descriptor)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawResources {
    resources: Vec<Value>,
    templates: Vec<Value>,
}

fn entries<T>(
    kind: &str,
    key: &str,
    list: Vec<Value>,
    before: &BTreeMap<String, Arc<T>>,
    descriptor: impl Fn(&T) -> &Value,
    parse: impl Fn(Value) -> Result<T, ListError>,
    mut keep: impl FnMut(&T) -> Result<(), ListError>,
) -> Result<BTreeMap<String, Arc<T>>, ListError> {
    if list.len() > MAX_LIST_ENTRIES {
        return Err(ListError::new(format!(
            "it lists {} {kind}s; {MAX_LIST_ENTRIES} are taken at most",
            list.len()
        )));
    }
    let mut seen = BTreeSet::new();
    let mut entries = BTreeMap::new();
    for value in list {
        let name = text(&value, kind, key)?.to_owned();
        if !seen.insert(name.clone()) {
            return Err(ListError::new(format!(
                "the {kind} `{}` is listed twice",
                shortened(&name)
            )));
        }
        let entry = match before
            .get(&name)
            .filter(|known| *descriptor(known) == value)
        {
            Some(known) => known.clone(),
            None => Arc::new(parse(value)?),
        };
        keep(&entry)?;
        entries.insert(name, entry);
    }
    Ok(entries)
}

fn same<T>(
    one: &BTreeMap<String, Arc<T>>,
    other: &BTreeMap<String, Arc<T>>,
    descriptor: impl Fn(&T) -> &Value,
) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|((_, a), (_, b))| Arc::ptr_eq(a, b) || descriptor(a) == descriptor(b))
}

/// A member that has to be there and to be text.
pub(super) fn text<'a>(value: &'a Value, kind: &str, member: &str) -> Result<&'a str, ListError> {
    value
        .get(member)
        .and_then(Value::as_str)
        .ok_or_else(|| ListError::new(format!("a {kind} has no `{member}` that is text")))
}

/// Derived readers take an array for an object, too, member by member.
pub(super) fn check_object(json: &str) -> Result<(), String> {
    if json.trim_ascii_start().starts_with('{') {
        return Ok(());
    }
    Err("is no JSON object".to_owned())
}

pub(super) fn check_size(descriptor: &Value) -> Result<(), String> {
    let bytes = serde_json::to_string(descriptor)
        .map_err(|error| error.to_string())?
        .len();
    if bytes > MAX_ENTRY_BYTES {
        return Err(format!(
            "it has {bytes} bytes; {MAX_ENTRY_BYTES} are taken at most"
        ));
    }
    Ok(())
}
