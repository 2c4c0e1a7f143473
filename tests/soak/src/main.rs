//! `koi-soak`: goes on for so long, and so often, that what leaks shows.
//!
//! Each soak writes a line of figures as it goes along, to `target/soak/NAME.csv`, and at the end
//! draws them as `target/soak/NAME.svg`. The exit code is 1 if something grew or a call failed that
//! should not have, and 2 if the soak itself could not be done.

// Nothing but the soak runs on this.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod calls;
mod crowd;
mod figure;
mod guests;
mod koi_net;
mod lifecycle;
mod mcp;
mod members;
mod outcomes;
mod random;
mod record;
mod sandbox;

mod postgres {
    pub use koi_store::postgres::Settings;
}

// The store's own tests start it in the same way; the tests of another crate cannot be depended on.
#[allow(dead_code, reason = "this needs only some of it")]
#[path = "../../../host/store/src/tests/server.rs"]
mod server;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Parser;
use koi_allocator as _;
use koi_measure::{client, files, http};

/// The soaks, and what each does.
const SOAKS: [(&str, &str); 4] = [
    (
        "sandbox",
        "calls of well-behaved guests in all modes, one in a thousand of a hostile one: memory stays as it is",
    ),
    (
        "mcp",
        "clients at a node, a tenth of which cut their connections: the others are answered, and nothing is left",
    ),
    (
        "koi-net",
        "events through a node that is killed again and again, as its peers are: all have the same in the end",
    ),
    (
        "lifecycle",
        "revisions that take each other's place under many callers, and a node that is killed meanwhile: no call fails, none is answered by two, no count is lost",
    ),
];

/// Goes on for so long that what leaks shows.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which soak; without one, all are listed.
    name: Option<String>,
    /// Calls that `sandbox` makes.
    #[arg(long, default_value_t = 10_000_000)]
    calls: u64,
    /// Clients of `mcp`.
    #[arg(long, default_value_t = 2000)]
    clients: usize,
    /// How long they call.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Events that `koi-net` sends.
    #[arg(long, default_value_t = 100_000)]
    events: usize,
    /// How many times it kills a node; 50, and 200 of `lifecycle`.
    #[arg(long)]
    kills: Option<usize>,
    /// How many times a revision takes another one's place in `lifecycle`.
    #[arg(long, default_value_t = 1000)]
    swaps: usize,
    /// How many call meanwhile.
    #[arg(long, default_value_t = 200)]
    callers: usize,
    /// Its hub keeps what it knows in PostgreSQL, which is restarted meanwhile.
    #[arg(long)]
    postgresql: bool,
    /// Of what `mcp`, `koi-net` and `lifecycle` do at random; another one each time if left out.
    #[arg(long)]
    seed: Option<u64>,
    /// Where the figures go.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("koi-soak: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether all is well.
fn run(arguments: Arguments) -> Result<bool> {
    let Some(name) = arguments.name else {
        for (name, what) in SOAKS {
            println!("{name:10} {what}");
        }
        return Ok(true);
    };
    let folder = arguments
        .folder
        .unwrap_or_else(|| koi_tests::repository().join("target/soak"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match name.as_str() {
        "sandbox" => runtime.block_on(sandbox::run(arguments.calls, &folder)),
        "mcp" => {
            let soak = mcp::Soak {
                clients: arguments.clients,
                duration: Duration::from_secs(arguments.seconds),
                seed: arguments.seed.unwrap_or_else(random::seed),
            };
            runtime.block_on(soak.run(&folder))
        }
        "koi-net" => {
            let soak = koi_net::Soak {
                events: arguments.events,
                kills: arguments.kills.unwrap_or(50),
                postgresql: arguments.postgresql,
                seed: arguments.seed.unwrap_or_else(random::seed),
            };
            runtime.block_on(soak.run())
        }
        "lifecycle" => {
            let soak = lifecycle::Soak {
                swaps: arguments.swaps,
                callers: arguments.callers,
                kills: arguments.kills.unwrap_or(200),
                seed: arguments.seed.unwrap_or_else(random::seed),
            };
            runtime.block_on(soak.run(&folder))
        }
        _ => bail!("there is no soak `{name}`; without a name, `koi-soak` lists them"),
    }
}
