//! `koi-bench`: what koi-mcp costs beside the plain thing that it is compared with, in one run.
//!
//! Each row is a figure of koi-mcp and that of its peer, measured in turns on the same machine:
//! absolute times mean little there, their ratio does. A row's value is the median of its rounds.
//! Rows are printed as a table and written to `target/bench/report.json`. The exit code is 1 if a
//! target was missed, and 2 if something could not be measured.

// Nothing but the bench runs on this.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod bare;
mod broadcast;
mod call;
mod catalogue;
mod fairness;
mod fetch;
mod fuel;
mod grant;
mod install;
mod languages;
mod listener;
mod listening;
mod load;
mod many;
mod million;
mod native;
mod passing_on;
mod python;
mod receiver;
mod sessions;
mod spinning;
mod start;
mod stop;
mod tools_call;
mod tools_list;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use koi_allocator as _;
use koi_measure::{client, files, http, legacy, pace, report, rounds};

use crate::pace::Pace;
use crate::report::{Report, Selection};

/// Measures koi-mcp beside what it is compared with.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Rows to measure, by the beginning of their names; all if none is given.
    names: Vec<String>,
    /// A few calls of each row, without looking at targets: shows that the bench works.
    #[arg(long)]
    quick: bool,
    /// Where the report goes.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// The native MCP server that others are compared with; runs until it is killed.
    #[command(hide = true)]
    NativeServer(native::Settings),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Some(Command::NativeServer(settings)) => native::run(settings).map(|()| ExitCode::SUCCESS),
        None => measure(arguments),
    };
    result.unwrap_or_else(|error| {
        eprintln!("koi-bench: {error:#}");
        ExitCode::from(2)
    })
}

fn measure(arguments: Arguments) -> Result<ExitCode> {
    let file = arguments
        .report
        .unwrap_or_else(|| koi_tests::repository().join("target/bench/report.json"));
    let pace = match arguments.quick {
        true => Pace::Quick,
        false => Pace::Full,
    };
    files::raise_limit()?;
    let mut report = Report::new(Selection::new(arguments.names), pace);
    // The other threads of the machine are for the servers.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let measured = runtime.context("the bench's own runtime")?.block_on(async {
        call::measure(&mut report).await?;
        fuel::measure(&mut report).await?;
        grant::measure(&mut report).await?;
        stop::measure(&mut report).await?;
        fairness::measure(&mut report).await?;
        languages::measure(&mut report).await?;
        python::measure(&mut report).await?;
        many::measure(&mut report).await?;
        million::measure(&mut report).await?;
        tools_call::measure(&mut report).await?;
        tools_list::measure(&mut report).await?;
        sessions::measure(&mut report).await?;
        listening::measure(&mut report).await?;
        broadcast::measure(&mut report).await?;
        fetch::measure(&mut report).await?;
        passing_on::measure(&mut report).await?;
        install::measure(&mut report).await?;
        start::measure(&mut report).await
    });
    // What was measured before a failure is of use too.
    report.write(&file)?;
    measured?;
    println!("{}", file.display());
    Ok(match report.is_success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
