//! Extensions that misbehave with knowledge objects: the object becomes a dead letter that says why,
//! and the pipeline goes on.

use koi_tests::eventually;
use serde_json::{Value, json};

use crate::host::{Host, has_all};

/// An object's RID, and what its dead letter says.
const OBJECTS: &[(&str, &[&str])] = &[
    ("orn:hostile.trap:1", &["crashed"]),
    ("orn:hostile.spin:1", &["500 ms CPU time", "limits.cpu"]),
    (
        "orn:hostile.giant:1",
        &["8388608 bytes result", "limits.result"],
    ),
    ("orn:hostile.parsed:spin", &["limits.cpu"]),
    ("orn:hostile.parsed:trap", &["crashed"]),
    ("orn:hostile.parsed:other", &["other-not"]),
    ("orn:hostile.validated:1", &["limits.cpu"]),
    ("orn:hostile.targets:many", &["at most 4096 nodes"]),
];

fn publish(host: &Host, rid: &str) {
    let object = host.folder.path().join("object.json");
    let text = json!({"rid": rid, "contents": {"count": 0}}).to_string();
    std::fs::write(&object, text).unwrap();
    let output = host.node.command(&["publish", &object.to_string_lossy()]);
    assert!(output.status.success(), "{output:?}");
}

fn letter(letters: &[Value], rid: &str) -> Option<Value> {
    letters.iter().find(|letter| letter["rid"] == rid).cloned()
}

#[tokio::test]
async fn an_object_that_its_handler_fails_on_becomes_a_dead_letter() {
    let host = Host::start();
    host.install_hostile(&GRANTS);
    for (rid, parts) in OBJECTS {
        host.survives(rid, || publish(&host, rid));
        let letter = eventually(rid, async || letter(&host.node.dead_letters(), rid)).await;
        println!("    {letter}");
        assert_eq!(letter["extension"], "hostile", "{letter}");
        has_all(rid, letter["reason"].as_str().unwrap(), parts);
    }
    // The pipeline still does its work.
    publish(&host, "orn:echo.note:1");
    eventually("a note", async || host.node.read("orn:echo.note:1")).await;
}

#[tokio::test]
async fn handlers_that_trigger_each_other_end_as_a_dead_letter() {
    let host = Host::start();
    host.install_hostile(&GRANTS);
    for (rid, last) in [
        ("orn:hostile.again:1", "orn:hostile.again:1"),
        ("orn:hostile.ping:2", "orn:hostile.pong:2"),
    ] {
        publish(&host, rid);
        let letter = eventually(rid, async || letter(&host.node.dead_letters(), last)).await;
        println!("    {letter}");
        has_all(
            rid,
            letter["reason"].as_str().unwrap(),
            &["more than 8", "handlers answer each other"],
        );
    }
    assert_eq!(host.node.dead_letters().len(), 2);
    host.survives("after all", || ());
}

#[tokio::test]
async fn nodes_that_a_handler_made_up_are_told_nothing() {
    let host = Host::start();
    host.install_hostile(&GRANTS);
    publish(&host, "orn:hostile.targets:1");
    eventually("the object", async || {
        host.node.read("orn:hostile.targets:1")
    })
    .await;
    host.survives("targets", || ());
    assert_eq!(host.node.dead_letters(), Vec::<Value>::new());
}

/// All that the extension asks for of its own RID types.
const GRANTS: [&str; 15] = [
    "handle=orn:hostile.trap",
    "handle=orn:hostile.spin",
    "handle=orn:hostile.again",
    "handle=orn:hostile.ping",
    "handle=orn:hostile.pong",
    "handle=orn:hostile.giant",
    "handle=orn:hostile.parsed",
    "handle=orn:hostile.validated",
    "handle=orn:hostile.targets",
    "publish=orn:hostile.again",
    "publish=orn:hostile.ping",
    "publish=orn:hostile.pong",
    "read=orn:hostile.again",
    "read=orn:hostile.ping",
    "read=orn:hostile.pong",
];
