//! `cargo xtask`: everything that a developer or a new user does with this repository.
//!
//! Each command sets up what it needs first, can be run again at any time, and does nothing that is
//! already done. A failure is one sentence and what to do about it, on stderr, and exit code 1.

mod arguments;
mod bench;
mod bindings;
mod build;
mod content_hash;
mod corpus;
mod docs;
mod fuzz;
mod layout;
mod lint;
mod process;
mod progress;
mod run;
mod setup;
mod soak;
mod test;

use std::process::ExitCode;

use arguments::Command;
use layout::Layout;

const HELP: &str = "\
cargo xtask COMMAND

Commands:
  run [-- FLAGS]      Set up what is missing, build, and start a node with its data in .koi/,
                      the example extensions installed and sample objects published.
                      FLAGS go to `koi-mcp serve`, e.g. -- --mcp-listen 127.0.0.1:9100
  test [-- ARGUMENTS] Set up what is missing, build, and run every test but the bench's own. With ARGUMENTS,
                      only `cargo test --release ARGUMENTS`, e.g. -- -p koi-rid
  lint                Check form and style of all code: rustfmt and clippy
  bench [NAME...]     Measure, all rows or those named; writes target/bench/report.json
  bench --quick       Only see that each row can be measured, in two minutes; its figures say nothing
  fuzz [TARGET...] [--seconds N]
                      Look for inputs that break a promise, with the nightly toolchain: all targets
                      of tests/fuzz/corpus or those named, 300 seconds each
  soak [NAME [FLAGS]] Go on for so long that what leaks shows, and draw it in target/soak; without
                      a NAME, list the soaks. FLAGS: --calls N, --swaps N,
                      --callers N, --kills N, --folder DIR; `koi-soak --help` has all
  corpus VERSION [--force]
                      Freeze a version of the contract, such as 0.1, with guests that were built for it,
                      in tests/corpus (wit/VERSIONING.md)
  docs                Write the pages of docs/src/wit from wit/
  bindings            Write what wit-bindgen makes of the WIT for Rust: sdk/rust/src/bindings, and
                      that of the guest `fetch`
  build [--for-tests] Build host (target/release) and extensions (target/extensions)
  setup [--for-tests] Fetch what building needs into target/tools

  --for-tests         Also what only the tests need: real Python koi-net nodes and MCP clients,
                      and the guests in Python, JavaScript and C
  -h, --help          Print this

Everything is kept below target/, .koi/ and cargo's own folders; nothing is installed elsewhere,
except what your toolchain lacks, which rustup puts there: the wasm32-wasip2 target, and for `lint`
rustfmt and clippy. The tests' JavaScript guest and clients get links to their packages.";

fn main() -> ExitCode {
    let command = match arguments::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("error: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match perform(command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(command: Command) -> anyhow::Result<ExitCode> {
    let layout = Layout::of_this_repository();
    match command {
        Command::Help => println!("{HELP}"),
        Command::Setup(extent) => {
            setup::set_up(&layout, extent)?;
        }
        Command::Build(extent) => {
            build::build(&layout, extent)?;
        }
        Command::Run { serve_flags } => return run::run(&layout, &serve_flags),
        Command::Test { arguments } => return test::test(&layout, &arguments),
        Command::Lint => return lint::lint(&layout),
        Command::Bench { names } => return bench::bench(&layout, &names),
        Command::QuickBench => return bench::quick(&layout),
        Command::Fuzz { names, seconds } => fuzz::fuzz(&layout, &names, seconds)?,
        Command::Corpus { version, force } => corpus::corpus(&layout, &version, force)?,
        Command::Docs => docs::write(&layout)?,
        Command::Bindings => bindings::write(&layout)?,
        Command::Soak { arguments } => return soak::soak(&layout, &arguments),
    }
    Ok(ExitCode::SUCCESS)
}
