//! Sessions of the legacy era.

use koi_mcp_server::McpOptions;
use serde_json::json;

use super::http::{initialize, serve};
use super::node::Node;

#[tokio::test]
async fn a_session_begins_with_the_servers_name_and_capabilities() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    assert_eq!(session.initialized["serverInfo"]["name"], "koi-mcp");
    assert_eq!(session.initialized["protocolVersion"], "2025-11-25");
    let capabilities = &session.initialized["capabilities"];
    assert_eq!(capabilities["prompts"], json!({ "listChanged": true }));
    // Tasks are of the modern era.
    assert_eq!(capabilities.get("extensions"), None);
    assert!(
        session
            .request("ping", json!({}))
            .await
            .result()
            .is_object()
    );
}

#[tokio::test]
async fn results_have_the_form_of_the_era() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    let call = json!({ "name": "echo", "arguments": { "text": "hello" } });
    let answer = session.request("tools/call", call).await;
    assert_eq!(
        answer.result()["structuredContent"],
        json!({ "text": "hello" })
    );
    assert_eq!(answer.result().get("resultType"), None);
    assert_eq!(answer.result().get("_meta"), None);
}

#[tokio::test]
async fn structured_content_that_the_era_does_not_know_is_there_as_text_only() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    let answer = session
        .request("tools/call", json!({ "name": "number" }))
        .await;
    assert_eq!(answer.result().get("structuredContent"), None);
    assert_eq!(
        answer.result()["content"],
        json!([{ "type": "text", "text": "7" }])
    );
    let list = session.request("tools/list", json!({})).await;
    let tools = list.result()["tools"].as_array().unwrap();
    let has_output = |name: &str| {
        tools
            .iter()
            .find(|tool| tool["name"] == name)
            .unwrap()
            .get("outputSchema")
            .is_some()
    };
    assert!(has_output("echo") && !has_output("number"));
}

#[tokio::test]
async fn what_is_not_declared_is_not_there() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    for method in ["skills/list", "tasks/list", "no/such"] {
        let answer = session.request(method, json!({})).await;
        assert_eq!(answer.error()["code"], -32601, "{method}");
    }
}

#[tokio::test]
async fn progress_comes_before_the_result() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    let meta = json!({ "progressToken": 5 });
    let call = json!({ "name": "steps", "arguments": {}, "_meta": meta });
    let answer = session.request("tools/call", call).await;
    let progress = answer
        .messages
        .iter()
        .filter(|m| m["params"]["progressToken"] == 5)
        .count();
    assert_eq!(progress, 3, "{:?}", answer.messages);
    assert_eq!(answer.result()["isError"], false);
}

#[tokio::test]
async fn messages_come_from_the_level_on_that_the_client_set() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    let mut events = session.events().await;
    let call = json!({ "name": "steps", "arguments": {} });
    session
        .request("logging/setLevel", json!({ "level": "error" }))
        .await
        .result();
    session.request("tools/call", call.clone()).await.result();
    session
        .request("logging/setLevel", json!({ "level": "debug" }))
        .await
        .result();
    session.request("tools/call", call).await.result();
    for expected in ["info", "debug", "info", "debug", "info", "debug"] {
        assert_eq!(events.next().await.unwrap()["params"]["level"], expected);
    }
}

#[tokio::test]
async fn a_cancelled_call_ends_the_guests_work() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    let call = session.request("tools/call", json!({ "name": "wait", "arguments": {} }));
    let cancel = async {
        served.node.call_waits(true).await;
        session
            .notify("notifications/cancelled", json!({ "requestId": 7 }))
            .await;
        served.node.call_waits(false).await;
    };
    tokio::join!(call, cancel);
}

#[tokio::test]
async fn beyond_the_most_sessions_another_one_is_refused_until_one_ends() {
    let options = McpOptions {
        max_sessions: 2,
        ..McpOptions::default()
    };
    let served = serve(Node::with(options)).await;
    let (one, two) = (served.session().await, served.session().await);
    let refused = served.post(&initialize(), &[]).await;
    assert_eq!(refused.status, 503);
    assert!(refused.headers.contains_key("retry-after"));
    assert!(refused.text.contains("2 sessions"), "{}", refused.text);
    two.request("ping", json!({})).await.result();
    assert_eq!(
        served.call("echo", json!({ "text": "a" })).await.status,
        200
    );
    served.end(&one.id).await;
    served.session().await;
}

#[tokio::test]
async fn a_session_that_has_ended_is_not_found() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    served.end(&session.id).await;
    assert_eq!(session.request("ping", json!({})).await.status, 404);
}
