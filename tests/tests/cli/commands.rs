//! Commands to the running node.

use std::io::Write;
use std::process::Stdio;

use koi_tests::eventually;
use serde_json::{Value, json};

use crate::{failure, koi_mcp, start, write};

#[test]
fn commands_without_a_node_say_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let object = write(
        &folder,
        "object.json",
        r#"{"rid": "orn:a:1", "contents": {"b": 1}}"#,
    );
    for args in [
        ["extension", "list"].as_slice(),
        &["read", "orn:a:1"],
        &["call", "echo"],
        &["publish", &object],
        &["forget", "orn:a:1"],
        &["dead-letters", "list"],
    ] {
        let error = failure(&folder, args);
        assert!(
            error.contains("no node is running") && error.contains("koi-mcp serve"),
            "{args:?}: {error}"
        );
    }
}

#[tokio::test]
async fn knowledge_is_published_from_files_and_standard_input_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let one = r#"{"rid": "orn:test.note:1", "contents": {"b": 1, "a": 2.50}}"#;
    let more =
        (2..=3).map(|n| format!(r#"{{"rid": "orn:test.note:{n}", "contents": {{"n": {n}}}}}"#));
    let more: Vec<String> = more.collect();
    let file = write(&folder, "one.json", one);
    let output = node.command(&["publish", &file]);
    assert!(output.status.success());
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "accepted orn:test.note:1\n"
    );

    let mut publish = koi_mcp(
        &folder,
        &[
            "publish",
            "-",
            "--data-dir",
            &node.data_dir.to_string_lossy(),
        ],
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    publish
        .stdin
        .take()
        .unwrap()
        .write_all(more.join("\n").as_bytes())
        .unwrap();
    let output = publish.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "accepted orn:test.note:2\naccepted orn:test.note:3\n"
    );

    for n in 1..=3 {
        eventually("the note", async || {
            node.read(&format!("orn:test.note:{n}"))
        })
        .await;
    }
    // Contents are the text that came in, in its own order.
    let text = String::from_utf8(node.command(&["read", "orn:test.note:1"]).stdout).unwrap();
    assert!(text.contains(r#""contents":{"b": 1, "a": 2.50}"#), "{text}");

    let bad = write(
        &folder,
        "bad.json",
        r#"[{"rid": "no rid", "contents": {}}]"#,
    );
    let refusal = node.refusal(&["publish", &bad]);
    assert!(refusal.contains("object 1 (no rid)"), "{refusal}");
    let text = write(&folder, "text.json", "hello");
    let refusal = node.refusal(&["publish", &text]);
    assert!(
        refusal.contains("text.json") && refusal.contains("expected"),
        "{refusal}"
    );
    let refusal = node.refusal(&["publish", "nowhere.json"]);
    assert!(refusal.contains("nowhere.json"), "{refusal}");
    let refusal = node.refusal(&["read", "orn:test.note:4"]);
    assert!(
        refusal.contains("nothing is stored under orn:test.note:4"),
        "{refusal}"
    );
}

#[test]
fn tools_are_called_with_arguments_that_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("echo");
    let output = node.command(&["call", "echo", "--args", r#"{"text":"hello"}"#]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer, json!({"text": "hello"}));
    for (args, expected) in [
        ("{}", "text"),
        (r#"{"text":1}"#, "string"),
        ("[]", "JSON object"),
        ("{", "JSON object"),
    ] {
        let refusal = node.refusal(&["call", "echo", "--args", args]);
        assert!(refusal.contains(expected), "{args}: {refusal}");
    }
    let refusal = node.refusal(&["call", "sing"]);
    assert!(refusal.contains("no tool \"sing\""), "{refusal}");
}

#[tokio::test]
async fn whoever_stops_reading_ends_a_command_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let notes: Vec<Value> = (0..2000)
        .map(|n| json!({"rid": format!("orn:test.note:{n}"), "contents": {}}))
        .collect();
    let file = write(&folder, "notes.json", &json!(notes).to_string());
    let data_dir = node.data_dir.to_string_lossy();
    let mut publish = koi_mcp(&folder, &["publish", &file, "--data-dir", &data_dir])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(publish.stdout.take());
    let output = publish.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test]
async fn dead_letters_are_listed_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("data-catalog");
    assert!(
        String::from_utf8(node.command(&["dead-letters", "list"]).stdout)
            .unwrap()
            .contains("no dead letters")
    );
    let file = write(
        &folder,
        "bad.json",
        r#"{"rid": "orn:data.dataset:lost", "contents": {"name": "lost"}}"#,
    );
    assert!(node.command(&["publish", &file]).status.success());
    let letter = eventually("a dead letter", async || node.dead_letters().pop()).await;
    assert_eq!(letter["rid"], "orn:data.dataset:lost");
    let table = String::from_utf8(node.command(&["dead-letters", "list"]).stdout).unwrap();
    assert!(
        table.contains("orn:data.dataset:lost") && table.starts_with("ID"),
        "{table}"
    );

    // Without the extension that refuses it, it is as good as any other.
    assert!(
        node.command(&["extension", "remove", "data-catalog"])
            .status
            .success()
    );
    let id = letter["id"].to_string();
    assert!(
        node.command(&["dead-letters", "retry", &id])
            .status
            .success()
    );
    eventually("the dataset", async || node.read("orn:data.dataset:lost")).await;
    assert_eq!(node.dead_letters(), Vec::<Value>::new());
    let refusal = node.refusal(&["dead-letters", "retry", &id]);
    assert!(refusal.contains(&id), "{refusal}");
}
