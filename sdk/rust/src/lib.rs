//! Write an extension for koi-mcp: a domain, with its RID types, schemas, knowledge handlers and MCP
//! tools and resources, as a WebAssembly component.
//!
//! An extension is a type that implements [`Extension`] and those of [`RidTypes`], [`Schemas`],
//! [`Handlers`], [`Tools`], [`Resources`], [`Prompts`], [`Completions`], [`Schedule`] and [`State`] that
//! the domain needs, in a crate of type `cdylib` for the target `wasm32-wasip2`:
//!
//! ```
//! use koi_extension::prelude::*;
//! use schemars::JsonSchema;
//! use serde::Serialize;
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Echo {
//!     text: String,
//! }
//!
//! struct EchoExtension;
//!
//! impl Extension for EchoExtension {
//!     fn describe() -> Description {
//!         Description::new("echo", "0.1.0")
//!     }
//! }
//!
//! impl Tools for EchoExtension {
//!     fn toolbox() -> Toolbox {
//!         Toolbox::new().with::<echo>()
//!     }
//! }
//!
//! /// Says it again
//! #[tool(read_only)]
//! fn echo(
//!     /// What to say
//!     text: String,
//! ) -> Result<Echo> {
//!     Ok(Echo { text })
//! }
//!
//! koi_extension::export!(EchoExtension: Tools);
//! ```
//!
//! [`#[derive(Reference)]`](macro@Reference) makes a typed reference of a RID type out of a pattern, and
//! [`#[tool]`](macro@tool) a tool out of a function. What the host offers is in [`knowledge`],
//! [`network`], [`caller`], [`config`], [`keyvalue`], [`http`], [`secrets`] and [`mod@log`]; granted folders
//! and environment variables are those of the standard library. Every failure is an [`Error`] whose kind
//! decides what the host does next. Unit tests run on the author's machine, without a host: see
//! [`testing`].

/// The README, whose examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// The macros name this crate as authors do.
extern crate self as koi_extension;

#[doc(hidden)]
pub mod __private;
// As the generator writes it.
#[rustfmt::skip]
#[doc(hidden)]
pub mod bindings;
mod bundle;
pub mod caller;
mod completions;
pub mod config;
mod content;
mod description;
mod error;
mod export;
mod extension;
mod handlers;
mod host;
pub mod http;
mod json;
pub mod keyvalue;
pub mod knowledge;
pub mod log;
pub mod network;
pub mod prelude;
mod prompts;
mod resources;
mod rid;
mod rid_types;
mod schedule;
mod schema;
mod schemas;
pub mod secrets;
mod state;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod tools;

pub use bundle::{Bundle, Publication};
pub use completions::{Completed, Completing, Completions};
pub use content::{Annotations, Content, Icon, Role, Theme};
pub use description::{Capability, Description, Handler, Job, Limit, Missed, Mode, RidType};
pub use error::{Error, ErrorKind, Result};
pub use extension::{Extension, Health, Status};
pub use handlers::{EventType, Handlers, KnowledgeObject, Outcome, Phase, Replacement};
pub use json::Json;
pub use koi_extension_macros::{Reference, tool};
pub use prompts::{Prompt, PromptArgument, PromptMessage, PromptMessages, Prompts};
pub use resources::{
    Resource, ResourceContents, ResourceList, ResourceTemplate, Resources, no_resource,
};
pub use rid::Rid;
pub use rid_types::{Reference, References, RidTypes};
pub use schedule::{JobRun, Schedule, no_job};
pub use schema::Schema;
pub use schemas::Schemas;
pub use state::State;
pub use tools::{
    IntoToolResult, NoArguments, TaskSupport, Tool, ToolFunction, ToolResult, Toolbox, Tools,
};
