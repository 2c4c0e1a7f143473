//! `cargo xtask run`: a node with the example extensions and some knowledge, until Ctrl-C.
//!
//! All that happens to the node happens through its own command line, as an operator would do it.
//! What the node says about a taken port or a data folder in use reaches the user as it is.

mod node;
mod welcome;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::build;
use crate::layout::Layout;
use crate::process;
use crate::progress;
use crate::setup::Extent;
use node::{Node, Start};

/// Installed by `cargo xtask run`.
const EXTENSIONS: [&str; 2] = ["agent-personality", "data-catalog"];

/// What `koi-mcp` calls its data folder's flag.
const DATA_DIR: &str = "--data-dir";

/// Builds and runs a node. Ends when the node does, with its exit code.
pub fn run(layout: &Layout, serve_flags: &[String]) -> Result<ExitCode> {
    build::build(layout, Extent::Build)?;

    let data_dir = data_dir(layout, serve_flags);
    let mut serve = Command::new(layout.program("koi-mcp"));
    serve
        .current_dir(layout.root())
        .args(["serve", "--json"])
        .args(serve_flags);
    if value_of(DATA_DIR, serve_flags).is_none() {
        serve.arg(DATA_DIR).arg(&data_dir);
    }
    let node = match Node::start(serve)? {
        Start::Ready(node) => node,
        Start::Ended(status) => return Ok(process::exit_code(status)),
    };
    let client = Client { layout, data_dir };
    if let Err(error) = client.fill() {
        // Ctrl-C in the middle is no failure: the node went away because it was asked to.
        if !node.is_stopping() {
            node.stop();
            node.wait()?;
            return Err(error);
        }
    } else {
        println!(
            "{}",
            welcome::text(node.ready(), &layout.program("koi-mcp"), &client.data_dir)
        );
    }
    Ok(process::exit_code(node.wait()?))
}

/// `koi-mcp` commands that go to the running node.
struct Client<'a> {
    layout: &'a Layout,
    data_dir: PathBuf,
}

impl Client<'_> {
    fn fill(&self) -> Result<()> {
        let installed = process::output(self.command().args(["extension", "list", "--json"]))?;
        for name in EXTENSIONS {
            progress::step(&format!("extension {name}"), || {
                self.install(name, &installed)
            })?;
        }
        let mut samples = objects(&self.layout.path("examples/objects"))?;
        samples.retain(|(rid, _)| !self.has(rid));
        for (rid, file) in samples {
            progress::step(&format!("sample objects from {rid} on"), || {
                process::output(self.command().arg("publish").arg(file)).map(drop)
            })?;
        }
        Ok(())
    }

    /// Grants what the extension asks for the first time, and leaves the operator's grants alone
    /// after that.
    fn install(&self, name: &str, installed: &str) -> Result<()> {
        let mut install = self.command();
        install.args(["extension", "install"]);
        install.arg(self.layout.extensions().join(format!("{name}.wasm")));
        if !names(installed).iter().any(|present| present == name) {
            install.arg("--grant-asked");
        }
        process::output(&mut install).map(drop)
    }

    fn has(&self, rid: &str) -> bool {
        process::output(self.command().args(["read", rid])).is_ok()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.layout.program("koi-mcp"));
        command
            .current_dir(self.layout.root())
            .arg(DATA_DIR)
            .arg(&self.data_dir);
        command
    }
}

fn data_dir(layout: &Layout, serve_flags: &[String]) -> PathBuf {
    layout
        .root()
        .join(value_of(DATA_DIR, serve_flags).unwrap_or(".koi"))
}

/// The value of a flag in either of its forms, `--flag value` and `--flag=value`.
fn value_of<'a>(flag: &str, flags: &'a [String]) -> Option<&'a str> {
    let position = flags
        .iter()
        .position(|given| given.split('=').next() == Some(flag))?;
    match flags[position].split_once('=') {
        Some((_, value)) => Some(value),
        None => flags.get(position + 1).map(String::as_str),
    }
}

fn names(extensions: &str) -> Vec<String> {
    let list: Value = serde_json::from_str(extensions).unwrap_or_default();
    let names = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry["name"].as_str());
    names.map(str::to_owned).collect()
}

/// Each file of sample objects with the RID of its first one, which tells whether it was published.
fn objects(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect()
        })
        .with_context(|| format!("reading {}", folder.display()))?;
    files.retain(|file| file.extension().is_some_and(|end| end == "json"));
    files.sort();
    files
        .into_iter()
        .map(|file| Ok((first_rid(&file)?, file)))
        .collect()
}

fn first_rid(file: &Path) -> Result<String> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let value: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))?;
    let first = value
        .as_array()
        .and_then(|list| list.first())
        .unwrap_or(&value);
    let rid = first["rid"]
        .as_str()
        .with_context(|| format!("{} has no `rid`", file.display()))?;
    Ok(rid.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_folder_of_the_flags_is_used_in_either_form() {
        let of = |line: &str| {
            let flags: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            value_of(DATA_DIR, &flags).map(str::to_owned)
        };
        assert_eq!(of("--name x --data-dir there"), Some("there".to_owned()));
        assert_eq!(of("--data-dir=there"), Some("there".to_owned()));
        assert_eq!(of("--data-directory there"), None);
    }

    #[test]
    fn a_file_of_objects_is_known_by_its_first_rid() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("b.json"),
            r#"[{"rid":"orn:a.b:1"},{"rid":"orn:a.b:2"}]"#,
        )
        .unwrap();
        std::fs::write(folder.path().join("a.json"), r#"{"rid":"orn:a.b:0"}"#).unwrap();
        let rids: Vec<_> = objects(folder.path())
            .unwrap()
            .into_iter()
            .map(|(rid, _)| rid)
            .collect();
        assert_eq!(rids, ["orn:a.b:0", "orn:a.b:1"]);
    }
}
