//! Stored knowledge is asked for by its contents and in an order.

use koi_tests::eventually;
use serde_json::json;

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
