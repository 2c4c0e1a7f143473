//! The SDKs and the glossaries in their own languages: their unit tests, which need no host, and what their type
//! checkers say. Those of Rust are in the workspace of the guests, whose tests `cargo xtask test` runs.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod bindings;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use koi_tests::{repository, tool};

/// Runs a command in a folder of the repository; it has to end well.
fn run(folder: &str, program: impl AsRef<OsStr>, arguments: &[&str], path: &str) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(repository().join(folder))
        .env("PYTHONPATH", path)
        .env("MYPYPATH", path)
        // Imported code would leave compiled files beside it.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{folder}: {arguments:?}: {said}{error}"
    );
}

fn python() -> PathBuf {
    tool("componentize-py/bin/python")
}

const UNITTEST: [&str; 4] = ["-m", "unittest", "discover", "tests"];

#[test]
fn the_sdk_for_python_and_its_glossary_pass_their_own_tests() {
    run("sdk/python", python(), &UNITTEST, ".");
    run(
        "examples/glossary-python",
        python(),
        &UNITTEST,
        ".:../../sdk/python",
    );
}

#[test]
fn the_sdk_for_python_and_its_glossary_are_strictly_typed() {
    let mypy = tool("mypy/bin/mypy");
    let cache = tempfile::tempdir().unwrap();
    let strict = ["--strict", "--cache-dir", cache.path().to_str().unwrap()];
    let of = |files: &[&'static str]| [&strict[..], files].concat();
    run("sdk/python", &mypy, &of(&["koi_extension", "tests"]), ".");
    let glossary = [
        "app.py",
        "names.py",
        "terms.py",
        "counts.py",
        "pipeline.py",
        "tests",
    ];
    run(
        "examples/glossary-python",
        &mypy,
        &of(&glossary),
        "../../sdk/python",
    );
}

#[test]
fn the_sdk_for_javascript_and_its_glossary_pass_their_own_tests() {
    let node = tool("node/bin/node");
    run("sdk/javascript", &node, &["make/test.mjs", "tests"], "");
    let glossary = ["../../sdk/javascript/make/test.mjs", "tests"];
    run("examples/glossary-typescript", &node, &glossary, "");
}

#[test]
fn the_sdk_for_javascript_and_its_glossary_are_typed() {
    let node = tool("node/bin/node");
    for folder in ["sdk/javascript", "examples/glossary-typescript"] {
        run(
            folder,
            &node,
            &["node_modules/typescript/bin/tsc", "--noEmit"],
            "",
        );
    }
}

#[test]
fn the_types_for_javascript_are_those_of_the_contract() {
    let types = ["../../../sdk/javascript/make/types.mjs", "--check"];
    run("tests/guests/javascript", tool("node/bin/node"), &types, "");
}

#[test]
fn the_sdk_for_c_passes_its_own_tests() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("tests");
    let command = format!(
        "cc -std=gnu11 -g -fsanitize=address,undefined -Iinclude -Isrc -Itesting tests/*.c src/*.c testing/*.c \
         -o '{0}' && '{0}'",
        program.display()
    );
    run("sdk/c", "sh", &["-c", &command], "");
}
