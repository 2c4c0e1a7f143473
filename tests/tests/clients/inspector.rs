//! The MCP Inspector's command line.

use std::path::Path;
use std::process::Command;

use koi_tests::{Node, program, tool};
use serde_json::Value;

use crate::node;

const PROGRAM: &str =
    "mcp-javascript/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js";

/// Runs one method; what it printed.
fn inspect(home: &Path, server: &[&str], era: &str, method: &[&str]) -> Value {
    let output = Command::new(tool("node/bin/node"))
        .arg(tool(PROGRAM))
        .arg("--cli")
        .args(server)
        .args(["--protocol-era", era, "--format", "json", "--quiet"])
        .arg("--method")
        .args(method)
        // It keeps a catalogue of servers there.
        .env("HOME", home)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{era} {method:?}: {printed}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let printed: Value = serde_json::from_str(&printed)
        .unwrap_or_else(|error| panic!("{era} {method:?}: {error}: {printed}"));
    printed["result"].clone()
}

fn lists_and_calls(node: &Node, home: &Path, server: &[&str], era: &str) {
    let listed = inspect(home, server, era, &["tools/list"]);
    let names: Vec<_> = listed["tools"]
        .as_array()
        .unwrap_or_else(|| panic!("{era}: {listed}"))
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    let of_node = node.json(&["extension", "list"]);
    assert_eq!(of_node[0]["tools"], Value::from(names), "{era}");

    let call = ["tools/call", "--tool-name", "test_custom_header"];
    let call = [&call[..], &["--tool-arg", "region=Basel"]].concat();
    let called = inspect(home, server, era, &call);
    assert_eq!(called["content"][0]["text"], "Basel", "{era}: {called}");
}

#[test]
fn the_inspector_lists_and_calls_in_both_eras() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(&folder);
    let server = [node.mcp_url.as_str(), "--transport", "http"];
    for era in ["modern", "legacy"] {
        lists_and_calls(&node, folder.path(), &server, era);
    }
}

#[test]
fn the_inspector_starts_a_node_on_stdio() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(&folder);
    let (program, data) = (program("koi-mcp"), node.data_dir.to_string_lossy());
    let program = program.to_string_lossy();
    let server = [
        &*program,
        "mcp",
        "--data-dir",
        &data,
        "--transport",
        "stdio",
    ];
    lists_and_calls(&node, folder.path(), &server, "auto");
}
