//! What a node offers at one moment, over all its extensions.
//!
//! A [`Snapshot`] never changes; a change is another one. Whoever needs several looks at the same
//! state keeps theirs: what it points at can be called as long as it is held. Everything in it is in
//! a fixed order. Each RID type, schema, tool, resource and prompt has one owner.

mod claims;
mod failed;
mod reading;
#[cfg(test)]
mod tests;
mod versions;
mod yielding;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use koi_rid::{EventType, Rid, RidType};
use koi_runtime::{Phase, RecordError, Recording};

use crate::callee::Invocation;
use crate::entry::{
    ExtensionEntry, HandlerEntry, PromptEntry, ResourceEntry, RidTypeEntry, SchemaEntry,
    TemplateEntry, ToolEntry, TransformEntry,
};

pub use claims::{ClaimKind, Collision};
pub use failed::{Failed, Missing};
pub use versions::{Beside, VersionError};
pub(crate) use yielding::yield_names;

/// What a node offers. See the module for what it promises.
#[derive(Default)]
pub struct Snapshot {
    /// Grows by one with each Snapshot; 0 is the empty one before the first.
    pub generation: u64,
    /// The active extensions by name.
    pub extensions: BTreeMap<String, Arc<ExtensionEntry>>,
    /// The RID types that have an owner.
    pub rid_types: BTreeMap<RidType, Arc<RidTypeEntry>>,
    /// The schemas by name.
    pub schemas: BTreeMap<String, Arc<SchemaEntry>>,
    /// The tools by name.
    pub tools: BTreeMap<String, Arc<ToolEntry>>,
    /// The resources that extensions list, by URI.
    pub resources: BTreeMap<String, Arc<ResourceEntry>>,
    /// The templates that extensions list, by URI template.
    pub templates: BTreeMap<String, Arc<TemplateEntry>>,
    /// The prompts by name.
    pub prompts: BTreeMap<String, Arc<PromptEntry>>,
    /// The extensions that are installed and could not be activated, by name.
    pub failed: BTreeMap<String, Arc<Failed>>,
    /// The further versions of extensions that are active, by the extension's name.
    pub beside: BTreeMap<String, Vec<Arc<Beside>>>,
    /// The extensions that are active and not called for a while, with the reason, by name.
    pub unavailable: BTreeMap<String, Arc<str>>,
    /// By phase and RID type, in the order in which they see an object.
    handlers: BTreeMap<(Phase, RidType), Vec<Arc<HandlerEntry>>>,
    /// By the schema that they lead to, in the order of the extensions' names.
    transforms: BTreeMap<String, Vec<Arc<TransformEntry>>>,
    /// The extensions whose lists may change with knowledge of a type.
    dependents: BTreeMap<RidType, Vec<Arc<str>>>,
}

impl Snapshot {
    /// Puts a Snapshot together.
    ///
    /// # Errors
    /// If two of the extensions claim the same.
    pub fn build(
        generation: u64,
        extensions: BTreeMap<String, Arc<ExtensionEntry>>,
    ) -> Result<Self, Collision> {
        let mut snapshot = Self {
            generation,
            ..Self::default()
        };
        for extension in extensions.values() {
            snapshot.claim(extension)?;
            snapshot.connect(extension);
        }
        // Priority first; the sort is stable and extensions come by name.
        for handlers in snapshot.handlers.values_mut() {
            handlers.sort_by_key(|handler| handler.priority);
        }
        snapshot.extensions = extensions;
        snapshot.check_derived_uris()?;
        Ok(snapshot)
    }

    fn connect(&mut self, extension: &ExtensionEntry) {
        for transform in &extension.transforms {
            let to = transform.to.clone();
            self.transforms
                .entry(to)
                .or_default()
                .push(transform.clone());
        }
        for handler in &extension.handlers {
            // A type that is named twice is one type.
            for rid_type in handler.rid_types.iter().collect::<BTreeSet<_>>() {
                let key = (handler.phase, rid_type.clone());
                self.handlers.entry(key).or_default().push(handler.clone());
            }
        }
        for rid_type in extension
            .description
            .lists_depend_on
            .iter()
            .collect::<BTreeSet<_>>()
        {
            let name = extension.revision.extension.clone();
            self.dependents
                .entry(rid_type.clone())
                .or_default()
                .push(name);
        }
    }

    /// The handlers that see an object in a phase: those that want it and may, by priority and then
    /// by the extension's name. `event_type` is what their `event-types` are compared with.
    pub fn handlers_for(
        &self,
        phase: Phase,
        rid: &Rid,
        event_type: Option<EventType>,
    ) -> impl Iterator<Item = &Arc<HandlerEntry>> {
        self.handlers
            .get(&(phase, rid.rid_type()))
            .into_iter()
            .flatten()
            .filter(move |handler| handler.wants(rid, event_type))
    }

    /// An extension that would have a say in what becomes of an object, and does not run or is not
    /// called for a while.
    pub fn missing_for(&self, rid: &Rid) -> Option<Missing<'_>> {
        let mut failed = self.failed.values();
        let failed = failed.find(|failed| failed.has_a_say_in(rid));
        failed.map(|failed| failed.missing()).or_else(|| {
            let has_a_say = |name: &&String| {
                let entry = self.extensions.get(*name);
                entry.is_some_and(|entry| failed::has_a_say_in(entry, rid))
            };
            let mut names = self.unavailable.keys();
            let name = names.find(has_a_say)?;
            Some(Missing {
                extension: name,
                reason: self.unavailable.get(name)?,
            })
        })
    }

    /// The RID types that some handler may see objects of.
    pub fn handled_rid_types(&self) -> BTreeSet<RidType> {
        self.extensions
            .values()
            .flat_map(|extension| &extension.handlers)
            .flat_map(|handler| handler.granted_rid_types())
            .cloned()
            .collect()
    }

    /// The extensions whose lists may change with knowledge of a type.
    pub fn dependents(&self, rid_type: &RidType) -> &[Arc<str>] {
        self.dependents.get(rid_type).map_or(&[], Vec::as_slice)
    }

    /// Reads a resource that an extension lists, or one that fits a template that it lists, and
    /// records the call; none if there is neither. Where several templates fit, the longest one
    /// answers.
    pub async fn record_resource(
        &self,
        uri: &str,
        invocation: Invocation,
    ) -> Option<Result<Recording, RecordError>> {
        if let Some(resource) = self.resources.get(uri) {
            return Some(resource.record(invocation).await);
        }
        let fitting = self
            .templates
            .values()
            .filter(|template| template.fits(uri));
        let template = fitting.max_by_key(|template| template.uri_template.len())?;
        Some(template.record(uri, invocation).await)
    }
}
