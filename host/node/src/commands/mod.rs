//! The commands. Each talks to the running node through the admin API, but `serve` and `mcp`, which
//! may be that node, a `check` and a `replay` on a component of their own, those that also work on a data folder, and those of
//! authors.

mod alone;
mod archive;
mod audit;
mod build;
pub(crate) mod check;
mod dead_letters;
mod dev;
mod distribution;
mod dropped;
mod extension;
mod grants;
mod jobs;
mod knowledge;
mod mcp;
mod network;
mod new;
mod package;
pub(crate) mod print;
mod progress;
mod query;
pub(crate) mod record;
mod revisions;
mod secret;
mod serve;
mod signals;
mod versions;
mod watch;
mod wrote;

use anyhow::Result;

use crate::cli::{AuthorCommand, Cli, Command};
use crate::config::Config;
use crate::{compiler, log};

/// Carries a command out.
///
/// # Errors
/// With what a person has to know.
pub async fn run(cli: Cli) -> Result<()> {
    let mut config = Config::load(cli.common.config.as_deref(), cli.flags())?;
    // This very program, also when the file that it was started from has been replaced.
    config.compile.compiler = compiler("/proc/self/exe".into());
    let data_dir = config.node.data_dir.clone();
    let json = cli.common.json;
    match cli.command {
        Command::Serve(_) => {
            log::begin(&config.log)?;
            serve::run(config, json).await
        }
        Command::Mcp(_) => {
            log::begin(&config.log)?;
            mcp::run(config).await
        }
        Command::Author(AuthorCommand::New(args)) => new::run(&args, json),
        Command::Author(AuthorCommand::Build(args)) => build::run(args, json).await,
        Command::Author(AuthorCommand::Dev(args)) => dev::run(&data_dir, &args, json).await,
        Command::Author(AuthorCommand::Package(args)) => package::run(&config, args, json).await,
        Command::Extension(command) => extension::run(&config, command, json).await,
        Command::Publish { file } => knowledge::publish(&data_dir, &file, json).await,
        Command::Forget { rid } => knowledge::forget(&data_dir, &rid, json).await,
        Command::Query(query) => query::run(&data_dir, &query, json).await,
        Command::Read { rid, r#as } => knowledge::read(&data_dir, &rid, r#as.as_deref()).await,
        Command::Call {
            tool,
            args,
            limits,
            version,
        } => {
            let version = version.as_deref();
            knowledge::call(&data_dir, &tool, &args, &limits, version, json).await
        }
        Command::Record(args) => record::record(&data_dir, &args, json).await,
        Command::Replay(args) => record::replay(config, &args, json).await,
        Command::Check(args) => check::run(config, &args, json).await,
        Command::Secret(command) => secret::run(&config, command, json).await,
        Command::Audit { extension } => audit::run(&data_dir, extension.as_deref(), json).await,
        Command::Fetch { rid, from } => network::fetch(&data_dir, &rid, from.as_deref()).await,
        Command::Watch { rid_type } => watch::run(&data_dir, rid_type.as_deref(), json).await,
        Command::Jobs(command) => jobs::run(&data_dir, &command, json).await,
        Command::Network(command) => network::run(&data_dir, &command, json).await,
        Command::Export { file } => archive::export(&config, &file, json).await,
        Command::Import { file } => archive::import(&config, &file, json).await,
        Command::Backup { folder } => archive::backup(&config, &folder, json).await,
        Command::DeadLetters(command) => dead_letters::run(&data_dir, command, json).await,
    }
}
