//! What clients of both eras hear of by themselves.

use koi_rid::{EventType, Rid};
use serde_json::{Value, json};

use super::http::{Events, Served, serve};
use super::node::{Extension, Node, tool};

const TOOLS: &str = "notifications/tools/list_changed";
const RESOURCES: &str = "notifications/resources/list_changed";
const UPDATED: &str = "notifications/resources/updated";

fn more() -> Extension {
    Extension::of_tools("more", vec![tool("extra")])
}

/// Listens as the modern era has it, the acknowledgement read.
async fn listen(served: &Served, filter: Value) -> Events {
    let response = served
        .open_modern("subscriptions/listen", json!({ "notifications": filter }))
        .await;
    let mut events = Events::of(response);
    assert_eq!(
        events.next_method().await,
        "notifications/subscriptions/acknowledged"
    );
    events
}

#[tokio::test]
async fn clients_of_both_eras_hear_that_the_tools_have_changed() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    let mut legacy = session.events().await;
    let mut modern = listen(&served, json!({ "toolsListChanged": true })).await;
    served.node.install(vec![Extension::usual(), more()]);
    assert_eq!(legacy.next_method().await, TOOLS);
    let notice = modern.next().await.unwrap();
    assert_eq!(notice["method"], TOOLS);
    assert_eq!(
        notice["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"],
        1
    );
    let (tools, _) = served.all("tools/list", "tools").await;
    assert!(tools.iter().any(|tool| tool["name"] == "extra"));
}

#[tokio::test]
async fn a_new_snapshot_with_the_same_lists_is_no_news() {
    let served = serve(Node::usual()).await;
    let mut events = listen(
        &served,
        json!({ "toolsListChanged": true, "resourcesListChanged": true }),
    )
    .await;
    served.node.install(vec![Extension::usual()]);
    served
        .node
        .store("orn:test.note:a", "{}", EventType::New)
        .await;
    assert_eq!(events.next_method().await, RESOURCES);
}

#[tokio::test]
async fn a_list_that_somebody_has_already_asked_for_is_news_to_the_others() {
    let served = serve(Node::usual()).await;
    let mut events = listen(&served, json!({ "toolsListChanged": true })).await;
    served.node.install(vec![Extension::usual(), more()]);
    served.all("tools/list", "tools").await;
    assert_eq!(events.next_method().await, TOOLS);
}

#[tokio::test]
async fn many_bundles_at_once_are_one_notice() {
    let served = serve(Node::usual()).await;
    let mut events = listen(
        &served,
        json!({ "toolsListChanged": true, "resourcesListChanged": true }),
    )
    .await;
    for n in 0..50 {
        let rid = Rid::parse(&format!("orn:test.note:{n}")).unwrap();
        served.node.tell(rid, EventType::New);
    }
    assert_eq!(events.next_method().await, RESOURCES);
    served.node.install(vec![Extension::usual(), more()]);
    assert_eq!(events.next_method().await, TOOLS);
}

#[tokio::test]
async fn an_update_is_told_to_those_who_subscribed_to_that_resource() {
    let served = serve(Node::usual()).await;
    served
        .node
        .store("orn:test.note:a", "{}", EventType::New)
        .await;
    let session = served.session().await;
    let mut legacy = session.events().await;
    session
        .request("resources/subscribe", json!({ "uri": "orn:test.note:a" }))
        .await
        .result();
    let mut modern = listen(
        &served,
        json!({ "resourceSubscriptions": ["orn:test.note:a"] }),
    )
    .await;
    served
        .node
        .store("orn:test.note:b", r#"{"n":1}"#, EventType::Update)
        .await;
    served
        .node
        .store("orn:test.note:a", r#"{"n":1}"#, EventType::Update)
        .await;
    let updated = |message: Value| {
        (
            message["method"].as_str().unwrap().to_owned(),
            message["params"]["uri"].clone(),
        )
    };
    let expected = (UPDATED.to_owned(), json!("orn:test.note:a"));
    assert_eq!(updated(modern.next().await.unwrap()), expected);
    // The news of the first bundle may come before.
    let mut heard = updated(legacy.next().await.unwrap());
    if heard.0 == RESOURCES {
        heard = updated(legacy.next().await.unwrap());
    }
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn who_has_unsubscribed_hears_no_more() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    let mut events = session.events().await;
    for uri in ["orn:test.note:a", "orn:test.note:b"] {
        session
            .request("resources/subscribe", json!({ "uri": uri }))
            .await
            .result();
    }
    session
        .request("resources/unsubscribe", json!({ "uri": "orn:test.note:a" }))
        .await
        .result();
    served
        .node
        .store("orn:test.note:a", "{}", EventType::Update)
        .await;
    served
        .node
        .store("orn:test.note:b", "{}", EventType::Update)
        .await;
    assert_eq!(
        events.next().await.unwrap()["params"]["uri"],
        "orn:test.note:b"
    );
}

#[tokio::test]
async fn a_resource_that_an_extension_makes_of_knowledge_changes_with_it() {
    let served = serve(Node::usual()).await;
    let filter = json!({ "resourceSubscriptions": ["agent:bob", "greeting:eve", "agent:none"] });
    let mut events = listen(&served, filter).await;
    served
        .node
        .store("orn:test.note:a", "{}", EventType::Update)
        .await;
    for expected in ["agent:bob", "greeting:eve"] {
        assert_eq!(events.next().await.unwrap()["params"]["uri"], expected);
    }
}

#[tokio::test]
async fn a_forgotten_bundle_is_gone_from_the_list_and_its_readers_hear_of_it() {
    let served = serve(Node::usual()).await;
    served
        .node
        .store("orn:test.note:a", "{}", EventType::Update)
        .await;
    let filter =
        json!({ "resourcesListChanged": true, "resourceSubscriptions": ["orn:test.note:a"] });
    let mut events = listen(&served, filter).await;
    served.node.forget("orn:test.note:a").await;
    assert!(events.next_two().await.keys().eq([RESOURCES, UPDATED]));
}

#[tokio::test]
async fn a_client_subscribes_to_so_many_resources_and_no_more() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    for n in 0..1024 {
        session
            .request("resources/subscribe", json!({ "uri": format!("a:{n}") }))
            .await
            .result();
    }
    let answer = session
        .request("resources/subscribe", json!({ "uri": "a:one-more" }))
        .await;
    assert!(answer.error()["message"].as_str().unwrap().contains("1024"));
    session
        .request("resources/subscribe", json!({ "uri": "a:1" }))
        .await
        .result();
}

#[tokio::test]
async fn a_client_that_does_not_read_keeps_nobody_else_waiting() {
    let served = serve(Node::usual()).await;
    let deaf = served.session().await;
    let _unread = deaf.events().await;
    // More than sockets take in, again and again.
    let rids: Vec<Rid> = (0..500)
        .map(|n| Rid::parse(&format!("orn:test.note:{n}-{}", "x".repeat(3500))).unwrap())
        .collect();
    for rid in &rids {
        let params = json!({ "uri": rid.as_str() });
        deaf.request("resources/subscribe", params).await.result();
    }
    let session = served.session().await;
    let mut events = session.events().await;
    for n in 0..12 {
        for rid in &rids {
            served.node.tell(rid.clone(), EventType::Update);
        }
        let installed = if n % 2 == 0 {
            vec![Extension::usual(), more()]
        } else {
            vec![more()]
        };
        served.node.install(installed);
        while events.next_method().await != TOOLS {}
    }
}
