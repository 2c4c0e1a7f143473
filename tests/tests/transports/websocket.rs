//! MCP over WebSocket, with a client of somebody else's.

use koi_tests::{Node, WebSocketClient};
use serde_json::{Value, json};

use crate::{BOB, LEGACY, MODERN, builder, initialize, publish_bob};

const TOOLS: &str = "notifications/tools/list_changed";
const UPDATED: &str = "notifications/resources/updated";

fn node(folder: &tempfile::TempDir) -> Node {
    let node = builder(folder).start();
    node.install("agent-personality");
    node
}

fn modern(id: u64, method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn legacy(id: u64, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn call(text: &str) -> Value {
    json!({"name": "echo", "arguments": {"text": text}})
}

#[test]
fn a_legacy_client_calls_and_is_told_of_changes() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(&folder);
    let mut client = WebSocketClient::connect(&node, &[]);
    assert_eq!(client.ready["subprotocol"], "mcp", "{}", client.ready);
    let begun = client.request(&initialize()).message;
    assert_eq!(begun["result"]["protocolVersion"], LEGACY, "{begun}");
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let subscribe = legacy(1, "resources/subscribe", json!({"uri": BOB}));
    assert!(client.request(&subscribe).message["result"].is_object());
    node.install("echo");
    client.heard(TOOLS);
    let answer = client
        .request(&legacy(2, "tools/call", call("hello")))
        .message;
    assert_eq!(
        answer["result"]["structuredContent"]["text"], "hello",
        "{answer}"
    );
    publish_bob(&node, folder.path(), "calm");
    let updated = client.heard(UPDATED);
    assert_eq!(updated["params"]["uri"], BOB);
}

#[test]
fn a_modern_client_calls_and_is_told_of_changes() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(&folder);
    let mut client = WebSocketClient::connect(&node, &[]);
    let discovered = client
        .request(&modern(1, "server/discover", json!({})))
        .message;
    assert!(
        discovered["result"]["supportedVersions"]
            .to_string()
            .contains(MODERN),
        "{discovered}"
    );
    let wanted = json!({"toolsListChanged": true, "resourceSubscriptions": [BOB]});
    client.send(&modern(
        2,
        "subscriptions/listen",
        json!({"notifications": wanted}),
    ));
    client.heard("notifications/subscriptions/acknowledged");
    node.install("echo");
    client.heard(TOOLS);
    let answer = client
        .request(&modern(3, "tools/call", call("hello")))
        .message;
    assert_eq!(answer["result"]["resultType"], "complete", "{answer}");
    assert_eq!(
        answer["result"]["structuredContent"]["text"], "hello",
        "{answer}"
    );
    publish_bob(&node, folder.path(), "calm");
    assert_eq!(client.heard(UPDATED)["params"]["uri"], BOB);
}

#[test]
fn large_messages_are_compressed_and_small_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(&folder);
    node.install("echo");
    let large = "all work and no play ".repeat(1000);
    let mut client = WebSocketClient::connect(&node, &[]);
    assert_eq!(client.ready["extensions"], json!(["permessage-deflate"]));
    let small = client.request(&modern(1, "tools/call", call("hello")));
    assert!(!small.compressed, "{small:?}");
    let answer = client.request(&modern(2, "tools/call", call(&large)));
    assert_eq!(answer.message["result"]["structuredContent"]["text"], large);
    assert!(answer.compressed, "{} bytes", answer.wire);
    assert!(answer.wire < 4096, "{} bytes", answer.wire);
    let again = client.request(&modern(3, "tools/call", call("hello")));
    assert!(!again.compressed, "{again:?}");
    // A client that cannot gets everything as it is.
    let mut plain = WebSocketClient::connect(&node, &["--plain"]);
    assert_eq!(plain.ready["extensions"], json!([]));
    let answer = plain.request(&modern(1, "tools/call", call(&large)));
    assert_eq!(answer.message["result"]["structuredContent"]["text"], large);
    assert!(!answer.compressed);
}

#[test]
fn what_is_no_message_is_answered_and_what_is_too_large_ends_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(&folder);
    let mut client = WebSocketClient::connect(&node, &[]);
    client.send_text("not JSON");
    assert_eq!(client.receive().message["error"]["code"], -32700);
    assert!(
        client.request(&modern(1, "tools/list", json!({}))).message["result"].is_object(),
        "it goes on"
    );
    // Compressed it would be small.
    client.send(&modern(2, "tools/call", call(&"x".repeat(5 << 20))));
    assert_eq!(client.closed(), Some(1009));
}

#[test]
fn the_token_is_asked_for_on_websockets_too() {
    let folder = tempfile::tempdir().unwrap();
    // The SHA-256 of `alice-token`.
    let digest = "9c220f200955d76c0a38d308225e0ef10c5f971acaf2f8d1d8f732affa5bd1dc";
    let node = builder(&folder)
        .env("KOI_MCP_MCP__TOKENS__ALICE", digest)
        .start();
    let refused = WebSocketClient::connect(&node, &[]);
    assert_eq!(refused.ready, json!({"event": "refused", "status": 401}));
    let mut client = WebSocketClient::connect(&node, &["--token", "alice-token"]);
    assert_eq!(client.ready["subprotocol"], "mcp", "{}", client.ready);
    let answer = client.request(&modern(1, "tools/list", json!({}))).message;
    assert!(answer["result"].is_object(), "{answer}");
    assert!(!node.log().contains("alice-token"));
}
