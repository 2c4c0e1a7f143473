//! Agents install, revert and remove extensions where their operator lets them, and gain no rights by it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use koi_tests::{McpClient, Mode, Node, NodeBuilder, guest};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::grants;

const TOOLS: [&str; 4] = [
    "koi_extension_install",
    "koi_extension_list",
    "koi_extension_remove",
    "koi_extension_revert",
];

fn configured(folder: &TempDir, config: &str) -> Node {
    std::fs::write(folder.path().join("koi-mcp.toml"), config).unwrap();
    NodeBuilder::new("node", &folder.path().join("node")).start()
}

fn component(name: &str) -> Value {
    json!({ "component": STANDARD.encode(guest(name)) })
}

#[test]
fn the_tools_are_there_only_where_they_are_switched_on() {
    let folder = tempfile::tempdir().unwrap();
    let node = configured(&folder, "[mcp.views.ops]\nmanage_extensions = true\n");
    for mode in [Mode::Legacy, Mode::Modern] {
        let mut all = McpClient::at(&node.mcp_url, mode);
        assert!(all.tools().is_empty());
        let refused = all.try_call("koi_extension_list", &json!({})).unwrap_err();
        assert_eq!(refused.code, -32602, "{mode:?}");
        let mut ops = McpClient::at(&format!("{}/ops", node.mcp_url), mode);
        assert_eq!(ops.tools(), TOOLS);
        let listed = ops.call("koi_extension_list", &json!({}));
        assert_eq!(listed, json!({ "extensions": [] }));
    }
    assert!(node.log().contains("may install extensions"));
}

#[test]
fn an_agent_installs_an_extension_without_any_grant_and_removes_it() {
    let folder = tempfile::tempdir().unwrap();
    let node = configured(&folder, "[mcp]\nmanage_extensions = true\n");
    let mut client = McpClient::at(&node.mcp_url, Mode::Modern);
    let report = client.call("koi_extension_install", &component("data-catalog"));
    assert_eq!(
        (&report["name"], &report["outcome"], &report["grants"]),
        (&json!("data-catalog"), &json!("new"), &json!([]))
    );
    client.is_told_of_tool("find_datasets");
    assert_eq!(grants(&node, "data-catalog")["granted"], json!([]));

    // What an extension was granted it keeps, and no more.
    let granted = [
        "extension",
        "grant",
        "data-catalog",
        "read=orn:data.dataset",
    ];
    node.json(&granted);
    let before = grants(&node, "data-catalog");
    client.call("koi_extension_install", &component("data-catalog"));
    assert_eq!(grants(&node, "data-catalog"), before);

    let first = client.failure(
        "koi_extension_revert",
        &json!({"name": "data-catalog", "revision": 99}),
    );
    assert!(first.contains("99"), "{first}");
    client.call("koi_extension_remove", &json!({"name": "data-catalog"}));
    client.is_told_that_tool_is_gone("find_datasets");
    let audit = node.json(&["audit", "--extension", "data-catalog"]);
    let entries = audit.as_array().or(audit["entries"].as_array()).unwrap();
    let by_agent = entries.iter().filter(|entry| entry["who"] == "mcp");
    assert_eq!(by_agent.count(), 2, "{audit}");
}

#[test]
fn what_an_agent_cannot_have_is_a_failure_that_it_reads() {
    let folder = tempfile::tempdir().unwrap();
    let node = configured(&folder, "[mcp]\nmanage_extensions = true\n");
    let mut client = McpClient::at(&node.mcp_url, Mode::Modern);
    for (tool, arguments, part) in [
        ("koi_extension_install", json!({}), "either"),
        (
            "koi_extension_install",
            json!({"component": "AAAA"}),
            "not WebAssembly",
        ),
        ("koi_extension_install", json!({"component": "ä"}), "base64"),
        (
            "koi_extension_install",
            json!({"reference": "/etc/passwd"}),
            "oci://",
        ),
        ("koi_extension_install", json!({"grant": "all"}), "grant"),
        ("koi_extension_remove", json!({"name": "nobody"}), "nobody"),
        ("koi_extension_remove", json!({}), "name"),
        ("koi_extension_revert", json!({"name": "nobody"}), "nobody"),
        ("koi_extension_list", json!({"all": true}), "all"),
    ] {
        let told = client.failure(tool, &arguments);
        assert!(told.contains(part), "{tool} {arguments}: {told}");
    }
}
