//! The official MCP conformance suite (`@modelcontextprotocol/conformance`) against a node whose only
//! extension holds the suite's fixtures: what passes shows that the contract with extensions can say all
//! of MCP, in both eras.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod suite;

use koi_tests::{Node, NodeBuilder};
use tempfile::TempDir;

use suite::{LEGACY, MODERN, Run};

/// Scenarios that test the protocol alone and need no fixture.
const UNIVERSAL: [&str; 17] = [
    "server-initialize",
    "server-session-lifecycle",
    "logging-set-level",
    "ping",
    "tools-list",
    "server-sse-multiple-streams",
    "resources-list",
    "sep-2164-resource-not-found",
    "prompts-list",
    "dns-rebinding-protection",
    "caching",
    "input-required-result-unsupported-methods",
    "http-header-validation",
    // It asks for a resource of the fixtures, but the answer is the host's own: whoever wants to hear of a
    // resource need not be able to read it yet.
    "resources-subscribe",
    "resources-unsubscribe",
    // The suite itself skips it always.
    "tasks-status-notifications",
    // It wants to see no complete answer to nonsense, and sees none where there is no tool either.
    "input-required-result-validate-input",
];

fn node(folder: &TempDir) -> Node {
    NodeBuilder::new("conformance", &folder.path().join("node")).start()
}

fn with_fixtures(folder: &TempDir) -> Node {
    let node = node(folder);
    node.install("mcp-conformance");
    node
}

#[test]
fn all_that_the_modern_era_requires_is_answered_by_an_extension() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::of(&MODERN, &with_fixtures(&folder), folder.path());
    assert_eq!(run.troubles(), [""; 0], "{run}");
    assert!(run.is_success, "{run}");
}

#[test]
fn all_that_the_legacy_era_requires_is_answered_by_an_extension() {
    let folder = tempfile::tempdir().unwrap();
    let run = Run::of(&LEGACY, &with_fixtures(&folder), folder.path());
    assert_eq!(run.troubles(), [""; 0], "{run}");
    assert!(run.is_success, "{run}");
}

#[test]
fn without_the_extension_nothing_passes_that_needs_a_fixture() {
    for requirements in [&MODERN, &LEGACY] {
        let folder = tempfile::tempdir().unwrap();
        let node = node(&folder);
        let run = Run::of(requirements, &node, folder.path());
        let passed: Vec<_> = run
            .passed()
            .filter(|scenario| !UNIVERSAL.contains(scenario))
            .collect();
        assert_eq!(passed, [""; 0], "{run}");
        assert!(!run.is_success, "{run}");
    }
}
