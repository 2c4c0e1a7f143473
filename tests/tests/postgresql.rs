//! A node whose store is a PostgreSQL server.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use koi_tests::{NodeBuilder, eventually};
use serde_json::{Value, json};

mod postgres {
    pub use koi_store::postgres::Settings;
}

// The store's own tests start it in the same way; the tests of another crate cannot be depended on.
#[allow(dead_code, reason = "this needs only some of it")]
#[path = "../../host/store/src/tests/server.rs"]
mod server;

const NOTE: &str = "orn:test.note:kept";

#[tokio::test]
async fn a_node_keeps_what_it_knows_in_postgresql_and_shares_it_with_no_other_node() {
    let place = server::settings();
    let folder = tempfile::tempdir().unwrap();
    let node = |name: &str| {
        NodeBuilder::new(name, &folder.path().join(name))
            .env("KOI_MCP_STORE__URL", &place.url)
            .env("KOI_MCP_STORE__SCHEMA", place.schema.as_deref().unwrap())
    };
    let first = node("first").start();
    first.install("echo");
    let note = folder.path().join("note.json");
    std::fs::write(
        &note,
        json!({ "rid": NOTE, "contents": { "z": 1, "a": 1.50 } }).to_string(),
    )
    .unwrap();
    let note = note.to_string_lossy().into_owned();
    first.json(&["publish", &note]);
    let stored = eventually("the note", async || first.read(NOTE)).await;
    assert!(!folder.path().join("first/koi.sqlite").exists());

    let told = node("second").refusal();
    assert!(told.contains("in use by another node"), "{told}");

    first.process.kill();
    let again = node("first").start();
    assert_eq!(again.read(NOTE), Some(stored));
    let extensions: Value = again.json(&["extension", "list"]);
    assert_eq!(extensions[0]["name"], "echo", "{extensions}");
    assert_eq!(again.process.terminate(), Some(0));
}
