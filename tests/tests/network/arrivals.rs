//! What Python publishes, and what becomes of it.

use koi_tests::eventually;
use serde_json::json;

use crate::{BOB, Network, STATIONS, bob, personality, stations};

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
        (
            nowhere,
            json!({"name": "lost", "description": "Has no location", "format": "csv"}),
        ),
        (
            doubled,
            json!({"name": "doubled", "fields": [
            {"name": "id", "type": "string"}, {"name": "id", "type": "int"}]}),
        ),
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
        let line = log
            .lines()
            .find(|line| line.contains(rid) && line.contains("given up"));
        assert!(
            line.is_some_and(|line| line.contains(expected)),
            "{rid} in the log: {line:?}"
        );
    }
    eventually("the node's own personality defended", async || {
        let log = network.node.log();
        log.lines()
            .any(|line| line.contains(own) && line.contains("cannot change"))
            .then_some(())
    })
    .await;
    assert!(network.node.read(own).is_none());

    // What names an unknown schema is marked, not lost.
    network.stores(unknown_schema).await;
    let found = network.node.json(&[
        "call",
        "find_datasets",
        "--args",
        r#"{"schema_known":false}"#,
    ]);
    assert_eq!(
        found["structuredContent"]["datasets"][0]["rid"],
        unknown_schema
    );
}
