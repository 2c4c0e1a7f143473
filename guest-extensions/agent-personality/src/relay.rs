//! Calls of traits that run at another agent's own MCP server.
//!
//! The URL comes from the agent's profile, so from a stranger: it is called only where the operator
//! granted requests to its host.

use koi_extension::http::{Request, Response};
use koi_extension::prelude::*;
use serde_json::{Value, json};

/// The protocol version of requests that need no session.
const PROTOCOL: &str = "2026-07-28";

/// The identifier of the one request.
const ID: u64 = 1;

/// Calls a tool of the MCP server at a URL.
///
/// # Errors
/// `denied` without the grant for its host, `permanent` with the server's own words if it refuses,
/// else as the request fails.
pub fn call(url: &str, tool: &str, arguments: &Json) -> Result<ToolResult> {
    let message = json!({
        "jsonrpc": "2.0",
        "id": ID,
        "method": "tools/call",
        "params": {
            "name": tool,
            "arguments": arguments.to::<Value>()?,
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": PROTOCOL,
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    });
    let answer = Request::post(url)
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", PROTOCOL)
        .header("mcp-method", "tools/call")
        .header("mcp-name", tool)
        .json(&message)?
        .send()?;
    let reply = reply(answer)?;
    match &reply["error"]["message"] {
        Value::String(reason) => Err(Error::permanent(format!("it refused: {reason}"))),
        _ => result(&reply["result"]),
    }
}

/// The message that answers the request. Servers refuse with a status and a message both.
fn reply(answer: Response) -> Result<Value> {
    let kind = answer.header("content-type").unwrap_or_default();
    if kind.starts_with("text/event-stream") {
        let mut messages = answer.text()?.lines().filter_map(|line| {
            let data = line.strip_prefix("data:")?;
            serde_json::from_str::<Value>(data.trim()).ok()
        });
        return messages
            .rfind(|message| message["id"] == ID)
            .ok_or_else(|| Error::permanent("its answer came without a result"));
    }
    if kind.starts_with("application/json") {
        return answer.json();
    }
    answer.accepted()?.json()
}

fn result(result: &Value) -> Result<ToolResult> {
    let blocks = result["content"].as_array().map_or(&[][..], Vec::as_slice);
    if result["isError"] == true {
        let texts: Vec<&str> = blocks
            .iter()
            .filter_map(|block| block["text"].as_str())
            .collect();
        return Ok(ToolResult::failure(texts.join("\n")));
    }
    let answer = match &result["structuredContent"] {
        Value::Null => ToolResult::default(),
        structured => ToolResult::structured(structured)?,
    };
    Ok(blocks
        .iter()
        .fold(answer, |answer, block| answer.and_block(block.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use koi_extension::testing::Node;

    fn served(kind: &'static str, body: impl Into<Vec<u8>>) -> Result<ToolResult> {
        let (node, body) = (Node::fresh(), body.into());
        node.serve(move |request| {
            assert_eq!(request.url, "http://bob/mcp");
            let sent: Value = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(sent["params"]["name"], "bob_greet");
            assert_eq!(sent["params"]["arguments"], json!({ "who": "Eve" }));
            Ok(Response {
                status: 200,
                headers: vec![("content-type".into(), kind.into())],
                body: body.clone(),
            })
        });
        let arguments = Json::parse(r#"{"who":"Eve"}"#)?;
        call("http://bob/mcp", "bob_greet", &arguments)
    }

    #[test]
    fn an_answer_comes_back_as_json_or_as_a_stream() {
        let reply = json!({ "jsonrpc": "2.0", "id": 1, "result": {
            "content": [{ "type": "text", "text": "Hello" }],
            "structuredContent": { "result": "Hello" }
        }})
        .to_string();
        let stream = format!(
            "data: {{\"method\":\"notifications/progress\"}}\n\nevent: message\ndata: {reply}\n\n"
        );
        for (kind, body) in [("application/json", reply), ("text/event-stream", stream)] {
            let answer = served(kind, body).unwrap();
            assert_eq!(answer.structured_as(), Some(json!({ "result": "Hello" })));
            assert_eq!(answer.content().len(), 1);
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words_and_a_failure_stays_one() {
        let refusal = json!({ "id": 1, "error": { "code": -32602, "message": "no such tool" } });
        let error = served("application/json", refusal.to_string()).unwrap_err();
        assert!(error.message.contains("no such tool"), "{error}");
        let failure = json!({ "id": 1, "result": {
            "isError": true, "content": [{ "type": "text", "text": "too busy" }]
        }});
        let answer = served("application/json", failure.to_string()).unwrap();
        assert!(answer.is_error());
        assert_eq!(answer.content()[0]["text"], "too busy");
        assert!(served("text/event-stream", "data: {}\n\n").is_err());
        assert!(served("text/html", "<html>").is_err());
    }
}
