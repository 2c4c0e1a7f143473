//! Who is let in, and how the server stops.

use koi_mcp_server::McpOptions;
use serde_json::json;

use super::http::{Events, MODERN, modern, serve};
use super::node::Node;

#[tokio::test]
async fn only_known_hosts_and_origins_are_served() {
    let options = McpOptions {
        allowed_hosts: vec!["node.example".to_owned()],
        allowed_origins: vec!["https://app.example:443".to_owned()],
        ..McpOptions::default()
    };
    let served = serve(Node::with(options)).await;
    let message = modern("tools/list", json!({}));
    for (header, value, status) in [
        ("host", "evil.example", 403),
        ("host", "node.example", 200),
        ("origin", "http://evil.example", 403),
        ("origin", "null", 403),
        ("origin", "http://localhost:3000", 200),
        ("origin", "https://app.example", 200),
    ] {
        let headers = [
            ("mcp-protocol-version", MODERN),
            ("mcp-method", "tools/list"),
            (header, value),
        ];
        let answer = served.post(&message, &headers).await;
        assert_eq!(answer.status, status, "{header}: {value}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let served = serve(Node::with(McpOptions {
        max_body: 4096,
        ..McpOptions::default()
    }))
    .await;
    let answer = served
        .call("echo", json!({ "text": "a".repeat(5000) }))
        .await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn headers_that_contradict_the_message_are_refused() {
    let served = serve(Node::usual()).await;
    let message = modern(
        "tools/call",
        json!({ "name": "echo", "arguments": { "text": "a" } }),
    );
    let headers = [
        ("mcp-protocol-version", MODERN),
        ("mcp-method", "tools/call"),
        ("mcp-name", "other"),
    ];
    let answer = served.post(&message, &headers).await;
    assert_eq!(answer.error()["code"], -32020);
}

#[tokio::test]
async fn the_server_stops_though_clients_are_connected() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    let mut legacy = session.events().await;
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    let mut modern = Events::of(served.open_modern("subscriptions/listen", filter).await);
    assert!(modern.next().await.is_some());
    served.stop();
    let ended = modern.next().await.unwrap();
    assert_eq!(ended["result"]["resultType"], "complete", "{ended}");
    assert_eq!(modern.next().await, None);
    assert_eq!(legacy.next().await, None);
    served.stopped().await;
}

#[tokio::test]
async fn a_call_that_is_running_is_answered_before_the_server_stops() {
    let served = serve(Node::usual()).await;
    let call = served.call("hold", json!({}));
    let stop = async {
        served.node.call_waits(true).await;
        served.stop();
        served.node.release();
    };
    let (answer, ()) = tokio::join!(call, stop);
    assert_eq!(answer.result()["isError"], false);
    served.stopped().await;
}

#[tokio::test]
async fn a_call_that_takes_too_long_does_not_keep_the_server_from_stopping() {
    let served = serve(Node::usual()).await;
    let call = served.call("hold", json!({}));
    let stop = async {
        served.node.call_waits(true).await;
        served.stop();
    };
    let (answer, ()) = tokio::join!(call, stop);
    assert_eq!(answer.status, 500);
    served.stopped().await;
}
