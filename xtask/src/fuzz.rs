//! `cargo xtask fuzz`: the fuzz targets under libFuzzer, with coverage to guide it.
//!
//! What a run has learnt stays in `target/fuzz/corpus`, and the next one goes on from there. A finding
//! is an input in `target/fuzz/findings`; once it is understood it belongs to the kept corpus, so that
//! it stays found.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::layout::Layout;
use crate::process;
use crate::progress;

/// The kept corpus, a folder for each target.
const CORPUS: &str = "tests/fuzz/corpus";

/// The instrumentation that libFuzzer needs, the same that cargo-fuzz asks for.
const INSTRUMENTED: &str = "-Cpasses=sancov-module \
     -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
     -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares";

/// An input that takes longer is a finding, in seconds.
const SLOW: u32 = 25;

/// A target that takes more is a finding, in MiB.
const LARGE: u32 = 4096;

/// Runs the named targets, all if none is named, for so many seconds each.
pub fn fuzz(layout: &Layout, names: &[String], seconds: u32) -> Result<()> {
    let names = chosen(layout, names)?;
    let program =
        progress::talking_step("fuzz targets, by the nightly toolchain", || build(layout))?;
    let findings = layout.path("target/fuzz/findings");
    fs::create_dir_all(&findings).with_context(|| format!("making {}", findings.display()))?;
    for name in names {
        let learnt = layout.path("target/fuzz/corpus").join(&name);
        fs::create_dir_all(&learnt).with_context(|| format!("making {}", learnt.display()))?;
        let mut run = Command::new(&program);
        run.current_dir(layout.root())
            .env("KOI_FUZZ_TARGET", &name)
            .arg(&learnt)
            .arg(layout.path(CORPUS).join(&name))
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-timeout={SLOW}"))
            .arg(format!("-rss_limit_mb={LARGE}"))
            .arg(format!("-artifact_prefix={}/{name}-", findings.display()))
            .arg("-print_final_stats=1");
        progress::talking_step(&format!("{name}, {seconds} s"), || process::talk(&mut run))?;
    }
    Ok(())
}

/// The targets, by the folders of their corpus.
fn chosen(layout: &Layout, names: &[String]) -> Result<Vec<String>> {
    let folder = layout.path(CORPUS);
    let mut all = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        all.extend(entry?.file_name().into_string());
    }
    all.sort();
    match names.iter().find(|name| !all.contains(name)) {
        Some(name) => bail!(
            "there is no fuzz target `{name}`; there are {}",
            all.join(", ")
        ),
        None if names.is_empty() => Ok(all),
        None => Ok(names.to_vec()),
    }
}

fn build(layout: &Layout) -> Result<std::path::PathBuf> {
    // Naming the platform keeps the instrumentation away from build scripts.
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let target = layout.path("target/fuzz");
    let mut cargo = Command::new("rustup");
    cargo
        .current_dir(layout.path("tests/fuzz"))
        .args(["run", "nightly", "cargo", "build", "--release", "--locked"])
        .args(["--target", &platform])
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTFLAGS", INSTRUMENTED);
    process::talk(&mut cargo)
        .context("`rustup toolchain install nightly` gets the toolchain if it is missing")?;
    Ok(target.join(platform).join("release/koi-fuzz"))
}
