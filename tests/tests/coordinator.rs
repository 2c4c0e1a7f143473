//! A node of ours as the coordinator of Python nodes, full and partial.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use koi_tests::{Kind, Node, NodeBuilder, PeerBuilder, Port, eventually};
use serde_json::json;
use tempfile::TempDir;

const NODE: &str = "orn:koi-net.node";
const NOTE: &str = "orn:test.note";
const PERSONALITY: &str = "orn:agent.personality";

fn coordinator() -> (TempDir, Node) {
    let folder = tempfile::tempdir().unwrap();
    let node = NodeBuilder::new("hub", &folder.path().join("hub"))
        .args(["--role", "coordinator"])
        .start();
    (folder, node)
}

fn peer(kind: Kind, name: &str, folder: &TempDir, hub: &Node) -> PeerBuilder {
    PeerBuilder::new(kind, name, folder.path())
        .interest(NODE)
        .first_contact(&hub.rid, &hub.koi_url)
}

#[tokio::test]
async fn full_and_partial_python_nodes_find_each_other_through_it() {
    let (folder, hub) = coordinator();
    let producer = peer(Kind::Full, "producer", &folder, &hub)
        .provides(NOTE)
        .start();
    producer.is_subscribed_by(&hub.rid, NODE).await;
    let full = peer(Kind::Full, "full", &folder, &hub)
        .interest(NOTE)
        .start();
    let partial = peer(Kind::Partial, "partial", &folder, &hub)
        .interest(NOTE)
        .start();
    for consumer in [&full, &partial] {
        consumer.subscribes_to(&producer.rid, NOTE).await;
    }
    // What no extension of the coordinator's is about passes between the others alone.
    producer
        .push("orn:test.note:1", json!({"title": "hello"}))
        .await;
    for consumer in [&full, &partial] {
        assert_eq!(
            consumer.receives("orn:test.note:1").await["contents"]["title"],
            "hello"
        );
    }
    assert!(hub.read("orn:test.note:1").is_none());
    for each in [&producer, &full, &partial] {
        let known = hub
            .read(&each.rid)
            .unwrap_or_else(|| panic!("{} is not known", each.rid));
        assert_eq!(known["contents"]["public_key"], each.public_key);
    }
}

#[tokio::test]
async fn its_extensions_knowledge_reaches_nodes_that_poll() {
    let (folder, hub) = coordinator();
    hub.install("agent-personality");
    let partial = peer(Kind::Partial, "partial", &folder, &hub)
        .interest(PERSONALITY)
        .start();
    partial.subscribes_to(&hub.rid, PERSONALITY).await;
    let own = "orn:agent.personality:hub/1.0";
    hub.json(&[
        "call",
        "update_traits",
        "--args",
        r#"{"traits":{"mood":"calm"}}"#,
    ]);
    assert_eq!(
        partial.receives(own).await["contents"]["traits"][0]["value"],
        "calm"
    );
    assert!(hub.command(&["forget", own]).status.success());
    eventually("the personality gone from the partial node", async || {
        partial.bundle(own).await.is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_python_node_goes_on_with_it_when_it_has_been_restarted() {
    let folder = tempfile::tempdir().unwrap();
    // A Python node remembers the URL that it was told.
    let port = Port::keep();
    let listen = port.address().to_string();
    let start = || {
        NodeBuilder::new("hub", &folder.path().join("hub"))
            .args(["--role", "coordinator", "--koi-listen", &listen])
            .start()
    };
    let hub = start();
    hub.install("agent-personality");
    let producer = peer(Kind::Full, "producer", &folder, &hub)
        .provides(PERSONALITY)
        .start();
    producer.is_subscribed_by(&hub.rid, PERSONALITY).await;
    let rid = hub.rid.clone();
    assert_eq!(hub.process.terminate(), Some(0));

    let hub = start();
    assert_eq!(hub.rid, rid);
    let bob = "orn:agent.personality:bob/1.0";
    producer.push(bob, json!({"rid": bob, "traits": []})).await;
    eventually("Bob in the restarted node", async || hub.read(bob)).await;
}
