//! What most extensions use: `use koi_extension::prelude::*;`.

pub use crate::{
    Annotations, Bundle, Capability, Completed, Completing, Completions, Content, Description,
    Error, EventType, Extension, Handler, Handlers, Job, JobRun, Json, KnowledgeObject, Limit,
    Missed, Mode, NoArguments, Outcome, Phase, Prompt, PromptMessage, PromptMessages, Prompts,
    Publication, Reference, References, Replacement, Resource, ResourceContents, ResourceList,
    ResourceTemplate, Resources, Result, Rid, RidType, RidTypes, Role, Schedule, Schema, Schemas,
    State, Tool, ToolResult, Toolbox, Tools, knowledge, tool,
};
