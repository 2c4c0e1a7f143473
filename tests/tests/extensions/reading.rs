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

/// Reads the note by MCP, in the schema that the request's `_meta` asks for.
async fn over_mcp(node: &Node, schema: Option<&str>) -> Value {
    let mut meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "reader", "version": "1"},
    });
    if let Some(schema) = schema {
        meta["koi-mcp/schema"] = schema.into();
    }
    let request = json!({
        "jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": NOTE, "_meta": meta},
    });
    let response = reqwest::Client::new()
        .post(&node.mcp_url)
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "resources/read")
        .header("mcp-name", NOTE)
        .json(&request)
        .send();
    response.await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_client_reads_a_bundle_in_the_schema_that_its_request_names() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(&folder, &["handle=orn:journey.note"]).await;
    let text = |answer: &Value| -> Value {
        let text = answer["result"]["contents"][0]["text"].as_str();
        serde_json::from_str(text.unwrap_or_else(|| panic!("{answer}"))).unwrap()
    };
    let stored = over_mcp(&node, None).await;
    assert_eq!(text(&stored), json!({"text": "two words"}));
    let counted = over_mcp(&node, Some(COUNTED)).await;
    assert_eq!(text(&counted), json!({"text": "two words", "words": 2}));
    let refused = over_mcp(&node, Some("journey-note3")).await;
    let told = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(told.contains("journey-note3"), "{refused}");
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
