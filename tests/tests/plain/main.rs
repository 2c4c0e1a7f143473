//! Components that were written for other hosts: their functions are tools of the running node.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod names;

use std::io::{Read, Write};
use std::net::TcpListener;

use koi_tests::{McpClient, Mode, Node, NodeBuilder, Transport, extension};
use serde_json::{Value, json};
use tempfile::TempDir;

fn start(folder: &TempDir) -> Node {
    NodeBuilder::new("node", &folder.path().join("node")).start()
}

fn install(node: &Node, component: &str) -> Value {
    let file = extension(component);
    node.json(&["extension", "install", &file.to_string_lossy()])
}

#[tokio::test]
async fn a_time_server_in_javascript_tells_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let report = install(&node, "plain-time");
    assert_eq!(report["name"], "time-server");
    assert_eq!(report["tools"], json!(["time_get-current-time"]));
    let mut client = McpClient::connect(&node, (Mode::Auto, Transport::Http));
    let answer = client.call("time_get-current-time", &json!({}));
    let now = answer["result"].as_str().unwrap();
    assert!(now.starts_with("20") && now.ends_with('Z'), "{now}");
}

#[tokio::test]
async fn a_calculator_in_python_takes_and_gives_typed_values() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let report = install(&node, "plain-calculator");
    assert_eq!(report["name"], "calculator");
    assert_eq!(report["version"], "0.1.0");
    let mut client = McpClient::connect(&node, (Mode::Auto, Transport::Http));
    let tool = client.tool("calculate_eval-expression");
    let operations = &tool["inputSchema"]["properties"]["op"]["enum"];
    assert_eq!(
        *operations,
        json!(["add", "subtract", "multiply", "divide"])
    );

    let eval = |op: &str, x: Value, y: Value| json!({"op": op, "x": x, "y": y});
    let tool = "calculate_eval-expression";
    let product = client.call(tool, &eval("multiply", json!(6), json!(7)));
    assert_eq!(product, json!({"result": 42}));
    // What JSON's numbers do not say exactly in every program is text.
    let sum = client.call(tool, &eval("add", json!("9007199254740993"), json!(0)));
    assert_eq!(sum, json!({"result": "9007199254740993"}));
    let failure = client.failure(tool, &eval("divide", json!(1), json!(0)));
    assert!(failure.contains("nothing is divided by 0"), "{failure}");
    let misfit = client.failure(tool, &eval("power", json!(1), json!(0)));
    assert!(misfit.contains("op"), "{misfit}");

    let steps = json!({"start": 5, "steps": [{"op": "add", "by": 7}, {"op": "divide", "by": 3}]});
    assert_eq!(
        client.call("calculate_eval-steps", &steps),
        json!({"result": [4, ["add", "divide"]]})
    );
}

/// Answers each request with the same page.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 8192]);
            let _ = stream.write_all(
                b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello",
            );
        }
    });
    port
}

#[tokio::test]
async fn a_component_that_fetches_is_denied_until_its_operator_grants_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let report = install(&node, "fetch");
    // It exports no package: its name is its file's.
    assert_eq!(report["name"], "fetch");
    let missing = report["missing"].as_array().unwrap();
    assert!(
        missing.contains(&json!("http=*:https://*:*")),
        "{missing:?}"
    );

    let origin = format!("http://127.0.0.1:{}", server());
    let page = json!({"url": format!("{origin}/page")});
    let mut client = McpClient::connect(&node, (Mode::Auto, Transport::Http));
    let denial = client.failure("fetch", &page);
    let command = format!("koi-mcp extension grant fetch http=GET:{origin}");
    assert!(denial.contains(&command), "{denial}");

    let grant = format!("http=GET:{origin}");
    node.json(&["extension", "grant", "fetch", &grant]);
    assert_eq!(client.call("fetch", &page), json!({"result": "hello"}));
}

#[tokio::test]
async fn a_plain_component_answers_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let file = extension("fetch");
    let file = file.to_string_lossy();
    let named = node.json(&["extension", "install", &file, "--name", "pages"]);
    assert_eq!(named["name"], "pages");
    assert_eq!(node.process.terminate(), Some(0));

    let node = start(&folder);
    let list = node.json(&["extension", "list"]);
    assert_eq!(list[0]["name"], "pages");
    let mut client = McpClient::connect(&node, (Mode::Auto, Transport::Http));
    let failure = client.failure("fetch", &json!({"url": "nowhere"}));
    assert!(failure.contains("no URL"), "{failure}");
}
