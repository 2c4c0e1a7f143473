//! koi-mcp: a KOI-net node that is an MCP server, with its domains as Wasm extensions.
//!
//! As a program this is `koi-mcp` ([`cli`]). As a library it is a [`Node`] in another program:
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! let mut config = koi_mcp::Config::default();
//! config.node.data_dir = "my-data".into();
//! let node = koi_mcp::Node::start(config).await?;
//! println!("MCP at {}", node.running().mcp_url);
//! node.stop().await;
//! # Ok(())
//! # }
//! ```

mod admin;
pub mod cli;
pub mod commands;
mod config;
mod data_dir;
mod drop_folder;
mod log;
mod node;

pub use config::{
    AdminConfig, Config, ExtensionsConfig, FirstContact, KoiConfig, LogConfig, LogFormat,
    McpConfig, NodeConfig, Role, RuntimeConfig,
};
pub use data_dir::RunningNode;
pub use node::{Node, STOP_WITHIN};
