//! How clients reach a node over HTTP and WebSocket, and what outlives its restart.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod sessions;
mod websocket;

use std::path::{Path, PathBuf};

use koi_tests::{Node, NodeBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

const MODERN: &str = "2026-07-28";
const LEGACY: &str = "2025-11-25";
const BOB: &str = "orn:agent.personality:bob/1.0";

fn builder(folder: &TempDir) -> NodeBuilder {
    NodeBuilder::new("node", &data_dir(folder))
}

fn data_dir(folder: &TempDir) -> PathBuf {
    folder.path().join("node")
}

fn initialize() -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": LEGACY,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }})
}

/// Has a personality published.
fn publish_bob(node: &Node, folder: &Path, mood: &str) {
    let object = json!({"rid": BOB, "contents": {"rid": BOB, "traits": [
        {"name": "mood", "description": "How he is", "type": "str", "value": mood}]}});
    let file = folder.join("bob.json");
    std::fs::write(&file, object.to_string()).unwrap();
    let published = node.command(&["publish", &file.to_string_lossy()]);
    assert!(published.status.success(), "{published:?}");
}
