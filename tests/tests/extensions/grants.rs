//! An extension may do what it was granted, and nothing else.

use koi_tests::{eventually, extension};
use serde_json::{Value, json};

use crate::{grants, says, start};

#[tokio::test]
async fn grants_are_given_and_taken_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let file = extension("data-catalog");
    let file = file.to_string_lossy();
    let report = node.json(&[
        "extension",
        "install",
        &file,
        "--grant",
        "read=orn:data.schema",
    ]);
    assert_eq!(report["grants"], json!(["read=orn:data.schema"]));

    let publish = [
        "call",
        "publish_dataset",
        "--args",
        r#"{"name":"n","description":"d","format":"csv","location":"here"}"#,
    ];
    let denial = node.refusal(&publish);
    assert!(
        denial.contains("koi-mcp extension grant data-catalog publish=orn:data.dataset"),
        "{denial}"
    );
    says(
        &node,
        &[
            "extension",
            "grant",
            "data-catalog",
            "publish=orn:data.dataset",
        ],
    );
    says(&node, &publish);
    eventually("the dataset", async || node.read("orn:data.dataset:n")).await;

    says(
        &node,
        &[
            "extension",
            "revoke",
            "data-catalog",
            "publish=orn:data.dataset",
        ],
    );
    assert_eq!(node.refusal(&publish), denial);
    assert_eq!(
        grants(&node, "data-catalog")["granted"],
        json!(["read=orn:data.schema"])
    );
    let refusal = node.refusal(&[
        "extension",
        "revoke",
        "data-catalog",
        "forget=orn:data.dataset",
    ]);
    assert!(
        refusal.contains("was not granted forget=orn:data.dataset"),
        "{refusal}"
    );
    let refusal = node.refusal(&[
        "extension",
        "grant",
        "data-catalog",
        "write=orn:data.dataset",
    ]);
    assert!(
        refusal.contains("`write=orn:data.dataset` is no grant"),
        "{refusal}"
    );

    // What is granted covers what a pattern says, and no more.
    says(
        &node,
        &[
            "extension",
            "grant",
            "data-catalog",
            "publish=orn:data.dataset:sales/*",
        ],
    );
    assert!(node.refusal(&publish).contains("publish=orn:data.dataset"));
    let sales = [
        "call",
        "publish_dataset",
        "--args",
        r#"{"path":"sales/n","name":"n","description":"d","format":"csv","location":"here"}"#,
    ];
    says(&node, &sales);
}

#[tokio::test]
async fn an_extension_that_was_not_granted_to_handle_sees_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let file = extension("data-catalog");
    node.json(&["extension", "install", &file.to_string_lossy()]);
    let doubled = json!({"rid": "orn:data.schema:doubled", "contents": {"name": "doubled", "fields": [
        {"name": "id", "type": "string"}, {"name": "id", "type": "int"}]}});
    let object = folder.path().join("object.json");
    std::fs::write(&object, doubled.to_string()).unwrap();
    let publish = ["publish", &object.to_string_lossy()];
    // Its handler would have refused it; its schema, which the host applies, does not.
    says(&node, &publish);
    eventually("the schema", async || node.read("orn:data.schema:doubled")).await;
    assert_eq!(node.dead_letters(), Vec::<Value>::new());
}
