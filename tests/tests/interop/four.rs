//! A node of ours coordinates four Python nodes: two producers, two consumers.

use koi_tests::{Kind, Node, NodeBuilder, PeerBuilder, eventually};
use serde_json::json;
use tempfile::TempDir;

const NODE: &str = "orn:koi-net.node";
const NOTE: &str = "orn:test.note";
const TASK: &str = "orn:test.task";

fn peer(kind: Kind, name: &str, folder: &TempDir, hub: &Node) -> PeerBuilder {
    PeerBuilder::new(kind, name, folder.path())
        .interest(NODE)
        .first_contact(&hub.rid, &hub.koi_url)
}

#[tokio::test]
async fn what_is_published_arrives_at_those_who_subscribed_and_at_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let hub = NodeBuilder::new("hub", &folder.path().join("hub"))
        .args(["--role", "coordinator"])
        .start();
    let notes = peer(Kind::Full, "notes", &folder, &hub)
        .provides(NOTE)
        .start();
    let tasks = peer(Kind::Full, "tasks", &folder, &hub)
        .provides(TASK)
        .start();
    let both = peer(Kind::Full, "both", &folder, &hub)
        .interest(NOTE)
        .interest(TASK)
        .start();
    let one = peer(Kind::Partial, "one", &folder, &hub)
        .interest(TASK)
        .start();
    both.subscribes_to(&notes.rid, NOTE).await;
    both.subscribes_to(&tasks.rid, TASK).await;
    one.subscribes_to(&tasks.rid, TASK).await;

    let (note, task) = ("orn:test.note:1", "orn:test.task:1");
    notes.push(note, json!({"title": "a note"})).await;
    tasks.push(task, json!({"title": "a task"})).await;
    assert_eq!(both.receives(note).await["contents"]["title"], "a note");
    for consumer in [&both, &one] {
        assert_eq!(consumer.receives(task).await["contents"]["title"], "a task");
    }
    tasks.push(task, json!({"title": "another task"})).await;
    for consumer in [&both, &one] {
        eventually("the changed task", async || {
            let bundle = consumer.bundle(task).await?;
            (bundle["contents"]["title"] == "another task").then_some(())
        })
        .await;
    }
    tasks.forget(task).await;
    for consumer in [&both, &one] {
        consumer.loses(task).await;
    }
    assert!(one.bundle(note).await.is_none());
    assert!(tasks.bundle(note).await.is_none());
    assert!(hub.read(note).is_none());
    let known = hub.json(&["network", "nodes"]);
    for each in [&notes, &tasks, &both, &one] {
        let is_known = |node: &serde_json::Value| node["rid"] == each.rid;
        assert!(known.as_array().unwrap().iter().any(is_known), "{known}");
    }
}
