//! The program `koi-mcp`: exit code 0 when done, 1 when it failed, 2 for wrong usage.

use std::process::ExitCode;

use clap::Parser;
use koi_mcp::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("koi-mcp: cannot start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(koi_mcp::commands::run(cli));
    // Standard input may be in a read that nothing ends.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("koi-mcp: {error:#}");
            ExitCode::FAILURE
        }
    }
}
