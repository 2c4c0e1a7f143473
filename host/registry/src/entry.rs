//! What a Snapshot is made of: each entry knows the extension that it belongs to and can call it.

mod jobs;
mod knowledge;
mod list;
mod prefix;
mod prompts;
mod resources;
mod successor;
#[cfg(test)]
mod tests;
mod tools;
mod transforms;

use std::sync::Arc;

use koi_rid::{Timestamp, Writer};
use semver::Version;

use crate::callee::Callee;
use crate::description::Description;
use crate::grant::Access;
use crate::in_flight::InFlight;
use crate::snapshot::Collision;
use crate::watched::Watch;
use koi_schema::{Patterns, SchemaError};

pub use jobs::{JobEntry, JobTold};
pub use knowledge::{HandlerEntry, RidTypeEntry, SchemaEntry};
pub use list::{ListError, Listed, Lists};
pub use prefix::{PrefixError, ToolPrefix};
pub use prompts::{CompletionOutput, PromptEntry, PromptOutput};
pub use resources::{Readable, ResourceEntry, TemplateEntry};
pub use tools::{ToolEntry, ToolOutput};
pub use transforms::TransformEntry;

pub(crate) use knowledge::failure;

/// Which revision of which extension something belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct RevisionInfo {
    /// The extension's name.
    pub extension: Arc<str>,
    /// Counts the revisions of that extension, from 1.
    pub revision: u64,
    /// Lower-case hex SHA-256 of the component.
    pub digest: Arc<str>,
    /// The version that it describes itself with.
    pub version: Version,
    /// What stands before the names of its tools.
    pub tool_prefix: ToolPrefix,
    /// Where it came from, for a person.
    pub source: String,
    /// When it was installed.
    pub installed_at: Timestamp,
}

impl RevisionInfo {
    /// What stands with the bundles that this revision writes.
    pub fn writer(&self) -> Writer {
        Writer {
            extension: self.extension.to_string(),
            revision: self.revision,
            digest: self.digest.to_string(),
        }
    }
}

/// An active revision with all that it provides. Immutable; new lists or another revision are
/// another entry. Whoever holds it can go on calling it after it was replaced.
pub struct ExtensionEntry {
    /// Which revision it is.
    pub revision: RevisionInfo,
    /// What it says about itself.
    pub description: Arc<Description>,
    /// What it may do.
    pub access: Arc<Access>,
    /// The RID types that it owns.
    pub rid_types: Vec<Arc<RidTypeEntry>>,
    /// The schemas that it owns.
    pub schemas: Vec<Arc<SchemaEntry>>,
    /// From which schema to which it turns contents.
    pub transforms: Vec<Arc<TransformEntry>>,
    /// Its part in the pipeline.
    pub handlers: Vec<Arc<HandlerEntry>>,
    /// What it does without being called.
    pub jobs: Vec<Arc<JobEntry>>,
    /// Its tools and resources of now.
    pub lists: Lists,
    /// What it lists and others own, so that it is not in `lists`.
    pub left_out: Vec<Collision>,
    /// What answers for it.
    pub callee: Arc<dyn Callee>,
    /// What its calls have shown, where they are watched.
    pub(crate) watch: Option<Arc<Watch>>,
    /// The calls that are under way in it.
    pub in_flight: Arc<InFlight>,
}

impl ExtensionEntry {
    /// Puts an entry together, compiling the schemas of the description. Without lists.
    ///
    /// # Errors
    /// Which schema was refused and why.
    pub fn new(
        revision: RevisionInfo,
        description: Arc<Description>,
        access: Arc<Access>,
        callee: Arc<dyn Callee>,
    ) -> Result<Self, SchemaError> {
        let owner = &revision.extension;
        let schemas = description
            .schemas
            .iter()
            .map(|schema| SchemaEntry::new(owner.clone(), schema).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        let mut patterns = Patterns::default();
        for schema in &schemas {
            let told = |problem| SchemaError(format!("those up to `{}`: {problem}", schema.name));
            patterns.add(schema.patterns()).map_err(told)?;
        }
        let rid_types = description
            .rid_types
            .iter()
            .map(|rid_type| {
                let schema = schemas
                    .iter()
                    .find(|s| Some(&s.name) == rid_type.schema.as_ref());
                RidTypeEntry::new(rid_type, schema.cloned(), access.clone(), callee.clone())
            })
            .map(Arc::new)
            .collect();
        let transforms = description
            .transforms
            .iter()
            .map(|pair| TransformEntry::new(pair, access.clone(), callee.clone()))
            .map(Arc::new)
            .collect();
        let writer = revision.writer();
        let handlers = description
            .handlers
            .iter()
            .map(|handler| {
                HandlerEntry::new(writer.clone(), handler, access.clone(), callee.clone())
            })
            .map(Arc::new)
            .collect();
        let jobs = description
            .jobs
            .iter()
            .map(|job| JobEntry::new(job, access.clone(), callee.clone()))
            .map(Arc::new)
            .collect();
        let lists = Lists::default();
        Ok(Self {
            revision,
            description,
            access,
            rid_types,
            schemas,
            transforms,
            handlers,
            jobs,
            lists,
            left_out: Vec::new(),
            callee,
            watch: None,
            in_flight: Arc::default(),
        })
    }

    /// The same, its calls watched: its callee tells this.
    pub(crate) fn watched(self, watch: Arc<Watch>) -> Self {
        Self {
            watch: Some(watch),
            ..self
        }
    }

    /// The same with other lists, of which nothing is left out.
    pub fn with_lists(&self, lists: Lists) -> Self {
        Self {
            revision: self.revision.clone(),
            description: self.description.clone(),
            access: self.access.clone(),
            rid_types: self.rid_types.clone(),
            schemas: self.schemas.clone(),
            transforms: self.transforms.clone(),
            handlers: self.handlers.clone(),
            jobs: self.jobs.clone(),
            lists,
            left_out: Vec::new(),
            callee: self.callee.clone(),
            watch: self.watch.clone(),
            in_flight: self.in_flight.clone(),
        }
    }

    /// The same without what others own.
    pub(crate) fn yielding(&self, collisions: Vec<Collision>) -> Self {
        let mut lists = self.lists.clone();
        for collision in &collisions {
            lists.yield_to(collision);
        }
        let mut left_out = self.left_out.clone();
        left_out.extend(collisions);
        Self {
            left_out,
            ..self.with_lists(lists)
        }
    }

    /// The same, installed then.
    pub(crate) fn installed_at(&self, installed_at: Timestamp) -> Self {
        let mut entry = self.yielding(Vec::new());
        entry.revision.installed_at = installed_at;
        entry
    }

    /// Whether its lists change with knowledge, which anybody may publish.
    pub(crate) fn follows_knowledge(&self) -> bool {
        !self.description.lists_depend_on.is_empty()
    }

    /// The extension's name.
    pub fn name(&self) -> &str {
        &self.revision.extension
    }
}
