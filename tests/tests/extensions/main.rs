//! Extensions come into a running node and go again, and do what they were granted.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod drop_folder;
mod feed;
mod grants;
mod guests;
mod handover;
mod hot_load;
mod jobs;
mod limits;
mod managed;
mod modes;
mod reach;
mod reading;
mod replay;
mod revisions;
mod secrets;
mod versions;
mod wrote;

use koi_tests::{Node, NodeBuilder};
use serde_json::Value;
use tempfile::TempDir;

fn start(folder: &TempDir) -> Node {
    NodeBuilder::new("node", &folder.path().join("node")).start()
}

fn says(node: &Node, args: &[&str]) -> String {
    let output = node.command(args);
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn grants(node: &Node, name: &str) -> Value {
    node.json(&["extension", "grants", name])
}
