//! An author's first day: a project, its tests, its component, changes in a running node, and what is given to
//! others.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod dev;
mod features;
mod first_answer;
mod package;
mod projects;
mod tools;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use koi_tests::{Node, NodeBuilder, program};
use serde_json::Value;
use tempfile::TempDir;

/// What is timed is timed alone.
static TIME: RwLock<()> = RwLock::new(());

/// Held by a test that is timed.
fn alone() -> RwLockWriteGuard<'static, ()> {
    TIME.write().unwrap_or_else(PoisonError::into_inner)
}

/// Held by a test that builds, for as long as it does.
fn beside_others() -> RwLockReadGuard<'static, ()> {
    TIME.read().unwrap_or_else(PoisonError::into_inner)
}

/// The program in a folder, with the tools that an author has.
fn koi_mcp(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program("koi-mcp"));
    command.args(args).current_dir(folder);
    tools::give(&mut command);
    command
}

/// A command that has to succeed and print JSON.
fn json(folder: &Path, args: &[&str]) -> Value {
    let output = koi_mcp(folder, args).arg("--json").output().unwrap();
    serde_json::from_str(&succeeded(&format!("{args:?}"), &output)).unwrap()
}

/// What a command printed that has to succeed.
fn succeeded(what: &str, output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {text}{error}");
    text
}

/// What a command says that fails with exit code 1.
fn failure(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{command:?}: {text}");
    text
}

/// A new project in a folder.
fn new(folder: &Path, name: &str, language: &str) -> PathBuf {
    json(folder, &["new", name, "--lang", language]);
    folder.join(name)
}

fn start(folder: &TempDir) -> Node {
    NodeBuilder::new("node", &folder.path().join("node")).start()
}

/// The file of a project's own sources in which a text stands.
fn source_with(project: &Path, text: &str) -> PathBuf {
    let manifest = std::fs::read_to_string(project.join("koi.toml")).unwrap();
    let source = manifest
        .lines()
        .find_map(|line| line.strip_prefix("source = "))
        .unwrap();
    let source = project.join(source.trim_matches('"'));
    let files = match source.is_dir() {
        true => std::fs::read_dir(&source)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .collect(),
        false => vec![source.clone()],
    };
    let has = |file: &PathBuf| std::fs::read_to_string(file).is_ok_and(|read| read.contains(text));
    let found = files.into_iter().find(has);
    found.unwrap_or_else(|| panic!("{text} is nowhere in {}", source.display()))
}
