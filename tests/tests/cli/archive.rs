//! Exports, imports, backups, and knowledge that is kept for a time only.

use std::path::Path;
use std::process::Stdio;

use koi_tests::{Node, NodeBuilder, Process, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{failure, koi_mcp, run, start, write};

/// Publishes so many notes, and waits until the last one is stored.
async fn publish(folder: &TempDir, node: &Node, name: &str, notes: u32) {
    let all: Vec<_> = (0..notes)
        .map(|n| json!({"rid": format!("orn:test.note:{name}-{n}"), "contents": {"n": n, "text": "x".repeat(500)}}))
        .collect();
    let file = write(folder, &format!("{name}.json"), &json!(all).to_string());
    node.json(&["publish", &file]);
    let last = format!("orn:test.note:{name}-{}", notes - 1);
    eventually("the last note", async || node.read(&last)).await;
}

fn on(folder: &TempDir, name: &str, args: &[&str]) -> Vec<String> {
    let data_dir = folder.path().join(name).to_string_lossy().into_owned();
    let mut all: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    all.extend(["--data-dir".to_owned(), data_dir]);
    all
}

/// What a command on a data folder prints.
fn printed(folder: &TempDir, name: &str, args: &[&str]) -> String {
    let all = on(folder, name, args);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let output = run(folder, &all);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(folder: &TempDir, name: &str, args: &[&str]) -> String {
    let all = on(folder, name, args);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    failure(folder, &all)
}

#[tokio::test]
async fn a_node_moves_with_an_export_and_the_files_that_are_not_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("echo");
    publish(&folder, &node, "kept", 300).await;
    let exported = node.json(&["export", "running.jsonl"]);
    let file = folder.path().join("running.jsonl");
    // Its own profile is a bundle too.
    assert!(
        exported["rows"]["bundle"].as_u64().unwrap() > 300,
        "{exported}"
    );
    assert_eq!(exported["rows"]["active-revision"], 1);
    let mode = |file: &Path| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(file).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(&file), 0o600);
    let told = node.refusal(&["import", "running.jsonl"]);
    assert!(told.contains("another node is running"), "{told}");
    let (rid, bundle) = (node.rid.clone(), node.read("orn:test.note:kept-7"));
    assert_eq!(node.process.terminate(), Some(0));

    let export = printed(&folder, "node", &["export"]);
    assert!(std::fs::read_to_string(&file).unwrap().lines().count() <= export.lines().count());
    write(&folder, "export.jsonl", &export);
    let told = printed(&folder, "moved", &["import", "export.jsonl"]);
    assert!(
        told.contains("of bundle") && told.contains("priv_key.pem"),
        "{told}"
    );
    assert!(printed(&folder, "moved", &["export"]) == export);
    let told = refused(&folder, "moved", &["import", "export.jsonl"]);
    assert!(told.contains("the store is not empty"), "{told}");

    for name in ["priv_key.pem", "priv_key.password"] {
        let [from, to] = ["node", "moved"].map(|of| folder.path().join(of).join(name));
        std::fs::copy(from, to).unwrap();
    }
    let moved = NodeBuilder::new("node", &folder.path().join("moved")).start();
    assert_eq!(moved.rid, rid);
    assert_eq!(moved.read("orn:test.note:kept-7"), bundle);
    assert_eq!(moved.json(&["extension", "list"])[0]["name"], "echo");
    assert!(moved.dead_letters().is_empty());
    assert_eq!(moved.process.terminate(), Some(0));
}

#[tokio::test]
async fn an_export_that_is_not_whole_leaves_an_empty_store() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    publish(&folder, &node, "kept", 3).await;
    drop(node);
    let export = printed(&folder, "node", &["export", "-"]);
    let cut: Vec<&str> = export.split_inclusive('\n').take(3).collect();
    write(&folder, "cut.jsonl", &cut.concat());
    let told = refused(&folder, "new", &["import", "cut.jsonl"]);
    assert!(
        told.contains("nothing was imported from cut.jsonl: the export ends after line 3"),
        "{told}"
    );
    assert_eq!(printed(&folder, "new", &["export"]).lines().count(), 2);
    // From standard input, and what is told there is JSON if that is asked for.
    let args = on(&folder, "new", &["import", "-", "--json"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let input = std::fs::File::open(write(&folder, "whole.jsonl", &export)).unwrap();
    let output = koi_mcp(&folder, &args)
        .stdin(Stdio::from(input))
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told["rows"]["bundle"].as_u64() >= Some(3), "{told}");
    // Nothing is made where there is no node.
    let told = refused(&folder, "none", &["export"]);
    assert!(told.contains("there is no data folder"), "{told}");
    assert!(!folder.path().join("none").exists());
}

#[tokio::test]
async fn a_node_is_backed_up_while_it_is_written_to_and_starts_from_the_copy() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("echo");
    let secret = {
        let args = on(&folder, "node", &["secret", "set", "API_KEY"]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let value = write(&folder, "value", "hunter2-hunter2");
        let value = std::fs::File::open(value).unwrap();
        koi_mcp(&folder, &args).stdin(Stdio::from(value)).output()
    };
    assert!(secret.unwrap().status.success());
    publish(&folder, &node, "before", 500).await;
    let writing = async {
        for round in 0.. {
            publish(&folder, &node, &format!("during-{round}"), 50).await;
            // Else it would not be seen that the copy is made, if what was published is always there at once.
            tokio::task::yield_now().await;
        }
    };
    let data_dir = node.data_dir.to_string_lossy().into_owned();
    let backup = |to: &str| {
        let mut command = koi_mcp(&folder, &["backup", to, "--json", "--data-dir", &data_dir]);
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let output = tokio::select! {
        output = backup("copies/one") => output.unwrap(),
        () = writing => unreachable!(),
    };
    // The folder that it is to be in is for the operator to make.
    assert!(!output.status.success());
    std::fs::create_dir(folder.path().join("copies")).unwrap();
    let writing = async {
        for round in 0.. {
            publish(&folder, &node, &format!("during-{round}"), 50).await;
            // Else it would not be seen that the copy is made, if what was published is always there at once.
            tokio::task::yield_now().await;
        }
    };
    let output = tokio::select! {
        output = backup("copies/one") => output.unwrap(),
        () = writing => unreachable!(),
    };
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    let copy = folder.path().join("copies/one");
    assert_eq!(made["folder"], json!(copy.canonicalize().unwrap()));
    let told = node.refusal(&["backup", "copies/one"]);
    assert!(told.contains("there and not empty"), "{told}");
    let rid = node.rid.clone();
    node.process.kill();

    let again = NodeBuilder::new("node", &copy).start();
    assert_eq!(again.rid, rid);
    for n in [0, 250, 499] {
        let note = format!("orn:test.note:before-{n}");
        assert!(again.read(&note).is_some(), "{note}");
    }
    assert_eq!(again.json(&["extension", "list"])[0]["name"], "echo");
    let answer = again.command(&["call", "echo", "--args", r#"{"text":"hello"}"#]);
    assert!(answer.status.success());
    assert_eq!(again.json(&["secret", "list"])[0]["name"], "API_KEY");
    assert_eq!(again.process.terminate(), Some(0));
    // The same without a node.
    let told = printed(&folder, "copies/one", &["backup", "copies/two"]);
    assert!(told.contains("koi-mcp serve --data-dir"), "{told}");
    let again = NodeBuilder::new("node", &folder.path().join("copies/two")).start();
    assert_eq!(again.rid, rid);
}

#[tokio::test]
async fn knowledge_with_a_time_to_live_is_forgotten_and_watchers_hear_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[store.ttl]\n\"orn:test.note\" = \"4s\"\n";
    let config = write(&folder, "short.toml", config);
    let node = NodeBuilder::new("node", &folder.path().join("node"))
        .args(["--config", &config])
        .start();
    let args = on(&folder, "node", &["watch", "--json"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (mut watch, first) = Process::start(&mut koi_mcp(&folder, &args));
    assert_eq!(first["event"], "watching");
    let object = json!([
        {"rid": "orn:test.note:1", "contents": {"n": 1}},
        {"rid": "orn:test.other:1", "contents": {"n": 1}},
    ]);
    let file = write(&folder, "objects.json", &object.to_string());
    node.json(&["publish", &file]);
    eventually("the other", async || node.read("orn:test.other:1")).await;
    let forgotten = loop {
        let line = watch.line();
        if line["event"] == "FORGET" {
            break line;
        }
    };
    assert_eq!(forgotten["rid"], "orn:test.note:1");
    assert_eq!(node.read("orn:test.note:1"), None);
    assert!(node.read("orn:test.other:1").is_some());
    let config = write(
        &folder,
        "wrong.toml",
        "[store.ttl]\n\"orn:koi-net.node\" = \"4s\"\n",
    );
    let told = NodeBuilder::new("node", &folder.path().join("other"))
        .args(["--config", &config])
        .refusal();
    assert!(
        told.contains("store.ttl.orn:koi-net.node: nodes and edges"),
        "{told}"
    );
}
