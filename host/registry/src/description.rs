//! What an extension says about itself in `describe`: parsed, bounded, checked for sense.
//!
//! The form is that of `docs/describe.schema.json`. Members that this host does not know are
//! ignored, so that an extension may be newer than its host. Everything else that is wrong refuses
//! the description, with the member named.

mod job;
mod parse;
pub(crate) use parse::HOST_RID_TYPES;
#[cfg(test)]
mod tests;

use koi_rid::{EventType, Pointer, RidType};
use koi_runtime::Phase;
use semver::Version;
use serde_json::Value;

use crate::grant::Grants;

pub use job::{Cron, JobDescription, Missed, When};

/// Longest description, in bytes of JSON text.
pub const MAX_DESCRIPTION_BYTES: usize = 1 << 20;
/// Most RID types that one extension may own.
pub const MAX_RID_TYPES: usize = 256;
/// Most schemas that one extension may own.
pub const MAX_SCHEMAS: usize = 256;
/// Most transformations between schemas, and most handlers, that one extension may offer.
pub const MAX_DECLARATIONS: usize = 256;
/// Most secrets that one extension may ask for: what it says is searched for each of them.
pub const MAX_SECRETS: usize = 32;
/// Most jobs that one extension may have.
pub const MAX_JOBS: usize = 32;
/// Longest text that is shown to people, in bytes.
pub const MAX_TEXT_BYTES: usize = 4096;

/// An extension in its own words.
#[derive(Debug, Clone)]
pub struct Description {
    /// `[a-z][a-z0-9-]{0,62}`; what the operator calls it.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// What it is for, in a sentence or two; may be empty.
    pub description: String,
    /// The RID types that it owns.
    pub rid_types: Vec<RidTypeDescription>,
    /// The schemas that it owns.
    pub schemas: Vec<SchemaDescription>,
    /// From which schema to which it can turn contents.
    pub transforms: Vec<(String, String)>,
    /// Its part in the pipeline.
    pub handlers: Vec<HandlerDescription>,
    /// Its lists of tools and resources may change when knowledge of these types does.
    pub lists_depend_on: Vec<RidType>,
    /// What it does without being called.
    pub jobs: Vec<JobDescription>,
    /// What it wants to be allowed. To declare a handler is to ask for `handle` on its RID types,
    /// unless `asks` narrows that; so is to own a type and look at its references or contents. To have jobs
    /// is to ask for the capability `schedule`.
    pub asks: Grants,
    /// JSON Schema of its settings.
    pub config_schema: Option<Value>,
}

/// A RID type that an extension owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RidTypeDescription {
    /// The type.
    pub rid_type: RidType,
    /// The schema, one of the extension's, that contents under such RIDs satisfy.
    pub schema: Option<String>,
    /// What people call it.
    pub title: Option<String>,
    /// What it is, for people.
    pub description: Option<String>,
    /// The media type of its bundles as MCP resources; JSON if left out.
    pub mime_type: Option<String>,
    /// Whether its references go through the extension's `parse-reference`.
    pub parses: bool,
    /// The paths into its contents that are to be indexed; at most [`koi_store::MAX_PATHS`].
    pub indexes: Vec<Pointer>,
}

/// A schema that an extension owns.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaDescription {
    /// Its name, unique on a node.
    pub name: String,
    /// JSON Schema 2020-12.
    pub schema: Value,
    /// Whether contents go through the extension's `validate` as well.
    pub validates: bool,
}

/// One handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerDescription {
    /// The phase in which it looks at objects.
    pub phase: Phase,
    /// The types of the objects; at least one.
    pub rid_types: Vec<RidType>,
    /// Only objects with one of these event types; all if empty.
    pub event_types: Vec<EventType>,
    /// Lower ones come first; 0 if left out.
    pub priority: i32,
}

/// Why a description was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the extension's description is refused: {0}")]
pub struct DescriptionError(pub(crate) String);

impl Description {
    /// # Errors
    /// If the text is no description in the sense above; the message names the member.
    pub fn parse(text: &str) -> Result<Self, DescriptionError> {
        parse::parse(text).map_err(DescriptionError)
    }
}
