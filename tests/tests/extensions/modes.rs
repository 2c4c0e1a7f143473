//! How long an extension's instances live, as the operator allows it.

use koi_tests::{Node, extension};
use serde_json::json;

use crate::{grants, says, start};

fn count(node: &Node) -> u64 {
    let answer = node.json(&["call", "count", "--args", "{}"]);
    answer["structuredContent"]["count"]
        .as_u64()
        .unwrap_or_else(|| panic!("no count: {answer}"))
}

fn mode(node: &Node) -> serde_json::Value {
    node.json(&["extension", "list"])[0]["mode"].clone()
}

#[test]
fn a_singleton_goes_on_counting_after_a_crash_and_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("counter");
    assert_eq!(mode(&node), json!("singleton"));
    assert_eq!([count(&node), count(&node)], [1, 2]);
    let crashed = node.command(&["call", "crash", "--args", "{}"]);
    assert!(!crashed.status.success());
    assert_eq!(count(&node), 3, "what it did before the crash is lost");
    drop(node);
    assert_eq!(count(&start(&folder)), 4);
}

#[test]
fn a_mode_that_is_not_granted_runs_fresh_until_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let counter = extension("counter");
    let report = node.json(&["extension", "install", &counter.to_string_lossy()]);
    assert_eq!(report["mode"], json!("fresh"));
    assert_eq!(report["missing"], json!(["mode=singleton"]));
    assert_eq!([count(&node), count(&node)], [1, 1]);
    says(&node, &["extension", "grant", "counter", "mode=singleton"]);
    assert_eq!(grants(&node, "counter")["missing"], json!([]));
    assert_eq!(mode(&node), json!("singleton"));
    assert_eq!([count(&node), count(&node)], [1, 2]);
    says(&node, &["extension", "revoke", "counter", "mode=singleton"]);
    assert_eq!([count(&node), count(&node)], [1, 1]);
}
