//! Requests of the modern era.

use serde_json::{Value, json};

use super::http::serve;
use super::node::{Extension, Node, tool};

#[tokio::test]
async fn discovery_names_the_server_and_declares_what_there_is() {
    let served = serve(Node::usual()).await;
    let answer = served.modern("server/discover", json!({})).await;
    let result = answer.result();
    assert_eq!(
        result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "koi-mcp"
    );
    assert_eq!(
        result["capabilities"]["tools"],
        json!({ "listChanged": true })
    );
    assert_eq!(
        result["capabilities"]["resources"],
        json!({ "listChanged": true, "subscribe": true })
    );
    assert_eq!(
        result["capabilities"]["prompts"],
        json!({ "listChanged": true })
    );
    assert_eq!(result["capabilities"]["completions"], json!({}));
    let extensions = &result["capabilities"]["extensions"];
    assert_eq!(*extensions, json!({ "io.modelcontextprotocol/tasks": {} }));
}

#[tokio::test]
async fn what_is_not_declared_is_not_there() {
    let served = serve(Node::usual()).await;
    for (method, params) in [
        ("skills/list", json!({})),
        ("tasks/list", json!({})),
        ("logging/setLevel", json!({ "level": "info" })),
        ("resources/subscribe", json!({ "uri": "agent:bob" })),
        ("ping", json!({})),
        ("no/such", json!({})),
    ] {
        let answer = served.modern(method, params).await;
        assert_eq!(answer.error()["code"], -32601, "{method}");
        assert_eq!(answer.status, 404, "{method}");
    }
}

#[tokio::test]
async fn tools_are_listed_in_the_order_of_their_names_with_all_that_they_say() {
    let served = serve(Node::usual()).await;
    let answer = served.modern("tools/list", json!({})).await;
    let result = answer.result();
    let names: Vec<&str> = result["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["name"].as_str().unwrap())
        .collect();
    assert!(names.is_sorted(), "{names:?}");
    let echo = result["tools"]
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["name"] == "echo")
        .unwrap();
    assert_eq!(echo["title"], "Echo");
    assert_eq!(echo["inputSchema"]["required"], json!(["text"]));
    assert_eq!(result["resultType"], "complete");
    assert!(result["ttlMs"].as_u64().unwrap() > 0);
    assert_eq!(result["cacheScope"], "private");
    assert_eq!(
        result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "koi-mcp"
    );
}

#[tokio::test]
async fn a_list_is_good_for_a_shorter_time_around_a_change() {
    let served = serve(Node::usual()).await;
    let ttl = async |method: &str| {
        let answer = served.modern(method, json!({})).await;
        answer.result()["ttlMs"].as_u64().unwrap()
    };
    served.modern("tools/list", json!({})).await;
    let around = ttl("tools/list").await;
    served.node.install(vec![Extension::usual()]);
    for method in ["tools/list", "prompts/list", "resources/list"] {
        let ttl = ttl(method).await;
        assert!(ttl < 1000 && ttl <= around, "{method}: {ttl}");
    }
}

#[tokio::test]
async fn what_a_tool_says_of_itself_is_in_the_list() {
    let served = serve(Node::usual()).await;
    let (tools, _) = served.all("tools/list", "tools").await;
    let ask = tools.iter().find(|tool| tool["name"] == "ask").unwrap();
    assert_eq!(ask["title"], "Ask");
    assert_eq!(
        ask["annotations"],
        json!({ "readOnlyHint": true, "title": "Asks" })
    );
    assert_eq!(ask["icons"][0]["src"], "https://example.com/ask.png");
    assert_eq!(ask["_meta"]["example.com/colour"], "blue");
}

#[tokio::test]
async fn all_kinds_of_content_go_to_both_eras() {
    let served = serve(Node::usual()).await;
    let expected = json!([
        { "type": "text", "text": "a", "annotations": { "priority": 0.5 } },
        { "type": "image", "data": "AAAA", "mimeType": "image/png" },
        { "type": "audio", "data": "AAAA", "mimeType": "audio/wav" },
        { "type": "resource_link", "uri": "agent:bob", "name": "bob" },
        { "type": "resource", "resource": {
            "uri": "agent:bob", "mimeType": "text/plain", "text": "I am bob",
        }},
    ]);
    let modern = served.call("everything", json!({})).await;
    assert_eq!(modern.result()["content"], expected);
    let session = served.session().await;
    let call = json!({ "name": "everything", "arguments": {} });
    let legacy = session.request("tools/call", call).await;
    assert_eq!(legacy.result()["content"], expected);
}

#[tokio::test]
async fn a_long_list_comes_in_pages_that_together_are_the_list() {
    let served = serve(Node::usual()).await;
    let many = (0..450).map(|n| tool(&format!("tool-{n:03}"))).collect();
    served.node.install(vec![Extension::of_tools("many", many)]);
    let (tools, pages) = served.all("tools/list", "tools").await;
    let names: Vec<&str> = tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    let expected: Vec<String> = (0..450).map(|n| format!("tool-{n:03}")).collect();
    assert_eq!(names, expected);
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn a_cursor_of_somebody_elses_making_is_refused() {
    let served = serve(Node::usual()).await;
    for method in [
        "tools/list",
        "resources/list",
        "resources/templates/list",
        "prompts/list",
    ] {
        for cursor in ["nonsense", "", "bnVsbA", &"A".repeat(100_000)] {
            let answer = served.modern(method, json!({ "cursor": cursor })).await;
            assert_eq!(answer.error()["code"], -32602, "{method} {cursor:.20}");
        }
    }
}

#[tokio::test]
async fn a_call_gives_the_structured_content_and_the_same_as_text() {
    let served = serve(Node::usual()).await;
    let answer = served.call("echo", json!({ "text": "hello" })).await;
    assert_eq!(answer.headers["content-type"], "application/json");
    let result = answer.result();
    assert_eq!(result["structuredContent"], json!({ "text": "hello" }));
    let text = result["content"][0]["text"].as_str().unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(text).unwrap(),
        json!({ "text": "hello" })
    );
    assert_eq!(result["isError"], false);
}

#[tokio::test]
async fn structured_content_may_be_any_json() {
    let served = serve(Node::usual()).await;
    assert_eq!(
        served.call("number", json!({})).await.result()["structuredContent"],
        7
    );
}

#[tokio::test]
async fn content_of_the_extensions_own_goes_as_it_is() {
    let served = serve(Node::usual()).await;
    let answer = served.call("picture", json!({})).await;
    let expected = json!([
        { "type": "text", "text": "a dot" },
        { "type": "image", "data": "AAAA", "mimeType": "image/png" },
    ]);
    assert_eq!(answer.result()["content"], expected);
    assert_eq!(answer.result().get("structuredContent"), None);
}

#[tokio::test]
async fn a_tool_that_was_just_installed_can_be_called_and_one_that_was_removed_cannot() {
    let served = serve(Node::usual()).await;
    served
        .node
        .install(vec![Extension::of_tools("new", vec![tool("picture")])]);
    assert_eq!(
        served.call("picture", json!({})).await.result()["isError"],
        false
    );
    assert_eq!(
        served.call("echo", json!({ "text": "a" })).await.error()["code"],
        -32602
    );
    let (tools, _) = served.all("tools/list", "tools").await;
    assert_eq!(tools.len(), 1);
}

#[tokio::test]
async fn progress_comes_before_the_result_under_the_callers_token() {
    let served = serve(Node::usual()).await;
    let meta = json!({ "progressToken": "p1" });
    let params = json!({ "name": "steps", "arguments": {}, "_meta": meta });
    let answer = served.modern("tools/call", params).await;
    let progress: Vec<&Value> = answer
        .messages
        .iter()
        .filter(|message| message["method"] == "notifications/progress")
        .map(|message| &message["params"])
        .collect();
    assert_eq!(progress.len(), 3, "{:?}", answer.messages);
    assert!(
        progress
            .iter()
            .all(|p| p["progressToken"] == "p1" && p["total"] == 100.0)
    );
    assert_eq!(progress[1]["progress"], 50.0);
    assert_eq!(answer.messages.len(), 4);
    assert_eq!(answer.result()["isError"], false);
}

#[tokio::test]
async fn messages_go_to_who_asked_for_them_and_from_that_level_on() {
    let served = serve(Node::usual()).await;
    let meta = json!({ "io.modelcontextprotocol/logLevel": "info" });
    let params = json!({ "name": "steps", "arguments": {}, "_meta": meta });
    let answer = served.modern("tools/call", params).await;
    let levels: Vec<&Value> = answer
        .messages
        .iter()
        .filter(|message| message["method"] == "notifications/message")
        .map(|message| &message["params"]["level"])
        .collect();
    assert_eq!(levels, ["info", "info", "info"]);
    let silent = served.call("steps", json!({})).await;
    assert_eq!(silent.messages.len(), 1);
}

#[tokio::test]
async fn a_guest_can_ask_who_calls_it() {
    let served = serve(Node::usual()).await;
    let one = served.call("who", json!({})).await.result()["structuredContent"].clone();
    let other = served.call("who", json!({})).await.result()["structuredContent"].clone();
    assert_eq!(one["kind"], "tool");
    assert_ne!(one["correlation-id"], other["correlation-id"]);
}

#[tokio::test]
async fn a_client_that_goes_ends_the_guests_work() {
    let served = serve(Node::usual()).await;
    let call = json!({ "name": "wait", "arguments": {} });
    {
        let request = served.open_modern("tools/call", call);
        tokio::pin!(request);
        tokio::select! {
            response = &mut request => panic!("answered: {response:?}"),
            () = served.node.call_waits(true) => {}
        }
    }
    served.node.call_waits(false).await;
}
