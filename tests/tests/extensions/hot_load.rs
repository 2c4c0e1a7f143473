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

fn installed(node: &Node) -> Vec<String> {
    let list = node.json(&["extension", "list"]);
    let names = list.as_array().unwrap().iter();
    names
        .map(|extension| extension["name"].as_str().unwrap().to_owned())
        .collect()
}

/// The same, until it is installed.
async fn drop_in_and_wait(node: &Node, name: &str) {
    let before = installed(node).len();
    drop_in(node, name);
    eventually(&format!("{name} installed"), async || {
        (installed(node).len() > before).then_some(())
    })
    .await;
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
    assert_eq!(catalog["granted"], json!([]));
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

    // A second copy of the file changes nothing, and takes no grant away. What comes after it is
    // installed after it.
    let granted = grants(&node, "data-catalog");
    drop_in(&node, "data-catalog");
    drop_in_and_wait(&node, "echo").await;
    assert_eq!(grants(&node, "data-catalog"), granted);
    std::fs::remove_file(node.data_dir.join("extensions/data-catalog.wasm")).unwrap();
    for client in &mut clients {
        client.is_told_that_tool_is_gone("find_datasets");
    }
    assert_eq!(installed(&node), ["echo"]);
}

#[tokio::test]
async fn an_operator_has_the_last_word_on_what_was_dropped_in() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    drop_in_and_wait(&node, "echo").await;
    says(&node, &["extension", "remove", "echo"]);
    let other = node.data_dir.join("extensions/echo.wasm");
    drop_in_and_wait(&node, "first-extension").await;
    assert_eq!(installed(&node), ["glossary"]);

    // A new file is a new decision.
    std::fs::remove_file(other).unwrap();
    drop_in_and_wait(&node, "echo").await;
    assert_eq!(installed(&node), ["echo", "glossary"]);
}

#[tokio::test]
async fn a_file_that_is_dropped_in_replaces_no_extension_of_the_operators() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("data-catalog");
    let before = node.json(&["extension", "list"]);
    let impostor = Guest::named("data-catalog");
    let file = node.data_dir.join("extensions/impostor.wasm");
    std::fs::write(&file, impostor.bytes()).unwrap();
    eventually("the refusal in the log", async || {
        let log = node.log();
        let about = |line: &str| line.contains("impostor.wasm") && line.contains("remove it first");
        log.lines().any(about).then_some(())
    })
    .await;
    assert_eq!(node.json(&["extension", "list"]), before);
    std::fs::remove_file(file).unwrap();
    drop_in_and_wait(&node, "echo").await;
    assert_eq!(installed(&node), ["data-catalog", "echo"]);
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
