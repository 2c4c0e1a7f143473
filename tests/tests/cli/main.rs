//! The program as its user meets it: what it prints, what it refuses, how it ends.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod admin;
mod archive;
mod commands;
mod configuration;
mod doors;
mod lifetime;
mod query;

use std::process::{Command, Output};

use koi_tests::{Node, NodeBuilder, program};
use tempfile::TempDir;

/// For a node without a builder.
const FREE_PORTS: [&str; 4] = ["--koi-listen", "127.0.0.1:0", "--mcp-listen", "127.0.0.1:0"];

/// The program in an empty folder, so that no configuration is found.
fn koi_mcp(folder: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(program("koi-mcp"));
    command.args(args).current_dir(folder.path());
    command
}

fn run(folder: &TempDir, args: &[&str]) -> Output {
    koi_mcp(folder, args).output().unwrap()
}

/// What a command says that fails with exit code 1: one line.
fn failure(folder: &TempDir, args: &[&str]) -> String {
    let output = run(folder, args);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {text}");
    assert_eq!(text.lines().count(), 1, "{args:?}: {text}");
    assert!(text.starts_with("koi-mcp: "), "{text}");
    text
}

fn start(folder: &TempDir) -> Node {
    NodeBuilder::new("node", &folder.path().join("node")).start()
}

fn write(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}
