//! Who is let in, and how the server stops.

use std::time::Duration;

use koi_mcp_server::McpOptions;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::http::{MODERN, modern, serve};
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
    let node = Node::usual();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stop = CancellationToken::new();
    let (server, stopping) = (node.server.clone(), stop.clone());
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let serving =
        tokio::spawn(async move { server.serve(listener, stopping.cancelled_owned()).await });
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    let listening = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut stream = listening
        .post(url)
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", MODERN)
        .header("mcp-method", "subscriptions/listen")
        .json(&modern("subscriptions/listen", filter))
        .send()
        .await
        .unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    stop.cancel();
    while let Ok(Some(_)) = stream.chunk().await {}
    tokio::time::timeout(Duration::from_secs(5), serving)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}
