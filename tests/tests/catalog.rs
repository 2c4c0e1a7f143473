//! What a node shows where: views, the dispatcher, plain HTTP routes, prefixes of names. With real
//! clients, and somebody else's validator for the OpenAPI document.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::process::Command;

use koi_tests::{Guest, McpClient, Mode, Node, NodeBuilder, tool};
use serde_json::{Value, json};
use tempfile::TempDir;

const MODES: [Mode; 3] = [Mode::Auto, Mode::Legacy, Mode::Modern];

fn start(folder: &TempDir) -> Node {
    NodeBuilder::new("node", &folder.path().join("node")).start()
}

/// A node with a glossary and an echo, configured so.
fn configured(folder: &TempDir, config: &str) -> Node {
    std::fs::write(folder.path().join("koi-mcp.toml"), config).unwrap();
    let node = start(folder);
    node.install("echo");
    node.install("first-extension");
    node
}

/// A guest of that name with a tool `echo`, as a file.
fn rival(folder: &TempDir, name: &str) -> String {
    let rival = Guest {
        tools: Guest::named("echo").tools,
        ..Guest::named(name)
    };
    let file = folder.path().join(format!("{name}.wasm"));
    std::fs::write(&file, rival.bytes()).unwrap();
    file.to_string_lossy().into_owned()
}

#[test]
fn clients_of_both_eras_see_of_a_view_what_it_shows() {
    let folder = tempfile::tempdir().unwrap();
    let node = configured(
        &folder,
        "[mcp.views.words]\nextensions = [\"glossary\"]\ntools = [\"look_*\"]\n",
    );
    let words = format!("{}/words", node.mcp_url);
    for mode in MODES {
        let mut view = McpClient::at(&words, mode);
        assert_eq!(view.tools(), ["look_up_term"], "{mode:?}");
        let refused = view.try_call("echo", &json!({"text": "a"})).unwrap_err();
        assert_eq!(refused.code, -32602, "{mode:?}");
        let all = McpClient::at(&node.mcp_url, mode).tools();
        assert_eq!(all, ["define_term", "echo", "look_up_term"], "{mode:?}");
    }
}

#[test]
fn clients_of_both_eras_find_and_call_tools_that_came_after_they_connected() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[mcp]\ndispatcher = true\n";
    std::fs::write(folder.path().join("koi-mcp.toml"), config).unwrap();
    let node = start(&folder);
    let mut clients = MODES.map(|mode| McpClient::at(&node.mcp_url, mode));
    for client in &mut clients {
        assert_eq!(
            client.tools(),
            ["call_tool", "describe_tool", "search_tools"]
        );
    }
    node.install("echo");
    node.install("first-extension");
    for client in &mut clients {
        let query = json!({"query": "what does this word mean?"});
        let found = client.call("search_tools", &query);
        let names: Vec<&Value> = found["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|of| &of["name"])
            .collect();
        assert!(names.contains(&&json!("look_up_term")), "{found}");
        let described = client.call("describe_tool", &json!({"name": "echo"}));
        assert_eq!(described["inputSchema"]["required"], json!(["text"]));
        let call = json!({"name": "echo", "arguments": {"text": "hello"}});
        assert_eq!(client.call("call_tool", &call), json!({"text": "hello"}));
        let misfit = client.failure("call_tool", &json!({"name": "echo"}));
        assert!(misfit.contains("text"), "{misfit}");
    }
}

#[test]
fn a_view_that_makes_no_sense_is_named_before_the_node_starts() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[mcp.views.words]\ntools = [\"look up\"]\n";
    std::fs::write(folder.path().join("koi-mcp.toml"), config).unwrap();
    let refused = Command::new(koi_tests::program("koi-mcp"))
        .args(["serve", "--data-dir", "node"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    for part in [
        "koi-mcp.toml",
        "mcp.views.words.tools",
        "expected",
        "look up",
    ] {
        assert!(told.contains(part), "{told}");
    }
}

#[tokio::test]
async fn tools_are_called_over_plain_http_as_the_openapi_document_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("echo");
    let base = node.mcp_url.strip_suffix("/mcp").unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = json!({"text": "hello", "_agent_id": "api_agent", "_session_id": "session123"});
    let called = http.post(format!("{base}/tools/echo")).json(&body).send();
    let answer: Value = called.await.unwrap().json().await.unwrap();
    assert_eq!(answer["structuredContent"], json!({"text": "hello"}));
    assert_eq!(answer["_agent_id"], "api_agent");
    let got = http.get(format!("{base}/tools/call/echo?text=hi")).send();
    let answer: Value = got.await.unwrap().json().await.unwrap();
    assert_eq!(answer["structuredContent"], json!({"text": "hi"}));

    let document = http
        .get(format!("{base}/openapi.json"))
        .send()
        .await
        .unwrap();
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, document.text().await.unwrap()).unwrap();
    let validated = Command::new(tool("openapi/bin/openapi-spec-validator"))
        .args(["--schema", "3.1"])
        .arg(&file)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&validated.stdout).into_owned();
    assert!(validated.status.success(), "{told}");
    // It is one that refuses.
    std::fs::write(
        &file,
        r#"{"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": 1}}}}"#,
    )
    .unwrap();
    let refused = Command::new(tool("openapi/bin/openapi-spec-validator"))
        .arg(&file)
        .output()
        .unwrap();
    assert!(!refused.status.success());
}

#[test]
fn a_prefix_resolves_a_collision_and_outlives_restarts_and_new_revisions() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("echo");
    let file = rival(&folder, "rival");
    let refusal = node.refusal(&["extension", "install", &file]);
    for part in ["echo", "rival", "tool `echo`", "--prefix"] {
        assert!(refusal.contains(part), "{refusal}");
    }
    let report = node.json(&["extension", "install", &file, "--prefix", "second_"]);
    assert_eq!(report["tools"], json!(["second_echo"]));
    // The guest answers with its arguments; that it was called under its own name, the registry's
    // tests say.
    let listed = node.json(&["extension", "list"]);
    assert_eq!(listed[1]["tool-prefix"], "second_");
    let table = node.command(&["extension", "list"]).stdout;
    let table = String::from_utf8(table).unwrap();
    assert!(
        table.contains("PREFIX") && table.contains("second_"),
        "{table}"
    );
    let long = "p".repeat(62);
    let refusal = node.refusal(&["extension", "install", &file, "--prefix", &long]);
    for part in [&*long, "`echo`", "66", "64"] {
        assert!(refusal.contains(part), "{refusal}");
    }
    let refusal = node.refusal(&["extension", "install", &file, "--prefix", "a.b"]);
    assert!(
        refusal.contains("`a.b`") && refusal.contains("letters"),
        "{refusal}"
    );
    // Another component of the same name, and another run of the node.
    let newer = Guest {
        description: r#"{"name":"rival","version":"2.0.0"}"#.to_owned(),
        tools: Guest::named("echo").tools,
        ..Guest::named("rival")
    };
    std::fs::write(&file, newer.bytes()).unwrap();
    let report = node.json(&["extension", "install", &file]);
    assert_eq!(
        (&report["revision"], &report["tools"]),
        (&json!(2), &json!(["second_echo"]))
    );
    drop(node);
    let node = start(&folder);
    let mut client = McpClient::at(&node.mcp_url, Mode::Modern);
    assert_eq!(client.tools(), ["echo", "second_echo"]);
    assert_eq!(
        client.call("echo", &json!({"text": "a"})),
        json!({"text": "a"})
    );
}
