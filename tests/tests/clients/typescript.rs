//! `@modelcontextprotocol/client`, connected.

use koi_tests::{McpClient, Sdk};
use serde_json::json;

use crate::node;

#[test]
fn typescript_clients_list_and_call_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(&folder);
    for way in McpClient::WAYS {
        let mut client = McpClient::connect_of(Sdk::TypeScript, &node, way);
        assert!(
            client.tools().contains(&"test_simple_text".to_owned()),
            "{way:?}"
        );
        let schema = &client.tool("json_schema_2020_12_tool")["inputSchema"];
        assert_eq!(
            schema["$defs"]["address"]["$anchor"], "addressDef",
            "{way:?}"
        );

        let mixed = client
            .try_call("test_multiple_content_types", &json!({}))
            .unwrap();
        let kinds: Vec<_> = mixed["content"]
            .as_array()
            .unwrap()
            .iter()
            .map(|block| block["type"].as_str().unwrap())
            .collect();
        assert_eq!(
            kinds,
            ["text", "image", "resource", "resource_link"],
            "{way:?}"
        );
        let given = json!({"contactMethod": "email", "email": "a@example.com"});
        let structured = client.call("json_schema_2020_12_tool", &given);
        assert_eq!(structured["arguments"], given, "{way:?}");
        let misfit = client.failure("json_schema_2020_12_tool", &json!({"name": "Ada"}));
        assert!(
            misfit.contains("json_schema_2020_12_tool"),
            "{way:?}: {misfit}"
        );
        // Its argument goes into a header too, over HTTP in the modern era.
        let routed = client.try_call("test_custom_header", &json!({"region": "Zürich"}));
        assert_eq!(routed.unwrap()["content"][0]["text"], "Zürich", "{way:?}");
        let unknown = client.try_call("no_such_tool", &json!({})).unwrap_err();
        assert_eq!(unknown.code, -32602, "{way:?}: {unknown:?}");

        let resources = client.resources();
        assert!(
            resources.contains(&"test://static-text".to_owned()),
            "{way:?}"
        );
        let templates = client.templates();
        assert!(
            templates.contains(&"test://template/{id}/data".to_owned()),
            "{way:?}"
        );
        assert_eq!(client.read("test://template/7/data")["id"], "7", "{way:?}");
        let bytes = client.try_read("test://static-binary").unwrap();
        assert_eq!(bytes["mimeType"], "image/png", "{way:?}");
        assert!(bytes["blob"].is_string(), "{way:?}");
        assert_eq!(client.leave(), Some(0), "{way:?}");
    }
}

#[test]
fn typescript_clients_are_told_when_an_extension_comes_and_when_it_changes_its_list() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(&folder);
    let mut clients = McpClient::WAYS.map(|way| McpClient::connect_of(Sdk::TypeScript, &node, way));
    for client in &mut clients {
        assert!(client.tool("echo").is_null());
        client.ignore_news();
    }
    node.install("echo");
    for client in &mut clients {
        client.is_told_of_tool("echo");
        assert_eq!(
            client.call("echo", &json!({"text": "hello"})),
            json!({"text": "hello"})
        );
        client.ignore_news();
    }
    clients[0]
        .try_call("test_trigger_tool_change", &json!({}))
        .unwrap();
    for client in &mut clients {
        client.is_told_of_tool("test_switched_tool");
    }
}
