//! A node takes extensions from a registry and asks who made them.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

// The crate's own tests start it in the same way; the tests of another crate cannot be depended on.
#[allow(dead_code, reason = "this needs only some of it")]
#[path = "../../../host/distribution/tests/registry/server.rs"]
mod server;

mod registry;
mod signatures;

use std::path::{Path, PathBuf};
use std::process::Command;

use koi_tests::{Node, NodeBuilder, extension};
use tempfile::TempDir;

fn builder(folder: &TempDir) -> NodeBuilder {
    NodeBuilder::new("node", &folder.path().join("node"))
}

fn start(folder: &TempDir) -> Node {
    builder(folder).start()
}

/// A copy of a built component, beside which something can lie.
fn copy(folder: &Path, name: &str) -> String {
    let file = folder.join(format!("{name}.wasm"));
    std::fs::copy(extension(name), &file).unwrap();
    text(&file)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Makes a key as users do who have no cosign; its private and its public file.
fn key(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    let files = (
        folder.join(format!("{name}.pem")),
        folder.join(format!("{name}.pub")),
    );
    let curve = "ec_paramgen_curve:P-256";
    openssl(
        Command::new("openssl")
            .args(["genpkey", "-algorithm", "EC", "-pkeyopt", curve, "-out"])
            .arg(&files.0),
    );
    openssl(
        Command::new("openssl")
            .args(["pkey", "-pubout", "-in"])
            .arg(&files.0)
            .arg("-out")
            .arg(&files.1),
    );
    files
}

fn openssl(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output.stdout
}

/// Whether the echo extension answers.
fn echoes(node: &Node) -> bool {
    let call = ["call", "echo", "--args", r#"{"text":"x"}"#];
    node.command(&call).status.success()
}
