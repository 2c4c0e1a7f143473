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
mod backup;
pub mod cli;
pub mod commands;
mod config;
mod data_dir;
mod drop_folder;
mod indexes;
mod log;
mod management;
mod node;
mod registries;
mod secrets;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;

use commands::check::Unfit;
use commands::print::{Breaks, OutputClosed, printable};
use commands::record::Diverged;
use koi_runtime::Compiler;

pub use config::{
    AdminConfig, CompileConfig, Config, ConfigText, DispatcherConfig, ExtensionsConfig,
    FirstContact, Kind, KoiConfig, Lifetime, LogConfig, LogFormat, McpConfig, McpLimits,
    NodeConfig, OciAccount, OciConfig, PeerLimitsConfig, PolicyConfig, Role, RuntimeConfig,
    SignaturesConfig, TlsConfig, TrustConfig, TrustRuleConfig, ViewConfig, WayConfig,
};
pub use data_dir::RunningNode;
pub use node::{Node, STOP_WITHIN};

/// The argument with which the program compiles one component for a node, as [`compiler`] has it done.
pub const COMPILE_COMPONENT: &str = "compile-component";

/// Compiling by a process of this program, wherever it is.
#[must_use]
pub fn compiler(program: PathBuf) -> Compiler {
    Compiler::Child {
        program,
        arguments: vec![COMPILE_COMPONENT.to_owned()],
        // mimalloc takes address space of 1 GiB at once, and the limit of that process is on address
        // space. In KiB.
        environment: vec![("MIMALLOC_ARENA_RESERVE".to_owned(), "32768".to_owned())],
    }
}

/// The exit code of a replay that went another way.
const DIVERGED: u8 = 3;

/// The program: exit code 0 when done, 1 when it failed or a check was not passed, 2 for wrong usage, 3 when a replay went another
/// way than its recording.
#[must_use]
pub fn main() -> ExitCode {
    // No command for people, and done before there are any threads: that process needs only one.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == COMPILE_COMPONENT)
    {
        return koi_runtime::compile_for_parent();
    }
    let cli = cli::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "koi-mcp: cannot start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(commands::run(cli));
    // Standard input may be in a read that nothing ends.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // As `head` does when it has seen enough.
        Err(error) if error.is::<OutputClosed>() => ExitCode::SUCCESS,
        // What was found is printed.
        Err(error) if error.is::<Unfit>() => ExitCode::FAILURE,
        Err(error) if error.is::<Diverged>() => ExitCode::from(DIVERGED),
        Err(error) => {
            // It may quote what a peer or a guest says. Who closed standard error wants to hear none.
            let error = format!("koi-mcp: {error:#}");
            let _ = writeln!(std::io::stderr(), "{}", printable(&error, Breaks::Kept));
            ExitCode::FAILURE
        }
    }
}
