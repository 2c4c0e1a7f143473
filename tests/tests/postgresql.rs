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

#[tokio::test]
async fn a_node_moves_into_postgresql_and_back_and_is_exported_the_same_from_both() {
    let place = server::settings();
    let folder = tempfile::tempdir().unwrap();
    let data_dir = |name: &str| folder.path().join(name);
    let node = NodeBuilder::new("first", &data_dir("first")).start();
    node.install("echo");
    let note = folder.path().join("note.json");
    let object = json!({ "rid": NOTE, "contents": { "z": 1, "a": 1.50 } });
    std::fs::write(&note, object.to_string()).unwrap();
    node.json(&["publish", &note.to_string_lossy()]);
    let stored = eventually("the note", async || node.read(NOTE)).await;
    assert_eq!(node.process.terminate(), Some(0));

    // Each in a data folder of its own: one time with the file, one time with the server.
    let run = |name: &str, on_server: bool, args: &[&str]| {
        let mut command = std::process::Command::new(koi_tests::program("koi-mcp"));
        command
            .args(args)
            .arg("--data-dir")
            .arg(data_dir(name))
            .current_dir(folder.path());
        if on_server {
            command
                .env("KOI_MCP_STORE__URL", &place.url)
                .env("KOI_MCP_STORE__SCHEMA", place.schema.as_deref().unwrap());
        }
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), output.stdout, told)
    };
    let done = |name: &str, on_server: bool, args: &[&str]| {
        let (success, printed, told) = run(name, on_server, args);
        assert!(success, "{name} {args:?}: {told}");
        printed
    };
    done("first", false, &["export", "first.jsonl"]);
    done("second", true, &["import", "first.jsonl"]);
    let second = done("second", true, &["export"]);
    let first = std::fs::read(folder.path().join("first.jsonl")).unwrap();
    assert!(first == second);
    done("second", true, &["export", "second.jsonl"]);
    done("third", false, &["import", "second.jsonl"]);
    assert!(done("third", false, &["export"]) == first);
    let (success, _, told) = run("second", true, &["backup", "copy"]);
    assert!(!success && told.contains("pg_dump"), "{told}");

    let node = NodeBuilder::new("second", &data_dir("second"))
        .env("KOI_MCP_STORE__URL", &place.url)
        .env("KOI_MCP_STORE__SCHEMA", place.schema.as_deref().unwrap())
        .start();
    assert_eq!(node.read(NOTE), Some(stored));
    let extensions: Value = node.json(&["extension", "list"]);
    assert_eq!(extensions[0]["name"], "echo", "{extensions}");
    let told = node.refusal(&["export", "/nowhere/at/all.jsonl"]);
    assert!(told.contains("cannot write"), "{told}");
}
