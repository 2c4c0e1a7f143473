//! Calls that pin a version of an extension.

use koi_mcp_server::{Dispatcher, McpOptions, ViewOptions};
use serde_json::{Value, json};

use super::http::{MODERN, modern, serve};
use super::node::{Extension, Node, tool};

fn two_versions() -> Node {
    with_two(Node::usual())
}

fn with_two(node: Node) -> Node {
    let serving = vec![tool("picture"), tool("says-no")];
    node.install(vec![Extension::of_tools("two", serving)]);
    let beside = vec![tool("picture"), tool("number")];
    node.put_beside(Extension::of_tools("two", beside));
    node
}

fn call(name: &str, version: &Value, more: &Value) -> Value {
    let mut params = json!({ "name": name, "arguments": {}, "_meta": more });
    if !version.is_null() {
        params["_meta"]["koi-mcp/version"] = version.clone();
    }
    modern("tools/call", params)
}

#[tokio::test]
async fn a_call_that_pins_a_version_has_the_tools_of_that_version() {
    let served = serve(two_versions()).await;
    let (names, _) = served.all("tools/list", "tools").await;
    assert_eq!(names.len(), 2, "{names:?}");
    // As it is answered directly, and through rmcp's service.
    for more in [json!({}), json!({ "progressToken": "t" })] {
        for (name, version, told) in [
            ("number", json!("revision:2"), None),
            ("picture", json!("revision:2"), None),
            ("picture", json!("1.0.0"), None),
            ("picture", Value::Null, None),
            ("number", Value::Null, Some("there is no tool `number`")),
            ("number", json!("revision:1"), Some("has no tool `number`")),
            (
                "says-no",
                json!("revision:2"),
                Some("has no tool `says-no`"),
            ),
            ("picture", json!("^2"), Some("(revision 2)")),
            ("picture", json!("latest"), Some("`latest` is no version")),
            ("picture", json!(2), Some("is a text")),
        ] {
            let headers = [
                ("mcp-protocol-version", MODERN),
                ("mcp-method", "tools/call"),
                ("mcp-name", name),
            ];
            let answer = served.post(&call(name, &version, &more), &headers).await;
            match told {
                None => assert!(answer.result().is_object(), "{name} {version}"),
                Some(told) => {
                    let error = answer.error();
                    assert_eq!(error["code"], -32602, "{name} {version}: {error}");
                    let message = error["message"].as_str().unwrap();
                    assert!(message.contains(told), "{name} {version}: {message}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_call_through_the_dispatcher_names_the_version_among_its_arguments() {
    let main = ViewOptions {
        dispatcher: Dispatcher::Only,
        ..ViewOptions::default()
    };
    let node = Node::with(McpOptions {
        main,
        ..McpOptions::default()
    });
    let served = serve(with_two(node)).await;
    let newer = json!({ "name": "number", "version": "revision:2" });
    let answer = served.call("call_tool", newer).await;
    assert_ne!(answer.result()["isError"], true, "{answer:?}");
    let older = json!({ "name": "number", "version": "revision:1" });
    let answer = served.call("call_tool", older).await;
    let told = answer.result().to_string();
    assert!(told.contains("has no tool `number`"), "{told}");
}
