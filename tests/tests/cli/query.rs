//! Stored knowledge is asked for by its contents and in an order.

use koi_tests::{Guest, Node, eventually};
use serde_json::{Value, json};

use crate::{start, write};

#[tokio::test]
async fn bundles_are_listed_by_contents_and_in_an_order() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let objects: Vec<_> = (1..=3)
        .map(|n| json!({"rid": format!("orn:test.note:{n}"), "contents": {"n": n, "odd": n % 2 == 1}}))
        .collect();
    let file = write(&folder, "objects.json", &json!(objects).to_string());
    assert!(node.command(&["publish", &file]).status.success());
    for n in 1..=3 {
        let rid = format!("orn:test.note:{n}");
        eventually(&rid, async || node.read(&rid)).await;
    }
    let found = |more: &[&str]| {
        let answer = node.json(&[&["query", "orn:test.note"][..], more].concat());
        let bundles = answer.as_array().unwrap().iter();
        let numbers = bundles.map(|bundle| bundle["contents"]["n"].as_u64().unwrap());
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(found(&[]), [1, 2, 3]);
    assert_eq!(found(&["--order=-rid", "--limit", "2"]), [3, 2]);
    assert_eq!(found(&["--order", "-rid"]), [3, 2, 1]);
    let odd = r#"{"path": "/odd", "eq": true}"#;
    assert_eq!(found(&["--filter", odd]), [1, 3]);
    let late = r#"{"all": [{"path": "/odd", "eq": true}, {"path": "/n", "gt": 1}]}"#;
    assert_eq!(found(&["--filter", late]), [3]);

    for (args, part) in [
        (["query", "orn:a:b", "--order", "rid"], "orn:a:b"),
        (["query", "orn:test.note", "--order", "size"], "`timestamp`"),
        (["query", "orn:test.note", "--filter", "{"], "filter"),
        (
            ["query", "orn:test.note", "--filter", r#"{"path": "/n"}"#],
            "filter",
        ),
    ] {
        let told = node.refusal(&args);
        assert!(told.contains(part), "{args:?}: {told}");
    }
}

#[tokio::test]
async fn what_an_extension_declares_is_indexed_and_listed_by() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let objects: Vec<_> = [3, 1, 2]
        .into_iter()
        .map(|n| json!({"rid": format!("orn:test.note:{n}"), "contents": {"n": 10 - n}}))
        .collect();
    let file = write(&folder, "objects.json", &json!(objects).to_string());
    assert!(node.command(&["publish", &file]).status.success());
    for n in 1..=3 {
        let rid = format!("orn:test.note:{n}");
        eventually(&rid, async || node.read(&rid)).await;
    }
    let by_path = ["query", "orn:test.note", "--order", "/n"];
    assert!(node.refusal(&by_path).contains("not declared"));

    let owner = Guest {
        description: json!({
            "name": "notes",
            "version": "1.0.0",
            "rid-types": [{"rid-type": "orn:test.note", "indexes": ["/n"]}],
        })
        .to_string(),
        ..Guest::default()
    };
    let file = folder.path().join("notes.wasm");
    std::fs::write(&file, owner.bytes()).unwrap();
    node.json(&["extension", "install", &file.to_string_lossy()]);
    let listed = async |node: &Node| {
        eventually("the index is whole", async || {
            let output = node.command(&[&by_path[..], &["--json"]].concat());
            let found = output.status.success().then_some(output.stdout)?;
            let found: Vec<Value> = serde_json::from_slice(&found).unwrap();
            let numbers = found.iter().map(|bundle| bundle["contents"]["n"].as_u64());
            Some(numbers.flatten().collect::<Vec<_>>())
        })
        .await
    };
    assert_eq!(listed(&node).await, [7, 8, 9]);

    node.process.terminate();
    let node = start(&folder);
    assert_eq!(listed(&node).await, [7, 8, 9]);
    node.json(&["extension", "remove", "notes"]);
    let told = eventually("the index is gone", async || {
        let output = node.command(&by_path);
        (!output.status.success()).then_some(output.stderr)
    });
    assert!(String::from_utf8_lossy(&told.await).contains("not declared"));
}
