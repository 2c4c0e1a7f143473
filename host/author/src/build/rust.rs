//! Rust: cargo makes the component. `koi_extension::export!` in the source says what it implements, so there
//! is no world to write.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;

use super::command::{find_tool, run};
use super::{BuildError, Progress};
use crate::Project;

const TARGET: &str = "wasm32-wasip2";

/// Where an author has cargo build, if it says so.
const TARGET_DIR: &str = "CARGO_TARGET_DIR";

pub(super) fn build(
    project: &Project,
    work: &Path,
    out: &Path,
    progress: &mut dyn Progress,
) -> Result<(), BuildError> {
    let mut cargo = cargo(project)?;
    needs_target(project)?;
    cargo
        .args(["build", "--release", "--target", TARGET])
        .args(["--message-format", "json-render-diagnostics"]);
    if env::var_os(TARGET_DIR).is_none() {
        cargo.arg("--target-dir").arg(work.join("cargo"));
    }
    progress.step("cargo build");
    let said = run("cargo build", &mut cargo)?;
    let mut components = said
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(component);
    let component = components.next_back().ok_or_else(|| {
        BuildError::Project(
            "cargo made no component: Cargo.toml needs `crate-type = [\"cdylib\"]` under [lib]"
                .to_owned(),
        )
    })?;
    fs::copy(&component, out).map_err(BuildError::io("copy", &component))?;
    Ok(())
}

pub(super) fn test_command(project: &Project) -> Result<Command, BuildError> {
    let mut cargo = cargo(project)?;
    cargo.arg("test");
    if env::var_os(TARGET_DIR).is_none() {
        let folder = project.root.join("build/cargo");
        cargo.arg("--target-dir").arg(folder);
    }
    Ok(cargo)
}

/// `cargo` in the folder of the crate.
fn cargo(project: &Project) -> Result<Command, BuildError> {
    let cargo = find_tool(project, "cargo", &["cargo"]).ok_or_else(|| BuildError::MissingTool {
        tool: "cargo".to_owned(),
        how: "install Rust with rustup, or with the packages cargo and rustc of your system"
            .to_owned(),
    })?;
    let mut command = Command::new(cargo);
    command.current_dir(project.root.join(&project.source));
    Ok(command)
}

/// Finds that the target is missing before cargo says so, in other words, for each crate.
fn needs_target(project: &Project) -> Result<(), BuildError> {
    // As cargo finds its compiler.
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut rustc = Command::new(rustc);
    rustc.current_dir(project.root.join(&project.source)).args([
        "--print",
        "target-libdir",
        "--target",
        TARGET,
    ]);
    let said = run("rustc --print target-libdir", &mut rustc)?;
    let libraries = String::from_utf8_lossy(&said.stdout);
    if Path::new(libraries.trim()).is_dir() {
        return Ok(());
    }
    Err(BuildError::MissingTool {
        tool: format!("the Rust target {TARGET}"),
        how: format!(
            "run `rustup target add {TARGET}`, or install your system's package of it \
             (libstd-rust-dev-wasm32 on Debian)"
        ),
    })
}

/// The component that a message of cargo's tells of.
fn component(message: &[u8]) -> Option<PathBuf> {
    let message: Value = serde_json::from_slice(message).ok()?;
    if message["reason"] != "compiler-artifact" {
        return None;
    }
    let files = message["filenames"].as_array()?.iter();
    files
        .filter_map(Value::as_str)
        .map(PathBuf::from)
        .find(|file| file.extension().is_some_and(|end| end == "wasm"))
}
