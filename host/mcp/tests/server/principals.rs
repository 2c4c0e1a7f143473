//! Bearer tokens: who is let in, and what is whose.

use std::collections::BTreeMap;

use koi_mcp_server::{McpOptions, TokenDigest};
use serde_json::{Value, json};

use super::http::{Served, initialize, serve};
use super::node::Node;

const ALICE: &str = "Bearer alice-token";
const BOB: &str = "Bearer bob-token";

/// The SHA-256 of `alice-token` and of `bob-token`.
const DIGESTS: [(&str, &str); 2] = [("alice", ALICE_DIGEST), ("bob", BOB_DIGEST)];
const ALICE_DIGEST: &str = "9c220f200955d76c0a38d308225e0ef10c5f971acaf2f8d1d8f732affa5bd1dc";
const BOB_DIGEST: &str = "97dd3707015dcf069cf73022ed7173b1165db6eff24b441cb57fd069a8c4e525";

pub fn with_tokens(options: McpOptions) -> McpOptions {
    let digest = |(name, hex): (&str, &str)| (name.to_owned(), TokenDigest::parse(hex).unwrap());
    McpOptions {
        tokens: BTreeMap::from(DIGESTS.map(digest)),
        ..options
    }
}

async fn begin(served: &Served, token: &str) -> String {
    let answer = served
        .post(&initialize(), &[("authorization", token)])
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let id = answer.headers["mcp-session-id"].to_str().unwrap();
    id.to_owned()
}

async fn ping(served: &Served, token: &str, session: &str) -> u16 {
    let message = json!({ "jsonrpc": "2.0", "id": 3, "method": "ping" });
    let headers = [("authorization", token), ("mcp-session-id", session)];
    served.post(&message, &headers).await.status.as_u16()
}

#[tokio::test]
async fn without_a_valid_token_nothing_is_served() {
    let served = serve(Node::with(with_tokens(McpOptions::default()))).await;
    let answer = served.post(&initialize(), &[]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
    assert_eq!(answer.messages, Vec::<Value>::new());
    let wrong = served
        .post(&initialize(), &[("authorization", "Bearer alice")])
        .await;
    assert_eq!(wrong.status, 401);
    assert_eq!(
        wrong.headers["www-authenticate"],
        "Bearer error=\"invalid_token\""
    );
    let list = served.modern("tools/list", json!({})).await;
    assert_eq!(list.status, 401);
    for method in ["GET", "DELETE", "OPTIONS"] {
        assert_eq!(served.send(method, &[]).await.status(), 401, "{method}");
    }
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-protocol", "mcp"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    assert_eq!(served.send("GET", &upgrade).await.status(), 401);
}

#[tokio::test]
async fn a_call_knows_whose_it_is() {
    let served = serve(Node::with(with_tokens(McpOptions::default()))).await;
    for (token, name) in [(ALICE, "alice"), (BOB, "bob")] {
        let id = begin(&served, token).await;
        let call = json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call",
            "params": { "name": "who", "arguments": {} } });
        let headers = [("authorization", token), ("mcp-session-id", &*id)];
        let answer = served.post(&call, &headers).await;
        assert_eq!(answer.result()["structuredContent"]["principal"], name);
    }
    let local = serve(Node::usual()).await;
    let answer = local.call("who", json!({})).await;
    let who = &answer.result()["structuredContent"];
    assert!(who.is_object() && who.get("principal").is_none(), "{who}");
}

#[tokio::test]
async fn a_session_is_unknown_to_all_but_its_principal() {
    let served = serve(Node::with(with_tokens(McpOptions::default()))).await;
    let id = begin(&served, ALICE).await;
    for method in ["GET", "DELETE"] {
        let headers = [("authorization", BOB), ("mcp-session-id", &*id)];
        assert_eq!(
            served.send(method, &headers).await.status(),
            404,
            "{method}"
        );
    }
    assert_eq!(ping(&served, BOB, &id).await, 404);
    assert_eq!(ping(&served, ALICE, &id).await, 200);
    let served = served.restart(with_tokens(McpOptions::default())).await;
    assert_eq!(ping(&served, BOB, &id).await, 404);
    assert_eq!(ping(&served, ALICE, &id).await, 200);
    // Without tokens everybody is the local client, whose it is not either.
    let served = served.restart(McpOptions::default()).await;
    assert_eq!(ping(&served, ALICE, &id).await, 404);
}
