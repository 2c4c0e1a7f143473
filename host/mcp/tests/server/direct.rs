//! Requests that are answered without rmcp's service are answered as it answers them.

use serde_json::{Value, json};

use super::http::{Answer, MODERN, modern, serve};
use super::node::{Extension, Node, tool};

/// The headers of a request of the modern era.
fn headers<'a>(method: &'a str, name: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    let mut headers = vec![("mcp-protocol-version", MODERN), ("mcp-method", method)];
    headers.extend(name.map(|name| ("mcp-name", name)));
    headers
}

/// Who wants to hear of progress is answered by rmcp's service.
fn through_rmcp(mut params: Value) -> Value {
    params["_meta"] = json!({ "progressToken": "t" });
    params
}

fn told(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), answer.reply().clone())
}

#[tokio::test]
async fn both_ways_of_answering_give_the_same_answers() {
    let mut tools: Vec<Value> = (0..450).map(|n| tool(&format!("t{n:03}"))).collect();
    tools[7]["description"] = json!("with \"quotes\"\nand lines");
    let node = Node::usual();
    node.install(vec![Extension::usual(), Extension::of_tools("many", tools)]);
    let served = serve(node).await;
    let second = served.modern("tools/list", json!({})).await;
    let second = second.result()["nextCursor"].clone();
    let third = served
        .modern("tools/list", json!({ "cursor": second }))
        .await;
    let third = third.result()["nextCursor"].clone();
    assert!(third.is_string(), "{third}");
    let call = |name: &str, arguments: Value| {
        (
            "tools/call",
            json!({ "name": name, "arguments": arguments }),
        )
    };
    for (method, params) in [
        ("tools/list", json!({})),
        ("tools/list", json!({ "cursor": second })),
        ("tools/list", json!({ "cursor": third })),
        ("tools/list", json!({ "cursor": "" })),
        ("tools/list", json!({ "cursor": "none of ours" })),
        call("echo", json!({ "text": "Gödel \"quoted\"\n" })),
        call("echo", json!({ "text": 1 })),
        call("echo", json!({})),
        ("tools/call", json!({ "name": "picture" })),
        call("number", json!({})),
        call("nonsense", json!({})),
        call("says-no", json!({})),
        call("refuse", json!({})),
        call("later", json!({})),
        call("trap", json!({})),
        call("ask", json!({})),
        call("only-task", json!({})),
        call("no-such-tool", json!({})),
        // Not one of their forms: rmcp judges both.
        ("tools/call", json!({ "name": 1 })),
        ("tools/call", json!({ "name": "echo", "arguments": [] })),
    ] {
        let name = params["name"].as_str().map(str::to_owned);
        let headers = headers(method, name.as_deref());
        let direct = served.post(&modern(method, params.clone()), &headers).await;
        let through = modern(method, through_rmcp(params.clone()));
        let through = served.post(&through, &headers).await;
        assert_eq!(told(&direct), told(&through), "{method} {params}");
    }
}

#[tokio::test]
async fn headers_that_say_something_else_than_the_body_are_refused() {
    let mut tenant = tool("tenant");
    tenant["inputSchema"]["properties"] =
        json!({ "of": { "type": "string", "x-mcp-header": "Tenant" } });
    let node = Node::usual();
    node.install(vec![
        Extension::usual(),
        Extension::of_tools("tenants", vec![tenant]),
    ]);
    let served = serve(node).await;
    let call = |name: &str| {
        modern(
            "tools/call",
            json!({ "name": name, "arguments": { "of": "a", "text": "b" } }),
        )
    };
    let with = |more: &[(&'static str, &'static str)]| {
        [headers("tools/call", Some("tenant")), more.to_vec()].concat()
    };
    for (message, headers) in [
        (call("echo"), headers("tools/call", Some("picture"))),
        (call("echo"), headers("tools/call", None)),
        (call("echo"), headers("tools/list", Some("echo"))),
        (call("tenant"), headers("tools/call", Some("tenant"))),
        (call("tenant"), with(&[("mcp-param-tenant", "b")])),
        (
            modern("tools/list", json!({})),
            headers("tools/call", Some("echo")),
        ),
    ] {
        let answer = served.post(&message, &headers).await;
        assert_eq!(answer.error()["code"], -32020, "{message} {headers:?}");
        assert_eq!(answer.status, 400, "{message} {headers:?}");
    }
    let answer = served
        .post(&call("tenant"), &with(&[("mcp-param-tenant", "a")]))
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.result().is_object());
}

#[tokio::test]
async fn a_request_says_who_asks_and_what_they_can() {
    let served = serve(Node::usual()).await;
    let mut message = modern("tools/list", json!({}));
    let headers = headers("tools/list", None);
    message["params"]["_meta"] = json!({ "io.modelcontextprotocol/protocolVersion": MODERN });
    let answer = served.post(&message, &headers).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.error()["code"]),
        (400, &json!(-32602))
    );
    message["params"]["_meta"] = json!({ "io.modelcontextprotocol/clientCapabilities": {} });
    let answer = served.post(&message, &headers).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.error()["code"]),
        (400, &json!(-32602))
    );
}
