//! What agents are told when a call fails.

use serde_json::json;

use super::http::serve;
use super::node::Node;

#[tokio::test]
async fn arguments_that_do_not_fit_are_a_failed_call_that_says_what_is_wrong() {
    let served = serve(Node::usual()).await;
    let answer = served.call("echo", json!({ "text": 1 })).await;
    let text = answer.result()["content"][0]["text"].as_str().unwrap();
    assert_eq!(answer.result()["isError"], true);
    assert!(text.contains("echo") && text.contains("text"), "{text}");
    let missing = served.modern("tools/call", json!({ "name": "echo" })).await;
    assert_eq!(missing.result()["isError"], true);
}

#[tokio::test]
async fn an_unknown_tool_is_an_error_of_the_protocol() {
    let served = serve(Node::usual()).await;
    let answer = served.call("nobody", json!({})).await;
    assert_eq!(answer.error()["code"], -32602);
    assert!(
        answer.error()["message"]
            .as_str()
            .unwrap()
            .contains("nobody")
    );
}

#[tokio::test]
async fn a_failure_that_the_guest_tells_of_reaches_the_agent_in_the_guests_words() {
    let served = serve(Node::usual()).await;
    for (tool, words) in [
        ("refuse", "no such dataset"),
        ("later", "try again"),
        ("says-no", "no"),
    ] {
        let answer = served.call(tool, json!({})).await;
        assert_eq!(answer.result()["isError"], true, "{tool}");
        assert_eq!(
            answer.result()["content"],
            json!([{ "type": "text", "text": words }])
        );
    }
}

#[tokio::test]
async fn a_call_that_was_ended_says_why_and_whose_it_was() {
    let served = serve(Node::usual()).await;
    for (tool, reason) in [
        ("spin", "limits.cpu"),
        ("trap", "crashed"),
        ("busy", "all instances are taken"),
    ] {
        let answer = served.call(tool, json!({})).await;
        assert_eq!(answer.result()["isError"], true, "{tool}");
        let text = answer.result()["content"][0]["text"].as_str().unwrap();
        assert!(
            text.contains(reason) && text.contains(tool) && text.contains("usual"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_failure_of_the_host_is_an_internal_error_with_a_correlation_id() {
    let served = serve(Node::usual()).await;
    let answer = served.call("host", json!({})).await;
    assert_eq!(answer.error()["code"], -32603);
    assert!(answer.error()["data"]["correlationId"].is_string());
}

#[tokio::test]
async fn content_that_mcp_does_not_know_is_a_failed_call() {
    let served = serve(Node::usual()).await;
    let answer = served.call("nonsense", json!({})).await;
    assert_eq!(answer.result()["isError"], true);
    let text = answer.result()["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("smell"), "{text}");
}
