//! The plain HTTP routes.

use koi_mcp_server::McpOptions;
use koi_rid::EventType;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::http::{Served, serve};
use super::node::{Extension, Node, tool};

/// An answer: its status, media type and JSON.
struct Answer {
    status: StatusCode,
    media_type: String,
    json: Value,
    headers: reqwest::header::HeaderMap,
}

async fn send(
    served: &Served,
    method: Method,
    path: &str,
    body: Option<&str>,
    headers: &[(&str, &str)],
) -> Answer {
    let url = format!("http://{}{path}", served.address);
    let mut request = served.client.request(method, url);
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_owned());
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let media_type = headers
        .get("content-type")
        .map(|of| of.to_str().unwrap().to_owned());
    Answer {
        status,
        media_type: media_type.unwrap_or_default(),
        json: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        headers,
    }
}

async fn get(served: &Served, path: &str) -> Answer {
    send(served, Method::GET, path, None, &[]).await
}

async fn post(served: &Served, path: &str, body: &Value) -> Answer {
    send(served, Method::POST, path, Some(&body.to_string()), &[]).await
}

impl Answer {
    /// Whether it is a problem of that status that says as much.
    fn is_problem(&self, status: u16, part: &str) {
        assert_eq!(self.status, status, "{}", self.json);
        assert_eq!(self.media_type, "application/problem+json", "{}", self.json);
        assert_eq!(self.json["status"], status);
        assert!(self.json["title"].is_string());
        let detail = self.json["detail"].as_str().unwrap();
        assert!(detail.contains(part), "{detail}");
    }
}

fn reading(name: &str) -> Value {
    let mut tool = tool(name);
    tool["annotations"] = json!({ "readOnlyHint": true });
    tool
}

#[tokio::test]
async fn tools_are_listed_in_short_and_with_their_schemas() {
    let served = serve(Node::usual()).await;
    let short = get(&served, "/tools/list").await;
    assert_eq!(
        (short.status, &*short.media_type),
        (StatusCode::OK, "application/json")
    );
    let tools = short.json["tools"].as_array().unwrap().clone();
    let echo = tools.iter().find(|tool| tool["name"] == "echo").unwrap();
    let expected = json!({
        "name": "echo",
        "description": "Gives back what it is given",
        "url": "/tools/call/echo",
    });
    assert_eq!(*echo, expected);
    let whole = get(&served, "/tools").await.json;
    let of_mcp = served.all("tools/list", "tools").await.0;
    assert_eq!(whole["tools"], json!(of_mcp));
    assert_eq!(whole.get("nextCursor"), None);
}

#[tokio::test]
async fn long_lists_are_paged() {
    let node = Node::usual();
    let many = (0..450).map(|n| tool(&format!("t{n:03}"))).collect();
    node.install(vec![Extension::of_tools("many", many)]);
    let served = serve(node).await;
    let (mut names, mut path) = (Vec::new(), "/tools/list".to_owned());
    loop {
        let page = get(&served, &path).await.json;
        names.extend(
            page["tools"]
                .as_array()
                .unwrap()
                .iter()
                .map(|tool| tool["name"].clone()),
        );
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        path = format!("/tools/list?cursor={cursor}");
    }
    assert_eq!(names.len(), 450);
    get(&served, "/tools?cursor=nonsense")
        .await
        .is_problem(400, "cursor");
}

#[tokio::test]
async fn stored_knowledge_is_found_by_its_contents() {
    let served = serve(Node::usual()).await;
    for n in 1..=3 {
        let (rid, contents) = (format!("orn:test.note:{n}"), format!(r#"{{"n":{n}}}"#));
        served.node.store(&rid, &contents, EventType::New).await;
    }
    let filter = "filter=%7B%22path%22%3A%22%2Fn%22%2C%22gt%22%3A1%7D";
    let path = format!("/resources/query/orn:test.note?order=-rid&limit=1&{filter}");
    let found = get(&served, &path).await;
    assert_eq!(found.status, 200, "{}", found.json);
    assert_eq!(found.json["resources"][0]["id"], "orn:test.note:3");
    assert_eq!(found.json["resources"][0]["content"], json!({ "n": 3 }));
    assert_eq!(found.json["bounded"], false);
    let next = found.json["nextCursor"].as_str().unwrap();
    let found = get(&served, &format!("{path}&cursor={next}")).await;
    assert_eq!(found.json["resources"][0]["id"], "orn:test.note:2");

    let query = async |rest: &str| get(&served, &format!("/resources/query/{rest}")).await;
    query("orn:test.other").await.is_problem(404, "no resource");
    query("orn:test.note?order=size")
        .await
        .is_problem(400, "no order");
    query("orn:test.note?order=/n")
        .await
        .is_problem(400, "not declared");
    query("orn:test.note?filter=%7B%7D")
        .await
        .is_problem(400, "filter");
    query("orn:test.note?sort=n").await.is_problem(400, "sort");
}

#[tokio::test]
async fn resources_are_listed_and_read_by_their_id() {
    let served = serve(Node::usual()).await;
    let contents = r#"{"b":1,"a":[2]}"#;
    served
        .node
        .store("orn:test.note:a/b c", contents, EventType::New)
        .await;
    let list = get(&served, "/resources/list").await.json;
    let list = list["resources"].as_array().unwrap();
    let note = list
        .iter()
        .find(|of| of["type"] == "orn:test.note")
        .unwrap();
    assert_eq!(note["id"], "orn:test.note:a/b c");
    let read = get(&served, note["url"].as_str().unwrap()).await;
    assert_eq!(read.status, 200, "{}", read.json);
    assert_eq!(read.json["id"], note["id"]);
    assert_eq!(read.json["type"], "orn:test.note");
    assert_eq!(read.json["content"], json!({ "a": [2], "b": 1 }));
    assert_eq!(read.json["meta"]["manifest"]["rid"], note["id"]);
    let agent = get(&served, "/resources/read/agent:bob").await.json;
    assert_eq!(
        (&agent["content"], &agent["type"]),
        (&json!("I am bob"), &json!("text/plain"))
    );
    let picture = get(&served, "/resources/read/agent:picture").await.json;
    assert_eq!(
        (&picture["content"], &picture["encoding"]),
        (&json!("AQID"), &json!("base64"))
    );
    let templated = get(&served, "/resources/read/greeting:world").await;
    assert_eq!(templated.json["content"], "I am world");
    for id in [
        "agent:gone",
        "orn:test.note:none",
        "orn:test.other:x",
        "nothing",
    ] {
        let answer = get(&served, &format!("/resources/read/{id}")).await;
        answer.is_problem(404, "no resource");
    }
    get(&served, "/resources/read/agent:trap")
        .await
        .is_problem(502, "unreachable");
}

#[tokio::test]
async fn a_tool_is_called_with_a_json_body() {
    let served = serve(Node::usual()).await;
    for path in ["/tools/echo", "/tools/call/echo"] {
        let answer = post(&served, path, &json!({ "text": "hello" })).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        assert_eq!(answer.json["structuredContent"], json!({ "text": "hello" }));
        assert_eq!(
            (&answer.json["tool"], &answer.json["isError"]),
            (&json!("echo"), &json!(false))
        );
        assert_eq!(answer.json["content"][0]["type"], "text");
    }
    let empty = send(&served, Method::POST, "/tools/number", None, &[]).await;
    assert_eq!(empty.json["structuredContent"], 7);
    let says_no = post(&served, "/tools/says-no", &json!({})).await;
    assert_eq!(
        (says_no.status, &says_no.json["isError"]),
        (StatusCode::OK, &json!(true))
    );
}

#[tokio::test]
async fn on_whose_behalf_is_no_argument_and_comes_back() {
    let served = serve(Node::usual()).await;
    let body = json!({ "text": "a", "_agent_id": "api_agent", "_session_id": "session123" });
    let answer = post(&served, "/tools/echo", &body).await.json;
    assert_eq!(answer["structuredContent"], json!({ "text": "a" }));
    assert_eq!(answer["_agent_id"], "api_agent");
    assert_eq!(answer["_session_id"], "session123");
    let without = post(&served, "/tools/echo", &json!({ "text": "a" }))
        .await
        .json;
    assert_eq!(without.get("_agent_id"), None);
    for id in [json!("a".repeat(129)), json!({}), json!([1])] {
        let body = json!({ "text": "a", "_agent_id": id });
        post(&served, "/tools/echo", &body)
            .await
            .is_problem(400, "_agent_id");
    }
}

#[tokio::test]
async fn a_tool_that_only_reads_is_called_with_get_and_another_one_is_not() {
    let node = Node::usual();
    let mut echo = reading("echo");
    echo["inputSchema"] = json!({ "type": "object", "properties": {
        "text": { "type": "string" }, "n": { "type": "integer" }, "on": { "type": "boolean" },
        "list": { "type": "array", "items": { "type": "string" } }, "of": { "type": "object" },
    }});
    let writing = Extension::of_tools("writing", vec![tool("number")]);
    node.install(vec![Extension::of_tools("reading", vec![echo]), writing]);
    let served = serve(node).await;
    let query = "text=12&n=12&on=true&list=a&list=2&of=%7B%22a%22%3A1%7D&_agent_id=x";
    let answer = get(&served, &format!("/tools/call/echo?{query}"))
        .await
        .json;
    let expected = json!({
        "text": "12", "n": 12, "on": true, "list": ["a", "2"], "of": { "a": 1 },
    });
    assert_eq!(answer["structuredContent"], expected);
    assert_eq!(answer["_agent_id"], "x");
    let refused = get(&served, "/tools/call/number").await;
    refused.is_problem(405, "POST");
    assert_eq!(refused.headers["allow"], "POST");
    get(&served, "/tools/call/echo?n=many")
        .await
        .is_problem(422, "n");
}

#[tokio::test]
async fn a_failure_has_a_status_that_says_whose_turn_it_is() {
    let served = serve(Node::usual()).await;
    for (tool, status, part) in [
        ("nobody", 404, "`nobody`"),
        ("refuse", 422, "no such dataset"),
        ("later", 503, "try again"),
        ("busy", 503, "all instances"),
        ("spin", 504, "CPU time"),
        ("trap", 502, "unreachable"),
        ("host", 500, "store is closed"),
    ] {
        let answer = post(&served, &format!("/tools/{tool}"), &json!({})).await;
        answer.is_problem(status, part);
        assert_eq!(
            answer.headers.contains_key("retry-after"),
            status == 503,
            "{tool}"
        );
        assert_eq!(
            answer.json.get("correlationId").is_some(),
            status >= 422,
            "{tool}"
        );
    }
    post(&served, "/tools/echo", &json!({}))
        .await
        .is_problem(422, "text");
    post(&served, "/tools/echo", &json!([]))
        .await
        .is_problem(400, "JSON object");
    let malformed = send(&served, Method::POST, "/tools/echo", Some("{"), &[]).await;
    malformed.is_problem(400, "JSON object");
    let other = [("content-type", "text/plain")];
    let url = format!("http://{}/tools/echo", served.address);
    let text = served
        .client
        .post(url)
        .header(other[0].0, other[0].1)
        .body("{}");
    assert_eq!(text.send().await.unwrap().status(), 415);
    let wrong = send(&served, Method::DELETE, "/tools/echo", None, &[]).await;
    wrong.is_problem(405, "openapi.json");
}

#[tokio::test]
async fn the_same_hosts_origins_and_bodies_are_let_in_as_at_mcp() {
    let served = serve(Node::with(McpOptions {
        allowed_hosts: vec!["node.example".to_owned()],
        allowed_origins: vec!["https://app.example:443".to_owned()],
        max_body: 4096,
        ..McpOptions::default()
    }))
    .await;
    for (header, value, status) in [
        ("host", "evil.example", 403),
        ("host", "NODE.example:80", 200),
        ("host", "[::1]:9000", 200),
        ("origin", "http://evil.example", 403),
        ("origin", "null", 403),
        ("origin", "http://localhost:3000", 200),
        ("origin", "https://app.example", 200),
        ("origin", "https://app.example:444", 403),
        // What a page of another site makes a browser send without an `Origin`.
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "none", 200),
        ("sec-fetch-site", "same-origin", 200),
    ] {
        for path in ["/tools", "/openapi.json", "/resources/list"] {
            let answer = send(&served, Method::GET, path, None, &[(header, value)]).await;
            assert_eq!(answer.status, status, "{path}: {header}: {value}");
        }
    }
    let long = json!({ "text": "a".repeat(5000) });
    post(&served, "/tools/echo", &long)
        .await
        .is_problem(413, "4096");
}

#[tokio::test]
async fn a_call_ends_when_its_client_goes() {
    let served = serve(Node::usual()).await;
    let url = format!("http://{}/tools/wait", served.address);
    tokio::select! {
        answered = served.client.post(url).send() => panic!("answered: {answered:?}"),
        () = served.node.call_waits(true) => {}
    }
    served.node.call_waits(false).await;
}

#[tokio::test]
async fn every_route_is_in_the_openapi_document_and_none_besides() {
    let served = serve(Node::usual()).await;
    let document = get(&served, "/openapi.json").await.json;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let paths = document["paths"].as_object().unwrap();
    for (path, item) in paths {
        let at = path
            .replace("{name}", "nobody")
            .replace("{id}", "nothing")
            .replace("{rid-type}", "orn:no.thing");
        for method in item
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "parameters")
        {
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = send(&served, method.clone(), &at, None, &[]).await;
            assert_ne!(answer.status, 405, "{method} {path}");
            let documented = &item[method.as_str().to_lowercase()]["responses"];
            let status = answer.status.as_str();
            assert!(
                documented.get(status).is_some(),
                "{method} {path}: {status}"
            );
        }
    }
    assert_eq!(paths.len(), 7);
}
