//! What a node has answered for survives its sudden end.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use koi_rid::{Bundle, Contents, Rid};
use koi_tests::{Node, NodeBuilder, Sender, eventually};
use serde_json::json;

const ROUNDS: usize = 5;
const BUNDLES_A_ROUND: usize = 500;

fn start(folder: &tempfile::TempDir) -> Node {
    NodeBuilder::new("node", &folder.path().join("node")).start()
}

fn personality(name: &str) -> Bundle {
    in_a_mood(name, "calm")
}

fn in_a_mood(name: &str, mood: &str) -> Bundle {
    let rid = Rid::parse(&format!("orn:agent.personality:{name}/1.0")).unwrap();
    let contents = json!({"rid": rid, "traits": [
        {"name": "mood", "description": "How it is", "type": "str", "value": mood}]});
    Bundle::generate(rid, Contents::from_serialize(&contents).unwrap())
}

/// How much a node that is not running had accepted and not processed.
async fn unprocessed(folder: &tempfile::TempDir) -> u64 {
    let stores = koi_store::sqlite::open(&folder.path().join("node/koi.sqlite")).unwrap();
    stores.inbox.len().await.unwrap()
}

#[tokio::test]
async fn what_a_broadcast_was_answered_for_is_stored_after_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = start(&folder);
    node.install("agent-personality");
    let to = Rid::parse(&node.rid).unwrap();
    let sender = Sender::new("sender");
    sender.tell(&node, sender.introduction(&to)).await;
    eventually("the sender in the node", async || {
        node.read(sender.rid().as_str())
    })
    .await;

    let mut told = Vec::new();
    let mut interrupted = 0;
    for round in 0..ROUNDS {
        let bundles: Vec<Bundle> = (0..BUNDLES_A_ROUND)
            .map(|count| personality(&format!("agent-{round}-{count}")))
            .collect();
        told.extend(bundles.iter().map(|bundle| bundle.manifest.rid.clone()));
        let envelope = sender.broadcast(&to, bundles);
        sender.tell(&node, envelope).await;
        node.process.kill();
        interrupted += usize::from(unprocessed(&folder).await > 0);
        node = start(&folder);
    }
    assert!(
        interrupted > 0,
        "in no round the node was killed before it had processed everything"
    );
    eventually("everything that was answered for in the node", async || {
        sender
            .asks_what_is_missing(&node, &told)
            .await
            .is_empty()
            .then_some(())
    })
    .await;
    assert_eq!(node.dead_letters(), Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn what_a_command_was_answered_for_is_there_after_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let (rid, key) = (node.rid.clone(), node.public_key.clone());
    node.install("agent-personality");
    let ask = ["extension", "grants", "agent-personality"];
    let granted = node.json(&ask);
    node.process.kill();

    let node = start(&folder);
    assert_eq!((&node.rid, &node.public_key), (&rid, &key));
    assert_eq!(node.json(&ask), granted);
    let ada = folder.path().join("ada.json");
    let object = json!({"rid": "orn:agent.personality:ada/1.0", "contents":
        {"rid": "orn:agent.personality:ada/1.0", "traits": []}});
    std::fs::write(&ada, object.to_string()).unwrap();
    assert!(
        node.command(&["publish", &ada.to_string_lossy()])
            .status
            .success()
    );
    node.process.kill();

    let node = start(&folder);
    eventually("Ada in the node", async || {
        node.read("orn:agent.personality:ada/1.0")
    })
    .await;
    assert!(
        node.command(&["extension", "remove", "agent-personality"])
            .status
            .success()
    );
    node.process.kill();

    let node = start(&folder);
    assert_eq!(node.json(&["extension", "list"]), json!([]));
    assert!(node.read("orn:agent.personality:ada/1.0").is_some());
}

#[tokio::test]
async fn what_waits_in_a_node_that_is_stopped_is_stored_after_its_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("agent-personality");
    let to = Rid::parse(&node.rid).unwrap();
    let sender = Sender::new("sender");
    sender.tell(&node, sender.introduction(&to)).await;
    eventually("the sender in the node", async || {
        node.read(sender.rid().as_str())
    })
    .await;
    // One RID's news are taken one after the other, so that the node cannot be done with them.
    let mood = |count| format!("mood {count}");
    let bundles = (0..BUNDLES_A_ROUND).map(|count| in_a_mood("moody", &mood(count)));
    let envelope = sender.broadcast(&to, bundles);
    sender.tell(&node, envelope).await;
    assert_eq!(node.process.terminate(), Some(0));
    assert!(
        unprocessed(&folder).await > 0,
        "the node had processed everything before it ended"
    );

    let node = start(&folder);
    let last = mood(BUNDLES_A_ROUND - 1);
    eventually("the last news in the node", async || {
        let stored = node.read("orn:agent.personality:moody/1.0")?;
        (stored["contents"]["traits"][0]["value"] == last).then_some(())
    })
    .await;
    assert_eq!(node.dead_letters(), Vec::<serde_json::Value>::new());
}
