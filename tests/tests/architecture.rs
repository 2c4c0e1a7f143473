//! The direction of dependencies, as ARCHITECTURE.md draws it, and the features that must stay off.
//!
//! Read from cargo's own metadata. Each test counts what it looked at, so that none can pass by
//! having looked at nothing.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// The groups of host crates, lowest first. A crate may know crates of lower groups only.
const GROUPS: [&[&str]; 6] = [
    &["koi-allocator", "koi-rid", "koi-schema", "koi-author"],
    &["koi-wire", "koi-store", "koi-runtime", "koi-distribution"],
    &["koi-registry"],
    &["koi-pipeline", "koi-schedule", "koi-check"],
    &["koi-net", "koi-mcp-server"],
    &["koi-mcp"],
];

/// Crates that are nobody's business but of those named: what these know, the others must not.
const RESERVED: [(&str, &[&str]); 13] = [
    ("koi-wire", &["koi-net", "koi-mcp"]),
    ("wasmtime", &["koi-runtime"]),
    ("wasmtime-wasi", &["koi-runtime"]),
    ("jsonschema", &["koi-schema"]),
    ("wasm-metadata", &["koi-author"]),
    ("rusqlite", &["koi-store"]),
    ("tokio-postgres", &["koi-store"]),
    ("deadpool-postgres", &["koi-store"]),
    // Signatures; the seals of compiled code.
    (
        "aws-lc-rs",
        &["koi-wire", "koi-distribution", "koi-runtime"],
    ),
    ("rmcp", &["koi-mcp-server"]),
    ("axum", &["koi-net", "koi-mcp-server", "koi-mcp"]),
    ("wasmtime-wasi-http", &["koi-runtime"]),
    (
        "reqwest",
        &[
            "koi-distribution",
            "koi-registry",
            "koi-net",
            "koi-mcp-server",
            "koi-mcp",
        ],
    ),
];

/// Crates that hold values only, and what they must therefore not depend on.
const PURE: [&str; 2] = ["koi-rid", "koi-wire"];
const IMPURE: [&str; 5] = ["tokio", "futures", "async-trait", "hyper", "tracing"];

/// Tests and tools of the repository: they may know host crates, no host crate may know them.
const OUTSIDE: [&str; 5] = ["koi-bench", "koi-measure", "koi-soak", "koi-tests", "xtask"];

struct Graph {
    /// For each package of the workspace, what it declares, of any kind: normal, build and dev.
    declared: BTreeMap<String, BTreeSet<String>>,
    /// For each package of the resolved graph, all features that are on.
    features: Vec<(String, BTreeSet<String>)>,
}

fn graph() -> Graph {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    // Only this platform's part of the graph: the rest was never fetched, and is not to be for this.
    let output = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", &platform()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();

    let members: BTreeSet<&str> = texts(&metadata["workspace_members"]).collect();
    let mut declared = BTreeMap::new();
    let mut names = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let (id, name) = (
            package["id"].as_str().unwrap(),
            package["name"].as_str().unwrap(),
        );
        names.insert(id, name);
        if members.contains(id) {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let dependencies = dependencies.map(|d| d["name"].as_str().unwrap().to_owned());
            declared.insert(name.to_owned(), dependencies.collect());
        }
    }
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap().iter();
    let features = nodes
        .map(|node| {
            let name = names[node["id"].as_str().unwrap()].to_owned();
            (name, texts(&node["features"]).map(str::to_owned).collect())
        })
        .collect();
    Graph { declared, features }
}

fn platform() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap()
        .to_owned()
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
}

fn group_of(name: &str) -> Option<usize> {
    GROUPS.iter().position(|group| group.contains(&name))
}

/// The features of each package of that name; there can be several versions.
fn features_of<'a>(graph: &'a Graph, name: &str) -> Vec<&'a BTreeSet<String>> {
    graph
        .features
        .iter()
        .filter(|(found, _)| found == name)
        .map(|(_, features)| features)
        .collect()
}

#[test]
fn every_crate_of_the_workspace_has_its_place_in_the_picture() {
    let graph = graph();
    let drawn: BTreeSet<&str> = GROUPS.concat().into_iter().chain(OUTSIDE).collect();
    let present: BTreeSet<&str> = graph.declared.keys().map(String::as_str).collect();
    assert_eq!(present, drawn);
}

#[test]
fn a_host_crate_knows_only_crates_of_lower_groups() {
    let mut edges = 0;
    for (from, dependencies) in &graph().declared {
        let Some(group) = group_of(from) else {
            continue;
        };
        for to in dependencies {
            assert!(
                !OUTSIDE.contains(&to.as_str()),
                "{from} -> {to}: tests and tools are outside"
            );
            let Some(below) = group_of(to) else { continue };
            assert!(
                below < group,
                "{from} -> {to}: an edge that is not in ARCHITECTURE.md"
            );
            edges += 1;
        }
    }
    assert!(
        edges >= 15,
        "only {edges} edges were seen: the metadata was not read right"
    );
}

#[test]
fn what_is_reserved_for_some_crates_is_unknown_to_the_others() {
    let graph = graph();
    for (reserved, owners) in RESERVED {
        let mut users = 0;
        for (from, dependencies) in &graph.declared {
            if OUTSIDE.contains(&from.as_str()) || !dependencies.contains(reserved) {
                continue;
            }
            assert!(
                owners.contains(&from.as_str()),
                "{from} -> {reserved}: reserved for {owners:?}"
            );
            users += 1;
        }
        assert!(
            users > 0,
            "nobody depends on {reserved}: the rule about it is out of date"
        );
    }
}

#[test]
fn values_know_nothing_of_io_and_async() {
    let graph = graph();
    for pure in PURE {
        let dependencies = &graph.declared[pure];
        assert!(!dependencies.is_empty(), "{pure} was not read right");
        for impure in IMPURE {
            assert!(
                !dependencies.contains(impure),
                "{pure} -> {impure}: {pure} holds values only"
            );
        }
    }
}

#[test]
fn numbers_keep_their_text_without_arbitrary_precision() {
    let graph = graph();
    let serde_json = features_of(&graph, "serde_json");
    assert!(!serde_json.is_empty());
    for features in serde_json {
        assert!(
            features.contains("raw_value"),
            "contents are kept as raw values"
        );
        assert!(
            !features.contains("arbitrary_precision"),
            "it spreads over the whole graph and breaks untagged and flattened models"
        );
    }
}

#[test]
fn the_engine_is_built_once_and_without_the_proposals_that_no_guest_needs() {
    let graph = graph();
    let wasmtime = features_of(&graph, "wasmtime");
    assert_eq!(
        wasmtime.len(),
        1,
        "one build of wasmtime serves run, test and bench"
    );
    for needed in ["async", "component-model", "pooling-allocator"] {
        assert!(wasmtime[0].contains(needed), "{needed} is off");
    }
    for off in ["gc", "gc-drc", "gc-null", "threads", "stack-switching"] {
        assert!(!wasmtime[0].contains(off), "{off} is on");
    }
}
