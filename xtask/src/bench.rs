//! `cargo xtask bench`: the measurements of `koi-bench`, which writes `target/bench/report.json`.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::build;
use crate::layout::Layout;
use crate::process;
use crate::setup::Extent;
use crate::test;

/// Measures the named rows, all if none is named. The exit code is the program's.
pub fn bench(layout: &Layout, names: &[String]) -> Result<ExitCode> {
    build::build(layout, Extent::Tests)?;
    let mut bench = Command::new(layout.program("koi-bench"));
    test::tell_where_things_are(&mut bench, layout);
    let status = process::status(bench.current_dir(layout.root()).args(names))?;
    Ok(process::exit_code(status))
}
