//! The workspace of Rust guests: `guest-extensions/`, the SDK and `examples/first-extension`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::layout::Layout;
use crate::process;
use crate::progress;
use crate::setup::GuestToolchain;

/// The workspace's manifest.
pub const WORKSPACE: &str = "guest-extensions/Cargo.toml";

/// Builds all guests and puts each component at `target/extensions/PACKAGE.wasm`.
pub fn build(layout: &Layout, toolchain: &GuestToolchain) -> Result<()> {
    progress::talking_step("Rust extensions", || {
        let components = compile(layout, toolchain)?;
        if components.is_empty() {
            bail!("{WORKSPACE} made no component");
        }
        fs::create_dir_all(layout.extensions())
            .with_context(|| format!("making {}", layout.extensions().display()))?;
        components.iter().try_for_each(|(name, component)| {
            copy_if_changed(component, &layout.extensions().join(format!("{name}.wasm")))
        })
    })
}

fn compile(layout: &Layout, toolchain: &GuestToolchain) -> Result<Vec<(String, PathBuf)>> {
    let mut cargo = process::cargo(layout);
    cargo.args([
        "build",
        "--release",
        "--workspace",
        "--message-format=json-render-diagnostics",
    ]);
    cargo
        .args(["--manifest-path", WORKSPACE, "--target-dir"])
        .arg(layout.path("target/guests"));
    toolchain.apply(&mut cargo);
    let mut child = cargo
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| process::not_started(&cargo, &error))?;
    let messages = child
        .stdout
        .take()
        .context("cargo's output was not captured")?;
    let mut components = Vec::new();
    for message in BufReader::new(messages).lines() {
        components.extend(component(&message.context("reading cargo's output")?));
    }
    let status = child.wait().context("waiting for cargo")?;
    if !status.success() {
        bail!(
            "the extensions in {WORKSPACE} don't build ({status}); cargo's output above says why"
        );
    }
    Ok(components)
}

/// The component that a message of cargo's tells of, with its package's name.
fn component(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message["reason"] != "compiler-artifact" {
        return None;
    }
    let name = message["target"]["name"].as_str()?.replace('_', "-");
    let files = message["filenames"]
        .as_array()?
        .iter()
        .filter_map(Value::as_str);
    let file = files
        .map(Path::new)
        .find(|file| file.extension().is_some_and(|end| end == "wasm"))?;
    Some((name, file.to_owned()))
}

/// Leaves an equal file alone, and never shows half a one: a node may be watching.
fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("reading {}", from.display()))?;
    if fs::read(to).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let partial = to.with_extension("partial");
    fs::write(&partial, bytes)
        .and_then(|()| fs::rename(&partial, to))
        .with_context(|| format!("writing {}", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_components_are_taken_from_what_cargo_says() {
        let of = |reason: &str, file: &str| {
            let target = serde_json::json!({"name": "data_catalog"});
            let message =
                serde_json::json!({"reason": reason, "target": target, "filenames": [file]});
            component(&message.to_string())
        };
        let expected = (
            "data-catalog".to_owned(),
            PathBuf::from("/t/data_catalog.wasm"),
        );
        assert_eq!(
            of("compiler-artifact", "/t/data_catalog.wasm"),
            Some(expected)
        );
        assert_eq!(of("compiler-artifact", "/t/libserde.rlib"), None);
        assert_eq!(of("build-finished", "/t/data_catalog.wasm"), None);
        assert_eq!(component("not json"), None);
    }
}
