//! The program `koi-mcp`.

use std::process::ExitCode;

fn main() -> ExitCode {
    koi_mcp::main()
}
