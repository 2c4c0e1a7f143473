//! `cargo xtask bench`: the measurements of `koi-bench`, which writes `target/bench/report.json`.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::build;
use crate::layout::Layout;
use crate::process;
use crate::progress;
use crate::setup::Extent;
use crate::test;

/// Measures the named rows, all if none is named. The exit code is the program's.
pub fn bench(layout: &Layout, names: &[String]) -> Result<ExitCode> {
    build::build(layout, Extent::Tests)?;
    progress::step("bench, release", || {
        let mut bench = process::cargo(layout);
        bench.args(["build", "--release", "--workspace", "--bins"]);
        process::captured(layout, "bench", &mut bench)
    })?;
    let mut bench = Command::new(layout.program("koi-bench"));
    test::tell_where_things_are(&mut bench, layout);
    let status = process::status(bench.current_dir(layout.root()).args(names))?;
    Ok(process::exit_code(status))
}

/// Sees that each row can be measured, by the test of the bench.
pub fn quick(layout: &Layout) -> Result<ExitCode> {
    let test = ["--workspace", "--test", "rows"];
    test::test(layout, &test.map(str::to_owned))
}
