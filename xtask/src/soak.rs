//! `cargo xtask soak`: goes on for so long that what leaks shows; `koi-soak` draws it in
//! `target/soak`.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::build;
use crate::layout::Layout;
use crate::process;
use crate::setup::Extent;
use crate::test;

/// Runs the soak that the arguments name, with what else they say; lists all without any. The exit
/// code is the program's.
pub fn soak(layout: &Layout, arguments: &[String]) -> Result<ExitCode> {
    build::build(layout, Extent::Tests)?;
    let mut soak = Command::new(layout.program("koi-soak"));
    test::tell_where_things_are(&mut soak, layout);
    let status = process::status(soak.current_dir(layout.root()).args(arguments))?;
    Ok(process::exit_code(status))
}
