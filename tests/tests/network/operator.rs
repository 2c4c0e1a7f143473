//! What an operator sees of the network, and asks of it.

use koi_tests::eventually;
use serde_json::{Value, json};

use crate::{Network, PERSONALITY};

const NOTE: &str = "orn:test.note:from-python";

#[tokio::test]
async fn an_operator_sees_nodes_and_edges_and_fetches_what_another_node_has() {
    let network = Network::start().await;
    let (node, producer) = (&network.node, &network.producer);
    let nodes = node.json(&["network", "nodes"]);
    let known = |rid: &str| {
        let nodes = nodes.as_array().unwrap();
        nodes.iter().find(|node| node["rid"] == rid).unwrap()
    };
    assert_eq!(known(&node.rid)["base_url"], node.koi_url.as_str());
    let python = known(&producer.rid);
    assert_eq!(python["node_type"], "FULL");
    assert_eq!(python["base_url"], producer.base_url.as_str());
    let provided = python["provides"]["event"].as_array().unwrap();
    assert!(provided.contains(&json!(PERSONALITY)), "{provided:?}");

    let edges = node.json(&["network", "edges"]);
    let edges = edges.as_array().unwrap();
    let between = |source: &str, target: &str| -> &Value {
        let is = |edge: &&Value| edge["source"] == source && edge["target"] == target;
        edges.iter().find(is).unwrap()
    };
    for edge in [
        between(&producer.rid, &node.rid),
        between(&node.rid, &producer.rid),
    ] {
        assert_eq!(edge["status"], "APPROVED", "{edge}");
        let rid_types = edge["rid_types"].as_array().unwrap();
        assert!(rid_types.contains(&json!(PERSONALITY)), "{edge}");
    }

    // Nobody has subscribed to these.
    producer.push(NOTE, json!({ "z": 1, "a": 1.50 })).await;
    eventually("the note in Python", async || producer.bundle(NOTE).await).await;
    assert!(node.read(NOTE).is_none());
    let fetched = node.json(&["fetch", NOTE, "--from", &producer.rid]);
    assert_eq!(fetched["contents"], json!({ "z": 1, "a": 1.50 }));
    assert_eq!(network.stores(NOTE).await["contents"], fetched["contents"]);

    let nothing = node.refusal(&["fetch", "orn:test.note:nothing", "--from", &producer.rid]);
    assert!(
        nothing.contains(&format!("{} has nothing", producer.rid)),
        "{nothing}"
    );
    let nobody = node.refusal(&["fetch", "orn:other.type:x"]);
    assert!(
        nobody.contains("no node that is known to provide its type"),
        "{nobody}"
    );
}
