//! Which call a port is asked for.

use std::sync::Arc;

use koi_rid::Rid;

/// What kind of thing caused a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// The host itself: `describe`, `start`, `stop`, `health`, lists.
    Lifecycle,
    /// An MCP tool call.
    Tool,
    /// The reading of an MCP resource.
    Resource,
    /// The making of an MCP prompt.
    Prompt,
    /// The completion of an argument.
    Completion,
    /// A knowledge object in the pipeline.
    Handler,
    /// A job that was due, or that the operator asked for.
    Job,
}

impl CallKind {
    /// `lifecycle`, `tool`, `resource`, `prompt`, `completion`, `handler` or `job`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lifecycle => "lifecycle",
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
            Self::Completion => "completion",
            Self::Handler => "handler",
            Self::Job => "job",
        }
    }
}

/// Which call it is: of which extension, in which revision, caused by whom. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The extension's name.
    pub extension: Arc<str>,
    /// The extension's revision.
    pub revision: u64,
    /// Lower-case hex SHA-256 of the revision's component.
    pub digest: Arc<str>,
    /// Stands in every log line and error that this call leaves behind.
    pub correlation: Arc<str>,
    /// What kind of thing caused it.
    pub kind: CallKind,
    /// Who caused it, where that is known.
    pub principal: Option<Arc<str>>,
    /// The knowledge object whose handling caused it.
    pub cause: Option<Rid>,
    /// How many handlers published before this call came to be.
    pub depth: u32,
}
