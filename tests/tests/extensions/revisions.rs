//! Revisions: replaced, compared, gone back to, held until they are approved.

use std::path::Path;

use koi_tests::{Guest, Node, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{says, start};

/// A component `worker` of a version, with tools of these names, that asks for these capabilities.
fn worker(version: &str, tools: &[&str], asks: &[&str]) -> Guest {
    let tools: Vec<Value> = tools
        .iter()
        .map(|name| {
            json!({"name": name, "description": "A tool", "inputSchema": {"type": "object"}})
        })
        .collect();
    let asks = json!({"capabilities": asks});
    Guest {
        description: json!({"name": "worker", "version": version, "asks": asks}).to_string(),
        tools: Value::from(tools).to_string(),
        ..Guest::named("worker")
    }
}

fn write(guest: &Guest, file: &Path) -> String {
    std::fs::write(file, guest.bytes()).unwrap();
    file.to_string_lossy().into_owned()
}

/// What serves, as the list has it.
fn serving(node: &Node) -> Value {
    node.json(&["extension", "list"])[0].clone()
}

/// A node with two revisions, and the file of each.
fn with_two(folder: &TempDir) -> (Node, [String; 2]) {
    let node = start(folder);
    let first = worker("1.0.0", &["work"], &[]);
    let second = worker("2.0.0", &["work", "rest"], &[]);
    let first = write(&first, &folder.path().join("first.wasm"));
    let second = write(&second, &folder.path().join("second.wasm"));
    node.json(&["extension", "install", &first]);
    let report = node.json(&["extension", "install", &second]);
    assert_eq!(report["outcome"], "replaced");
    let swap = &report["swap"];
    assert_eq!(swap["from"], json!({"revision": 1, "version": "1.0.0"}));
    assert_eq!(swap["to"], json!({"revision": 2, "version": "2.0.0"}));
    assert_eq!(swap["tools"]["added"], json!(["rest"]));
    (node, [first, second])
}

#[test]
fn an_earlier_revision_serves_again_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (node, _) = with_two(&folder);
    let revisions = node.json(&["extension", "revisions", "worker"]);
    let roles: Vec<_> = revisions.as_array().unwrap().iter().collect();
    let roles: Vec<_> = roles.iter().map(|one| one["role"].clone()).collect();
    assert_eq!(roles, [Value::Null, json!("serving")]);
    assert_eq!(revisions[0]["installed-by"], "operator");

    let told = says(&node, &["extension", "revert", "worker"]);
    assert!(
        told.contains("worker 1.0.0 serves again as revision 1"),
        "{told}"
    );
    assert!(told.contains("tools gone  rest"), "{told}");
    assert_eq!(serving(&node)["tools"], json!(["work"]));
    let refusal = node.refusal(&["call", "rest"]);
    assert!(refusal.contains("no tool \"rest\""), "{refusal}");
    let refusal = node.refusal(&["extension", "revert", "worker"]);
    assert!(refusal.contains("before 1"), "{refusal}");
    assert_eq!(node.process.terminate(), Some(0));

    let node = start(&folder);
    assert_eq!(serving(&node)["revision"], 1);
    says(
        &node,
        &[
            "extension",
            "deprecate",
            "worker",
            "1",
            "--reason",
            "it leaks",
        ],
    );
    says(&node, &["extension", "pin", "worker", "1"]);
    let list = says(&node, &["extension", "list"]);
    assert!(list.contains("active, deprecated: it leaks"), "{list}");
    let table = says(&node, &["extension", "revisions", "worker"]);
    assert!(table.contains("pinned; deprecated: it leaks"), "{table}");
    let forward = node.json(&["extension", "revert", "worker", "--to", "2"]);
    assert_eq!(forward["revision"], 2);
    let audit = says(&node, &["audit", "--extension", "worker"]);
    for action in ["install", "activate", "deprecate", "pin"] {
        assert!(audit.contains(action), "{action}: {audit}");
    }
}

#[test]
fn revisions_and_components_are_compared_before_anything_is_installed() {
    let folder = tempfile::tempdir().unwrap();
    let (node, [first, _]) = with_two(&folder);
    let diff = node.json(&["extension", "diff", "worker", "1"]);
    assert_eq!(diff["tools"]["added"], json!(["rest"]));
    assert_eq!(
        (&diff["from"]["revision"], &diff["to"]["revision"]),
        (&json!(1), &json!(2))
    );
    let told = says(&node, &["extension", "diff", "worker", "2", "1"]);
    assert!(told.contains("removed") && told.contains("rest"), "{told}");

    let of_file = node.json(&["extension", "diff", "--file", &first]);
    assert_eq!(of_file["tools"]["removed"], json!(["rest"]));
    let more = worker("3.0.0", &["work", "rest"], &["network"]);
    let more = write(&more, &folder.path().join("more.wasm"));
    let of_file = node.json(&["extension", "diff", "--file", &more]);
    assert_eq!(
        of_file["capabilities"],
        json!({"more": ["capability=network"], "less": []})
    );
    let revisions = node.json(&["extension", "revisions", "worker"]);
    assert_eq!(revisions.as_array().unwrap().len(), 2);

    let seen = node.json(&["extension", "inspect", "worker"]);
    assert_eq!(
        (&seen["revision"], &seen["role"]),
        (&json!(2), &json!("serving"))
    );
    let imports = seen["imports"].as_array().unwrap();
    assert!(
        imports.contains(&json!("koi:extension/knowledge@0.1.0")),
        "{seen}"
    );
    let told = says(&node, &["extension", "inspect", "worker", "1"]);
    assert!(told.contains("work") && !told.contains("rest"), "{told}");
    let refusal = node.refusal(&["extension", "inspect", "worker", "7"]);
    assert!(refusal.contains("it has: 1, 2"), "{refusal}");
    let refusal = node.refusal(&["extension", "revisions", "nobody"]);
    assert!(refusal.contains("no extension `nobody`"), "{refusal}");
}

#[test]
fn what_wants_more_is_held_until_an_operator_approves_or_rejects_it() {
    let folder = tempfile::tempdir().unwrap();
    let (node, _) = with_two(&folder);
    let more = worker("3.0.0", &["work"], &["network"]);
    let more = write(&more, &folder.path().join("more.wasm"));
    let told = says(&node, &["extension", "install", &more]);
    for part in [
        "worker 3.0.0 is held as revision 3",
        "capability=network",
        "koi-mcp extension approve worker --grant-asked",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(serving(&node)["revision"], 2);
    let list = says(&node, &["extension", "list"]);
    assert!(list.contains("koi-mcp extension approve worker"), "{list}");
    let rejected = node.json(&["extension", "reject", "worker"]);
    assert_eq!(rejected["rejected"], 3);
    let refusal = node.refusal(&["extension", "approve", "worker"]);
    assert!(
        refusal.contains("no revision of worker is held"),
        "{refusal}"
    );

    node.json(&["extension", "install", &more]);
    assert_eq!(node.process.terminate(), Some(0));
    let node = start(&folder);
    assert_eq!(serving(&node)["held"]["revision"], 4);
    let report = node.json(&["extension", "approve", "worker", "--grant-asked"]);
    assert_eq!(report["grants"], json!(["capability=network"]));
    let serving = serving(&node);
    assert_eq!(
        (&serving["revision"], &serving["held"]),
        (&json!(4), &Value::Null)
    );
}

#[tokio::test]
async fn what_is_dropped_in_and_wants_more_than_before_is_held_too() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let file = node.data_dir.join("extensions/worker.wasm");
    write(&worker("1.0.0", &["work"], &[]), &file);
    eventually("the first", async || {
        let list = node.json(&["extension", "list"]);
        (list[0]["revision"] == 1).then_some(())
    })
    .await;
    write(&worker("2.0.0", &["work"], &["network"]), &file);
    eventually("the held one", async || {
        (serving(&node)["held"]["wants"] == json!(["capability=network"])).then_some(())
    })
    .await;
    assert_eq!(serving(&node)["revision"], 1);
    let log = node.log();
    let command = "koi-mcp extension approve worker --grant-asked";
    assert!(log.contains(command), "{log}");
}
