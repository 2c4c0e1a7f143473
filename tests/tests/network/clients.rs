//! What official MCP clients see of it.

use koi_tests::{McpClient, eventually};
use serde_json::json;

use crate::{BOB, Network, READINGS, STATIONS, bob, readings, stations};

#[tokio::test]
async fn clients_of_both_eras_list_and_read_and_call_what_python_published() {
    let network = Network::start().await;
    network.has_a_domain().await;
    eventually("Bob's tool", async || {
        let list = network.node.json(&["extension", "list"]);
        list[0]["tools"]
            .as_array()?
            .iter()
            .any(|tool| tool == "bob_sing")
            .then_some(())
    })
    .await;
    for way in McpClient::WAYS {
        let mut client = McpClient::connect(&network.node, way);
        let resources = client.resources();
        for uri in [BOB, READINGS, STATIONS, "agent:bob", "catalog:datasets"] {
            assert!(
                resources.iter().any(|each| each == uri),
                "{way:?}: no {uri} in {resources:?}"
            );
        }
        assert!(
            client.templates().iter().any(|each| each == "agent:{name}"),
            "{way:?}"
        );
        assert_eq!(client.read(BOB), bob(), "{way:?}");
        assert_eq!(client.read("agent:bob"), bob(), "{way:?}");
        assert_eq!(client.read(STATIONS), stations(), "{way:?}");
        let missing = client.try_read("agent:nobody").unwrap_err();
        assert!(
            missing.message.contains("no resource"),
            "{way:?}: {missing:?}"
        );

        let sing = client.tool("bob_sing");
        assert_eq!(
            sing["inputSchema"]["required"],
            json!(["song"]),
            "{way:?}: {sing}"
        );
        let relayed = client.failure("bob_sing", &json!({"song": "Daisy"}));
        assert!(
            relayed.contains("http://127.0.0.1:1/mcp"),
            "{way:?}: {relayed}"
        );
        let misfit = client.failure("bob_sing", &json!({}));
        assert!(misfit.contains("song"), "{way:?}: {misfit}");
        let found = client.call("find_datasets", &json!({"tag": "weather"}));
        assert_eq!(found["datasets"][0]["rid"], STATIONS, "{way:?}: {found}");
        assert_eq!(
            found["datasets"][0]["schema_known"], true,
            "{way:?}: {found}"
        );
        let described = client.call("describe_dataset", &json!({"dataset": "weather/stations"}));
        assert_eq!(
            described["schema"]["definition"],
            readings(),
            "{way:?}: {described}"
        );
        let unknown = client.try_call("bob_dance", &json!({})).unwrap_err();
        assert!(
            unknown.message.contains("bob_dance"),
            "{way:?}: {unknown:?}"
        );
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
        assert_eq!(
            client.call("echo", &json!({"text": "hello"})),
            json!({"text": "hello"})
        );
        client.ignore_news();
    }

    network.producer.forget(BOB).await;
    for client in &mut clients {
        client.is_told_that_tool_is_gone("bob_sing");
        assert!(client.try_read("agent:bob").is_err());
    }
}
