//! What most extensions use: `use koi_extension::prelude::*;`.

pub use crate::{
    Annotations, Bundle, Capability, Content, Description, Error, EventType, Extension, Handler,
    Handlers, Json, KnowledgeObject, Limit, Mode, NoArguments, Outcome, Phase, Publication,
    Reference, References, Replacement, Resource, ResourceContents, ResourceList, ResourceTemplate,
    Resources, Result, Rid, RidType, RidTypes, Role, Schema, Schemas, State, Tool, ToolResult,
    Toolbox, Tools, knowledge,
};
