//! Extensions come into the running node, and go.

use koi_tests::{Guest, McpClient, Mode, Node, Transport, eventually, extension};
use serde_json::json;

use crate::{grants, says, start};

#[test]
fn commands_install_list_and_remove_in_the_running_node() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    assert!(says(&node, &["extension", "list"]).contains("no extension is installed"));
    let echo = extension("echo");
    let report = node.json(&["extension", "install", &echo.to_string_lossy()]);
    assert_eq!(
        (&report["name"], &report["outcome"]),
        (&json!("echo"), &json!("new"))
    );
    assert_eq!(report["tools"], json!(["echo"]));
    let again = node.json(&["extension", "install", &echo.to_string_lossy()]);
    assert_eq!(
        (&again["outcome"], &again["revision"]),
        (&json!("unchanged"), &json!(1))
    );

    let list = node.json(&["extension", "list"]);
    assert_eq!(
        (&list[0]["name"], &list[0]["state"]),
        (&json!("echo"), &json!("active"))
    );
    let table = says(&node, &["extension", "list"]);
    assert!(
        table.starts_with("NAME") && table.contains("echo"),
        "{table}"
    );

    says(&node, &["extension", "remove", "echo"]);
    assert_eq!(node.json(&["extension", "list"]), json!([]));
    let refusal = node.refusal(&["call", "echo", "--args", r#"{"text":"x"}"#]);
    assert!(refusal.contains("no tool \"echo\""), "{refusal}");
    let refusal = node.refusal(&["extension", "remove", "echo"]);
    assert!(
        refusal.contains("no extension `echo` is installed"),
        "{refusal}"
    );
}

/// Puts a component into the drop folder as a person would: not at once.
fn drop_in(node: &Node, name: &str) {
    let folder = node.data_dir.join("extensions");
    let component = std::fs::read(extension(name)).unwrap();
    let (beginning, end) = component.split_at(component.len() / 2);
    let path = folder.join(format!("{name}.wasm"));
    std::fs::write(&path, beginning).unwrap();
    std::fs::write(&path, [beginning, end].concat()).unwrap();
}

#[tokio::test]
async fn what_is_dropped_in_is_installed_without_any_grant_and_goes_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let mut clients = [
        (Mode::Legacy, Transport::Stdio),
        (Mode::Modern, Transport::Http),
    ]
    .map(|way| McpClient::connect(&node, way));
    drop_in(&node, "data-catalog");
    for client in &mut clients {
        client.is_told_of_tool("find_datasets");
        client.ignore_news();
    }
    let catalog = grants(&node, "data-catalog");
    assert_eq!(catalog["grants"], json!([]));
    assert!(
        catalog["missing"]
            .as_array()
            .unwrap()
            .contains(&json!("read=orn:data.dataset")),
        "{catalog}"
    );

    // The denial says what to do, and doing it helps.
    for client in &mut clients {
        let denial = client.failure("find_datasets", &json!({}));
        assert!(
            denial.contains("koi-mcp extension grant data-catalog read=orn:data.dataset"),
            "{denial}"
        );
    }
    says(
        &node,
        &[
            "extension",
            "grant",
            "data-catalog",
            "read=orn:data.dataset",
            "read=orn:data.schema",
        ],
    );
    for client in &mut clients {
        assert_eq!(
            client.call("find_datasets", &json!({})),
            json!({"datasets": []})
        );
    }

    // A second copy of the file changes nothing, and takes no grant away.
    drop_in(&node, "data-catalog");
    std::fs::remove_file(node.data_dir.join("extensions/data-catalog.wasm")).unwrap();
    for client in &mut clients {
        client.is_told_that_tool_is_gone("find_datasets");
    }
    assert_eq!(node.json(&["extension", "list"]), json!([]));
}

#[tokio::test]
async fn what_was_dropped_in_or_taken_out_while_no_node_ran_is_noticed_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let data_dir = node.data_dir.clone();
    assert_eq!(node.process.terminate(), Some(0));
    let file = data_dir.join("extensions/echo.wasm");
    std::fs::copy(extension("echo"), &file).unwrap();
    let node = start(&folder);
    eventually("echo installed", async || {
        (node.json(&["extension", "list"])[0]["name"] == "echo").then_some(())
    })
    .await;
    assert_eq!(node.process.terminate(), Some(0));
    std::fs::remove_file(file).unwrap();
    let node = start(&folder);
    eventually("echo removed", async || {
        (node.json(&["extension", "list"]) == json!([])).then_some(())
    })
    .await;
}

#[tokio::test]
async fn two_extensions_cannot_own_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("echo");
    let rival = Guest {
        tools: Guest::named("echo").tools,
        ..Guest::named("rival")
    };
    let file = folder.path().join("rival.wasm");
    std::fs::write(&file, rival.bytes()).unwrap();
    let refusal = node.refusal(&["extension", "install", &file.to_string_lossy()]);
    assert!(
        refusal.contains("echo") && refusal.contains("rival"),
        "{refusal}"
    );
    assert_eq!(
        node.json(&["extension", "list"]).as_array().unwrap().len(),
        1
    );
}
