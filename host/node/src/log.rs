//! The log: lines on standard error, for people or for programs.

use std::io::IsTerminal;

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};

/// What libraries say that is no news to an operator. A client that closes its stream is normal.
const QUIET: [&str; 2] = ["rmcp=off", "hyper=warn"];

/// Begins to log. Only the first call in a process has an effect.
///
/// # Errors
/// If the level is no filter.
pub(crate) fn begin(config: &LogConfig) -> Result<()> {
    let filter = QUIET.iter().fold(config.level.clone(), |filter, quiet| {
        format!("{quiet},{filter}")
    });
    let filter = EnvFilter::try_new(filter).with_context(|| {
        format!(
            "log.level: expected a level or a filter, found {:?}",
            config.level
        )
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let _ = match config.format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    Ok(())
}
