//! The whole journey with nothing of ours at either end: Python koi-net nodes publish, a node with
//! both extensions decides, official MCP clients read it out and publish back.

use koi_tests::{Kind, McpClient, Node, NodeBuilder, Peer, PeerBuilder, eventually};
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
            .fold(PeerBuilder::new(Kind::Full, "producer", folder.path()), |peer, rid_type| {
                peer.provides(rid_type).interest(rid_type)
            })
            .interest("orn:koi-net.node")
            .first_contact(&coordinator.rid, &coordinator.base_url)
            .start();
        let node = NodeBuilder::new("rust", &folder.path().join("rust"))
            .args(["--first-contact", &coordinator.base_url, "--first-contact-rid", &coordinator.rid])
            .args(["--role", "producer"])
            .start();
        node.install("agent-personality");
        node.install("data-catalog");
        for rid_type in [PERSONALITY, DATASET, SCHEMA] {
            producer.subscribes_to(&node.rid, rid_type).await;
            producer.is_subscribed_by(&node.rid, rid_type).await;
        }
        Self { producer, node, _coordinator: coordinator, _folder: folder }
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
            self.node.dead_letters().into_iter().find(|letter| letter["rid"] == rid)
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
    personality(BOB, json!([
        {"name": "mood", "description": "How Bob is", "type": "str", "value": "cheerful", "is_callable": false},
        {"name": "sing", "description": "Sings a song", "type": "function", "is_callable": true,
         "value": {"parameters": {
             "type": "object", "properties": {"song": {"type": "string"}}, "required": ["song"]}}},
    ]))
}

fn readings() -> Value {
    json!({"name": "readings", "version": "v1", "fields": [
        {"name": "station", "type": "string"}, {"name": "celsius", "type": "float"}]})
}

fn stations() -> Value {
    json!({"name": "stations", "description": "Hourly readings", "format": "csv",
           "location": "https://example.org/stations.csv", "schema": "readings/v1", "tags": ["weather"]})
}

#[tokio::test]
async fn the_good_is_stored_and_the_bad_refused_with_a_reason() {
    let network = Network::start().await;
    network.has_a_domain().await;
    assert_eq!(network.stores(BOB).await["contents"], bob());
    assert_eq!(network.stores(STATIONS).await["contents"], stations());

    let unknown_schema = "orn:data.dataset:traffic/counts";
    let dataset = json!({"name": "counts", "description": "Cars an hour", "format": "csv",
                         "location": "https://example.org/counts.csv", "schema": "nobody/v9"});
    network.producer.push(unknown_schema, dataset).await;

    let misnamed = "orn:agent.personality:eve/1.0";
    let unformed = "orn:agent.personality:mallory/1.0";
    let unversioned = "orn:agent.personality:trudy";
    let nowhere = "orn:data.dataset:lost";
    let doubled = "orn:data.schema:doubled";
    let own = "orn:agent.personality:rust/1.0";
    let bad = [
        (misnamed, bob()),
        (unformed, json!({"rid": unformed, "traits": "many"})),
        (unversioned, personality(unversioned, json!([]))),
        (nowhere, json!({"name": "lost", "description": "Has no location", "format": "csv"})),
        (doubled, json!({"name": "doubled", "fields": [
            {"name": "id", "type": "string"}, {"name": "id", "type": "int"}]})),
        (own, personality(own, json!([]))),
    ];
    for (rid, contents) in &bad {
        network.producer.push(rid, contents.clone()).await;
    }

    let reasons = [
        (misnamed, "says that it is that of"),
        (unformed, "traits"),
        (unversioned, "<name>/<version>"),
        (nowhere, "location"),
        (doubled, "`id`"),
    ];
    for (rid, expected) in reasons {
        let reason = network.gives_up(rid).await;
        assert!(reason.contains(expected), "{rid}: {reason}");
        assert!(network.node.read(rid).is_none(), "{rid} is stored");
        let log = network.node.log();
        let line = log.lines().find(|line| line.contains(rid) && line.contains("given up"));
        assert!(line.is_some_and(|line| line.contains(expected)), "{rid} in the log: {line:?}");
    }
    eventually("the node's own personality defended", async || {
        let log = network.node.log();
        log.lines().any(|line| line.contains(own) && line.contains("cannot change")).then_some(())
    })
    .await;
    assert!(network.node.read(own).is_none());

    // What names an unknown schema is marked, not lost.
    network.stores(unknown_schema).await;
    let found = network.node.json(&["call", "find_datasets", "--args", r#"{"schema_known":false}"#]);
    assert_eq!(found["structuredContent"]["datasets"][0]["rid"], unknown_schema);
}

#[tokio::test]
async fn clients_of_both_eras_list_and_read_and_call_what_python_published() {
    let network = Network::start().await;
    network.has_a_domain().await;
    eventually("Bob's tool", async || {
        let list = network.node.json(&["extension", "list"]);
        list[0]["tools"].as_array()?.iter().any(|tool| tool == "bob_sing").then_some(())
    })
    .await;
    for way in McpClient::WAYS {
        let mut client = McpClient::connect(&network.node, way);
        let resources = client.resources();
        for uri in [BOB, READINGS, STATIONS, "agent:bob", "catalog:datasets"] {
            assert!(resources.iter().any(|each| each == uri), "{way:?}: no {uri} in {resources:?}");
        }
        assert!(client.templates().iter().any(|each| each == "agent:{name}"), "{way:?}");
        assert_eq!(client.read(BOB), bob(), "{way:?}");
        assert_eq!(client.read("agent:bob"), bob(), "{way:?}");
        assert_eq!(client.read(STATIONS), stations(), "{way:?}");
        let missing = client.try_read("agent:nobody").unwrap_err();
        assert!(missing.message.contains("no resource"), "{way:?}: {missing:?}");

        let sing = client.tool("bob_sing");
        assert_eq!(sing["inputSchema"]["required"], json!(["song"]), "{way:?}: {sing}");
        let relayed = client.failure("bob_sing", &json!({"song": "Daisy"}));
        assert!(relayed.contains("http://127.0.0.1:1/mcp"), "{way:?}: {relayed}");
        let misfit = client.failure("bob_sing", &json!({}));
        assert!(misfit.contains("song"), "{way:?}: {misfit}");
        let found = client.call("find_datasets", &json!({"tag": "weather"}));
        assert_eq!(found["datasets"][0]["rid"], STATIONS, "{way:?}: {found}");
        assert_eq!(found["datasets"][0]["schema_known"], true, "{way:?}: {found}");
        let described = client.call("describe_dataset", &json!({"dataset": "weather/stations"}));
        assert_eq!(described["schema"]["definition"], readings(), "{way:?}: {described}");
        let unknown = client.try_call("bob_dance", &json!({})).unwrap_err();
        assert!(unknown.message.contains("bob_dance"), "{way:?}: {unknown:?}");
        assert_eq!(client.leave(), Some(0), "{way:?}");
    }
}

#[tokio::test]
async fn connected_clients_see_agents_and_extensions_come_and_go() {
    let network = Network::start().await;
    let mut clients = McpClient::WAYS.map(|way| McpClient::connect(&network.node, way));
    for client in &mut clients {
        assert!(client.tool("bob_sing").is_null());
        client.subscribe("agent:bob");
        client.ignore_news();
    }

    network.producer.push(BOB, bob()).await;
    for client in &mut clients {
        client.is_told_of_tool("bob_sing");
        client.is_told_of_resource("agent:bob");
    }

    let mut grumpy = bob();
    grumpy["traits"][0]["value"] = json!("grumpy");
    for client in &mut clients {
        client.ignore_news();
    }
    network.producer.push(BOB, grumpy.clone()).await;
    for client in &mut clients {
        client.is_told_of_update("agent:bob");
        assert_eq!(client.read("agent:bob"), grumpy);
        client.ignore_news();
    }

    network.node.install("echo");
    for client in &mut clients {
        client.is_told_of_tool("echo");
        assert_eq!(client.call("echo", &json!({"text": "hello"})), json!({"text": "hello"}));
        client.ignore_news();
    }

    network.producer.forget(BOB).await;
    for client in &mut clients {
        client.is_told_that_tool_is_gone("bob_sing");
        assert!(client.try_read("agent:bob").is_err());
    }
}

#[tokio::test]
async fn what_clients_publish_arrives_in_python_and_forgetting_goes_both_ways() {
    let network = Network::start().await;
    let mut ways = McpClient::WAYS.into_iter();
    let mut client = McpClient::connect(&network.node, ways.next().unwrap());

    let dataset = json!({"path": "rivers/levels", "name": "levels", "description": "Levels of rivers",
                         "format": "parquet", "location": "https://example.org/levels"});
    let published = client.call("publish_dataset", &dataset);
    assert_eq!(published["stored"], true, "{published}");
    let rid = published["rid"].as_str().unwrap();
    assert_eq!(rid, "orn:data.dataset:rivers/levels");
    let arrived = network.producer.receives(rid).await;
    assert_eq!(arrived["contents"]["location"], dataset["location"]);
    assert_eq!(arrived["manifest"]["sha256_hash"], published["sha256_hash"]);

    let own = "orn:agent.personality:rust/1.0";
    client.call("update_traits", &json!({"traits": {"mood": "calm"}}));
    assert_eq!(network.producer.receives(own).await["contents"]["traits"][0]["value"], "calm");

    // Later changes arrive too, whichever way the client speaks.
    for (count, way) in ways.enumerate() {
        let mut client = McpClient::connect(&network.node, way);
        client.call("update_traits", &json!({"traits": {"mood": count}}));
        eventually(&format!("mood {count} in Python, by {way:?}"), async || {
            let bundle = network.producer.bundle(own).await?;
            (bundle["contents"]["traits"][0]["value"] == count).then_some(())
        })
        .await;
    }

    let output = network.node.command(&["forget", rid]);
    assert!(output.status.success(), "{output:?}");
    network.forgets(rid).await;
    eventually("the dataset gone from Python", async || {
        network.producer.bundle(rid).await.is_none().then_some(())
    })
    .await;

    network.has_a_domain().await;
    network.producer.forget(STATIONS).await;
    network.forgets(STATIONS).await;
}
