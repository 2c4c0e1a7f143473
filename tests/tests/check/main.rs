//! `koi-mcp check` finds what is wrong with an extension, and passes those that have nothing wrong.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod faults;
mod sound;

use std::path::Path;
use std::process::{Command, Output};

use koi_tests::{program, share_code};
use serde_json::Value;

/// The program on a component, in a folder without a configuration, where a node has compiled what others have.
fn check(component: &Path, args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    share_code(&folder.path().join(".koi"));
    Command::new(program("koi-mcp"))
        .arg("check")
        .arg(component)
        .args(args)
        .current_dir(folder.path())
        .output()
        .unwrap()
}

/// What it prints with `--json`, and its exit code.
fn report(component: &Path, args: &[&str]) -> (Value, Option<i32>) {
    let output = check(component, &[args, &["--json"]].concat());
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let told = String::from_utf8_lossy(&output.stderr);
        panic!("{}: {error}: {told}", component.display())
    });
    (report, output.status.code())
}

/// The findings of a severity: their codes and subjects.
fn found<'r>(report: &'r Value, severity: &str) -> Vec<(&'r str, &'r str)> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .filter(|finding| finding["severity"] == severity)
        .map(|finding| {
            (
                finding["code"].as_str().unwrap(),
                finding["subject"].as_str().unwrap(),
            )
        })
        .collect()
}
