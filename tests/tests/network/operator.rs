//! What an operator sees of the network, and asks of it.

use std::process::Command;

use koi_tests::{Process, eventually, program};
use serde_json::{Value, json};

use crate::{BOB, Network, PERSONALITY, bob};

const NOTE: &str = "orn:test.note:from-python";

#[tokio::test]
async fn an_operator_proposes_forgets_and_watches() {
    let network = Network::start().await;
    let (node, producer) = (&network.node, &network.producer);
    let watch = |rid_type: &str| {
        let mut command = Command::new(program("koi-mcp"));
        command
            .args(["watch", "--json", "--type", rid_type, "--data-dir"])
            .arg(&node.data_dir);
        let (watch, begun) = Process::start(&mut command);
        assert_eq!(begun, json!({ "event": "watching" }));
        watch
    };
    let mut personalities = watch(PERSONALITY);
    producer.push(BOB, bob()).await;
    let seen = personalities.line();
    assert_eq!((&seen["event"], &seen["rid"]), (&json!("NEW"), &json!(BOB)));
    assert_eq!(seen["source"], producer.rid.as_str());

    let mut edges = watch("orn:koi-net.edge");
    let proposed = node.json(&["network", "propose", &producer.rid]);
    let rid_types = proposed["rid_types"].as_array().unwrap();
    assert!(rid_types.contains(&json!(PERSONALITY)), "{proposed}");
    assert_eq!(edges.line()["source"], Value::Null, "proposed");
    assert_eq!(edges.line()["source"], producer.rid.as_str(), "approved");
    let own = node.refusal(&["network", "propose", &node.rid]);
    assert!(own.contains("proposes nothing to itself"), "{own}");
    let stranger = "orn:koi-net.node:nobody+00";
    for command in ["propose", "forget"] {
        let unknown = node.refusal(&["network", command, stranger]);
        assert!(
            unknown.contains(&format!("no node {stranger} is known")),
            "{unknown}"
        );
    }

    node.json(&["network", "forget", &producer.rid]);
    eventually("the producer and its edges to be forgotten", async || {
        let of_producer = |known: &Value| {
            ["rid", "source", "target"].map(|of| known[of] == producer.rid) != [false; 3]
        };
        let none = |what: &str| {
            let known = node.json(&["network", what]);
            !known.as_array().unwrap().iter().any(of_producer)
        };
        (none("nodes") && none("edges")).then_some(())
    })
    .await;
}

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
