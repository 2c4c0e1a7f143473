//! The other way round: from MCP clients to Python.

use koi_tests::{McpClient, eventually};
use serde_json::json;

use crate::{Network, STATIONS};

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
    assert_eq!(
        network.producer.receives(own).await["contents"]["traits"][0]["value"],
        "calm"
    );

    // A trait of its own that can be called runs in the extension.
    client.ignore_news();
    let greet =
        json!({"is_callable": true, "value": {"kind": "template", "template": "Hello {who}"}});
    client.call("update_traits", &json!({"traits": {"greet": greet}}));
    client.is_told_of_tool("rust_greet");
    assert_eq!(
        client.call("rust_greet", &json!({"who": "Bob"})),
        json!({"result": "Hello Bob"})
    );

    // Later changes arrive too, whichever way the client speaks.
    for (count, way) in ways.enumerate() {
        let mut client = McpClient::connect(&network.node, way);
        client.call("update_traits", &json!({"traits": {"mood": count}}));
        eventually(&format!("mood {count} in Python, by {way:?}"), async || {
            let bundle = network.producer.bundle(own).await?;
            let traits = bundle["contents"]["traits"].as_array()?;
            traits
                .iter()
                .any(|each| each["name"] == "mood" && each["value"] == count)
                .then_some(())
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
