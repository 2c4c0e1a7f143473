//! The tests of the host in parts that run beside each other.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::build::{BENCH, WORKSPACE};
use crate::layout::Layout;
use crate::process;

/// The files of tests that take longest, in parts that begin with the others and end before them.
const LONG: [&[&str]; 2] = [&["author", "hostile"], &["extensions", "interop", "soak"]];

/// The tests of the host, in the order in which they run.
pub struct Lanes {
    /// The long ones, beside each other and beside the others.
    pub long: [Command; LONG.len()],
    /// All others.
    pub others: Command,
    /// Those in the documentation.
    pub docs: Command,
}

/// What runs them.
pub fn of(layout: &Layout) -> Result<Lanes> {
    let mut metadata = process::cargo(layout);
    metadata.args([
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ]);
    let metadata = process::output(&mut metadata)?;
    let metadata = serde_json::from_str(&metadata).context("what cargo says of the workspace")?;
    // A node compiles at the lowest priority, and tests that wait for it would wait for all others if these had
    // another one.
    let test = || {
        let mut cargo = process::nice_cargo(layout);
        cargo
            .args(["test", "--release", "--no-fail-fast"])
            .args(WORKSPACE);
        cargo
    };
    let (mut others, mut docs) = (test(), test());
    let mut long = LONG.map(|_| test());
    others.args(["--lib", "--bins"]);
    for name in files(&metadata) {
        let part = LONG.iter().position(|part| part.contains(&name));
        let lane = part.map_or(&mut others, |part| &mut long[part]);
        lane.args(["--test", name]);
    }
    docs.arg("--doc");
    Ok(Lanes { long, others, docs })
}

/// The names of all files of tests in a workspace, but for the bench's.
fn files(metadata: &Value) -> BTreeSet<&str> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .filter(|package| package["name"] != BENCH)
        .flat_map(|package| package["targets"].as_array().into_iter().flatten())
        .filter(|target| target["kind"][0] == "test")
        .filter_map(|target| target["name"].as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_file_of_tests_is_found_whatever_package_but_the_bench_it_is_of() {
        let target = |name: &str, kind: &str| json!({"name": name, "kind": [kind]});
        let metadata = json!({"packages": [
            {"targets": [target("a", "lib"), target("network", "test"), target("b", "test")]},
            {"targets": [target("c", "bin"), target("network", "test")]},
            {"name": BENCH, "targets": [target("rows", "test")]},
        ]});
        assert_eq!(Vec::from_iter(files(&metadata)), ["b", "network"]);
    }
}
