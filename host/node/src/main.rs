//! The program `koi-mcp`.

use std::process::ExitCode;

use koi_allocator as _;

fn main() -> ExitCode {
    koi_mcp::main()
}
