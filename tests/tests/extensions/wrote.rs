//! Each bundle says which extension and revision wrote it, and what a revision wrote can be forgotten.

use koi_tests::{Node, eventually, extension};
use serde_json::{Value, json};

use crate::{says, start};

async fn publish(node: &Node, name: &str) {
    let arguments = json!({"name": name, "description": "d", "format": "csv", "location": "here"});
    let arguments = arguments.to_string();
    says(node, &["call", "publish_dataset", "--args", &arguments]);
    let rid = format!("orn:data.dataset:{name}");
    eventually(&rid, async || node.read(&rid)).await;
}

fn wrote(node: &Node, more: &[&str]) -> Vec<Value> {
    let args = [&["extension", "wrote", "data-catalog"][..], more].concat();
    let answer = node.json(&args);
    answer["wrote"].as_array().unwrap().clone()
}

fn rids(entries: &[Value]) -> Vec<&str> {
    let mut rids: Vec<&str> = entries
        .iter()
        .map(|entry| entry["rid"].as_str().unwrap())
        .collect();
    rids.sort_unstable();
    rids
}

#[tokio::test]
async fn what_an_extension_wrote_is_listed_and_forgotten_by_revision() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let first = node.install("data-catalog");
    publish(&node, "old").await;
    // The same component with other grants is another revision.
    let file = extension("data-catalog");
    let install = ["extension", "install", &file.to_string_lossy()];
    let grant = [
        "--grant",
        "publish=orn:data.dataset",
        "--grant",
        "read=orn:data.schema",
    ];
    let second = node.json(&[&install[..], &grant[..]].concat());
    assert_eq!([&first["revision"], &second["revision"]], [1, 2]);
    publish(&node, "new").await;
    let from_outside = folder.path().join("object.json");
    let object = json!({"rid": "orn:test.note:1", "contents": {"a": 1}}).to_string();
    std::fs::write(&from_outside, object).unwrap();
    says(&node, &["publish", &from_outside.to_string_lossy()]);
    eventually("the note", async || node.read("orn:test.note:1")).await;

    let all = wrote(&node, &[]);
    assert_eq!(rids(&all), ["orn:data.dataset:new", "orn:data.dataset:old"]);
    assert!(all.iter().all(|entry| entry["digest"] == first["digest"]));
    let of_first = wrote(&node, &["--revision", "1"]);
    assert_eq!(rids(&of_first), ["orn:data.dataset:old"]);
    assert_eq!(of_first[0]["revision"], 1);
    let stored = node.read("orn:data.dataset:old").unwrap();
    assert_eq!(stored["written_by"]["extension"], "data-catalog");
    assert!(node.read("orn:test.note:1").unwrap()["written_by"].is_null());

    wrote(&node, &["--revision", "1", "--forget"]);
    eventually("what is left", async || {
        (rids(&wrote(&node, &[])) == ["orn:data.dataset:new"]).then_some(())
    })
    .await;
    assert!(node.read("orn:data.dataset:old").is_none());
    // What is gone itself can still be asked about.
    says(&node, &["extension", "remove", "data-catalog"]);
    let shown = says(&node, &["extension", "wrote", "data-catalog", "--forget"]);
    assert!(
        shown.contains("orn:data.dataset:new") && shown.contains("1 bundles will be forgotten"),
        "{shown}"
    );
    eventually("nothing left", async || {
        wrote(&node, &[]).is_empty().then_some(())
    })
    .await;
    assert!(node.read("orn:test.note:1").is_some());
}
