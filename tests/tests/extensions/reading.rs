//! Bundles are read in another schema than that in which they are stored.

use koi_tests::{Node, eventually, extension};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{says, start};

const NOTE: &str = "orn:journey.note:one";
const COUNTED: &str = "journey-note2";

async fn node(folder: &TempDir, grants: &[&str]) -> Node {
    let node = start(folder);
    let file = extension("journey");
    let file = file.to_string_lossy();
    let mut args = vec!["extension", "install", &file];
    for grant in grants {
        args.extend(["--grant", grant]);
    }
    node.json(&args);
    let note = folder.path().join("note.json");
    let object = json!({"rid": NOTE, "contents": {"text": "two words"}});
    std::fs::write(&note, object.to_string()).unwrap();
    says(&node, &["publish", &note.to_string_lossy()]);
    eventually("the note", async || node.read(NOTE)).await;
    node
}

async fn over_http(node: &Node, query: &str) -> (u16, Value) {
    let url = node.mcp_url.replace("/mcp", "/resources/read/");
    let response = reqwest::get(format!("{url}{NOTE}{query}")).await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

#[tokio::test]
async fn an_operator_and_an_http_client_read_a_bundle_through_a_transform() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(&folder, &["handle=orn:journey.note"]).await;
    let counted = json!({"text": "two words", "words": 2});
    let read = node.json(&["read", NOTE, "--as", COUNTED]);
    assert_eq!(read["contents"], counted);
    let stored = node.json(&["read", NOTE]);
    assert_eq!(read["manifest"], stored["manifest"]);
    let (status, read) = over_http(&node, &format!("?schema={COUNTED}")).await;
    assert_eq!((status, &read["content"]), (200, &counted));

    let told = node.refusal(&["read", NOTE, "--as", "journey-note3"]);
    assert!(
        told.contains("no extension has a schema `journey-note3`"),
        "{told}"
    );
    let (status, told) = over_http(&node, "?schema=journey-note3").await;
    assert_eq!(status, 422, "{told}");
}

#[tokio::test]
async fn a_transform_is_not_shown_what_its_extension_may_not_handle() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(&folder, &[]).await;
    let told = node.refusal(&["read", NOTE, "--as", COUNTED]);
    assert!(
        told.contains("extension grant journey handle=orn:journey.note"),
        "{told}"
    );
}
