//! The MCP server of a node: tools, resources and prompts of the installed extensions, and the knowledge
//! itself, for agents.
//!
//! What is shown is the registry's snapshot of the moment, all of it at `/mcp` and at the path of a
//! view what the operator chose for it. A tool is
//! listed as its extension describes it. Each RID type that an extension owns is a resource template
//! and each stored bundle of such a type a resource whose URI is its RID; extensions add resources
//! of their own. Both protocol eras are served on one endpoint, over Streamable HTTP and over byte
//! streams, and clients of both hear of changes through one path.
//!
//! Promises: no request waits for an installation, for another extension's call or for a client
//! that does not read; a cancelled request ends the guest's work; what a client can make grow is
//! bounded. Failures of a tool are results that the agent reads, everything else is a JSON-RPC error.

#![expect(
    deprecated,
    reason = "MCP has deprecated logging, sampling, roots and `resources/subscribe`; clients still use them"
)]

mod caller;
mod catalog;
mod client_requests;
mod completion;
mod connections;
mod cursor;
mod direct;
mod dispatcher;
mod endpoint;
mod errors;
mod guard;
mod handler;
mod management;
mod news;
mod notices;
mod open_calls;
mod patience;
mod places;
mod principals;
mod prompts;
mod questions;
mod requests;
mod resources;
mod rest;
mod search;
mod server;
mod sessions;
mod shared;
mod tools;
mod transport;
mod view;
mod websocket;

pub use catalog::Catalog;
pub use endpoint::{Dispatcher, EndpointError, NamePattern, ViewName, ViewOptions};
pub use management::{ComponentSource, Management};
pub use open_calls::OpenCallOptions;
pub use principals::TokenDigest;
pub use server::{McpError, McpOptions, McpParts, McpServer, SERVER_NAME};
