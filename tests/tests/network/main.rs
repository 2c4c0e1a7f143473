//! The whole journey with nothing of ours at either end: Python koi-net nodes publish, a node with
//! both extensions decides, official MCP clients read it out and publish back.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod arrivals;
mod clients;
mod operator;
mod publishing;
mod tls;
mod trust;

use koi_tests::{Kind, Node, NodeBuilder, Peer, PeerBuilder, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

const PERSONALITY: &str = "orn:agent.personality";
const DATASET: &str = "orn:data.dataset";
const SCHEMA: &str = "orn:data.schema";

const BOB: &str = "orn:agent.personality:bob/1.0";
const STATIONS: &str = "orn:data.dataset:weather/stations";
const READINGS: &str = "orn:data.schema:readings/v1";

/// A Python coordinator, a Python producer, and a node of ours that has joined them.
struct Network {
    producer: Peer,
    node: Node,
    _coordinator: Peer,
    _folder: TempDir,
}

impl Network {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let coordinator = PeerBuilder::new(Kind::Coordinator, "coordinator", folder.path()).start();
        let producer = [PERSONALITY, DATASET, SCHEMA]
            .into_iter()
            .fold(
                PeerBuilder::new(Kind::Full, "producer", folder.path()),
                |peer, rid_type| peer.provides(rid_type).interest(rid_type),
            )
            .interest("orn:koi-net.node")
            .first_contact(&coordinator.rid, &coordinator.base_url)
            .start();
        let node = NodeBuilder::new("rust", &folder.path().join("rust"))
            .args([
                "--first-contact",
                &coordinator.base_url,
                "--first-contact-rid",
                &coordinator.rid,
            ])
            .args(["--role", "producer"])
            .start();
        node.install("agent-personality");
        node.install("data-catalog");
        for rid_type in [PERSONALITY, DATASET, SCHEMA] {
            producer.subscribes_to(&node.rid, rid_type).await;
            producer.is_subscribed_by(&node.rid, rid_type).await;
        }
        Self {
            producer,
            node,
            _coordinator: coordinator,
            _folder: folder,
        }
    }

    async fn stores(&self, rid: &str) -> Value {
        stores(&self.node, rid).await
    }

    async fn forgets(&self, rid: &str) {
        eventually(&format!("{rid} gone from the node"), async || {
            self.node.read(rid).is_none().then_some(())
        })
        .await;
    }

    /// Waits until an object is among the dead letters; the reason.
    async fn gives_up(&self, rid: &str) -> String {
        let letter = eventually(&format!("{rid} among the dead letters"), async || {
            self.node
                .dead_letters()
                .into_iter()
                .find(|letter| letter["rid"] == rid)
        })
        .await;
        assert_eq!(letter["source"], self.producer.rid, "{letter}");
        letter["reason"].as_str().unwrap().to_owned()
    }

    /// Waits until each of a good domain's objects is stored.
    async fn has_a_domain(&self) {
        self.producer.push(BOB, bob()).await;
        self.producer.push(READINGS, readings()).await;
        self.producer.push(STATIONS, stations()).await;
        for rid in [BOB, READINGS, STATIONS] {
            self.stores(rid).await;
        }
    }
}

async fn stores(node: &Node, rid: &str) -> Value {
    eventually(&format!("{rid} in the node"), async || node.read(rid)).await
}

fn personality(rid: &str, traits: Value) -> Value {
    json!({"rid": rid, "node_rid": null, "mcp_url": "http://127.0.0.1:1/mcp", "traits": traits})
}

fn bob() -> Value {
    personality(
        BOB,
        json!([
            {"name": "mood", "description": "How Bob is", "type": "str", "value": "cheerful", "is_callable": false},
            {"name": "sing", "description": "Sings a song", "type": "function", "is_callable": true,
             "value": {"parameters": {
                 "type": "object", "properties": {"song": {"type": "string"}}, "required": ["song"]}}},
        ]),
    )
}

fn readings() -> Value {
    json!({"name": "readings", "version": "v1", "fields": [
        {"name": "station", "type": "string"}, {"name": "celsius", "type": "float"}]})
}

fn stations() -> Value {
    json!({"name": "stations", "description": "Hourly readings", "format": "csv",
           "location": "https://example.org/stations.csv", "schema": "readings/v1", "tags": ["weather"]})
}
