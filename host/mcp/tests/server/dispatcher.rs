//! The three tools that find, describe and call all others.

use koi_mcp_server::{Dispatcher, McpOptions, ViewOptions};
use serde_json::{Value, json};

use super::http::{Events, Served, serve};
use super::node::{Extension, Node, tool};

async fn served(dispatcher: Dispatcher) -> Served {
    let main = ViewOptions {
        dispatcher,
        ..ViewOptions::default()
    };
    serve(Node::with(McpOptions {
        main,
        ..McpOptions::default()
    }))
    .await
}

async fn names(served: &Served) -> Vec<String> {
    let (tools, _) = served.all("tools/list", "tools").await;
    let name = |tool: &Value| tool["name"].as_str().unwrap().to_owned();
    tools.iter().map(name).collect()
}

/// A call of a tool through `call_tool`.
async fn through(served: &Served, name: &str, arguments: Value) -> Value {
    let arguments = json!({ "name": name, "arguments": arguments });
    served.call("call_tool", arguments).await.result().clone()
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

#[tokio::test]
async fn alone_the_three_are_all_that_is_listed_and_beside_they_come_on_top() {
    let three = ["call_tool", "describe_tool", "search_tools"];
    let only = served(Dispatcher::Only).await;
    assert_eq!(names(&only).await, three);
    let session = only.session().await;
    let told = session.initialized["instructions"].as_str().unwrap();
    assert!(told.contains("search_tools"), "{told}");
    let beside = names(&served(Dispatcher::Beside).await).await;
    assert!(beside.contains(&"echo".to_owned()) && beside.is_sorted());
    assert!(
        three
            .iter()
            .all(|name| beside.iter().any(|listed| listed == name))
    );
    let off = names(&served(Dispatcher::Off).await).await;
    assert_eq!(off.len() + 3, beside.len());
}

#[tokio::test]
async fn a_tool_is_found_described_and_called() {
    let served = served(Dispatcher::Only).await;
    let found = served
        .call("search_tools", json!({ "query": "echo", "limit": 2 }))
        .await;
    let found = found.result()["structuredContent"]["tools"].clone();
    let expected = json!({
        "name": "echo", "title": "Echo", "description": "Gives back what it is given",
    });
    assert_eq!(found[0], expected);
    assert!(found.as_array().unwrap().len() <= 2);
    let described = served
        .call("describe_tool", json!({ "name": "echo" }))
        .await;
    let described = &described.result()["structuredContent"];
    assert_eq!(described["inputSchema"]["required"], json!(["text"]));
    assert_eq!(described["outputSchema"]["type"], "object");
    let called = through(&served, "echo", json!({ "text": "hello" })).await;
    assert_eq!(called["structuredContent"], json!({ "text": "hello" }));
    // Whoever knows the name needs none of this.
    let direct = served.call("echo", json!({ "text": "hello" })).await;
    assert_eq!(
        direct.result()["structuredContent"],
        json!({ "text": "hello" })
    );
}

#[tokio::test]
async fn a_call_through_it_fails_as_a_direct_one_does() {
    let served = served(Dispatcher::Beside).await;
    for (name, arguments) in [
        ("echo", json!({})),
        ("refuse", json!({})),
        ("says-no", json!({})),
        ("trap", json!({})),
        ("nonsense", json!({})),
    ] {
        let direct = served.call(name, arguments.clone()).await.result().clone();
        assert_eq!(through(&served, name, arguments).await, direct, "{name}");
        assert_eq!(direct["isError"], true, "{name}");
    }
    let host = served.call("call_tool", json!({ "name": "host" })).await;
    assert_eq!(host.error()["code"], -32603);
}

#[tokio::test]
async fn arguments_of_the_three_are_checked_and_the_agent_told() {
    let served = served(Dispatcher::Only).await;
    for (tool, arguments, part) in [
        ("search_tools", json!({}), "query"),
        ("search_tools", json!({ "query": 3 }), "search_tools"),
        ("search_tools", json!({ "query": "a", "limit": 0 }), "limit"),
        ("search_tools", json!({ "query": "a", "limit": 51 }), "50"),
        ("search_tools", json!({ "query": "a".repeat(3000) }), "2000"),
        ("search_tools", json!({ "q": "a", "query": "a" }), "`q`"),
        ("describe_tool", json!({ "name": "nothing" }), "`nothing`"),
        ("call_tool", json!({ "name": "nothing" }), "search_tools"),
        (
            "call_tool",
            json!({ "name": "echo", "arguments": "text" }),
            "arguments",
        ),
        ("call_tool", json!({ "name": "call_tool" }), "`call_tool`"),
    ] {
        let answer = served.call(tool, arguments.clone()).await;
        let result = answer.result();
        assert_eq!(result["isError"], true, "{tool} {arguments}");
        assert!(text(result).contains(part), "{tool} {arguments}: {result}");
    }
}

#[tokio::test]
async fn progress_of_a_call_through_it_is_told_under_its_token() {
    let served = served(Dispatcher::Only).await;
    let params = json!({
        "name": "call_tool",
        "arguments": { "name": "steps" },
        "_meta": { "progressToken": "t" },
    });
    let answer = served.modern("tools/call", params).await;
    let steps: Vec<&Value> = answer
        .messages
        .iter()
        .filter(|message| message["method"] == "notifications/progress")
        .collect();
    assert_eq!(steps.len(), 3, "{answer:?}");
    assert!(
        steps
            .iter()
            .all(|step| step["params"]["progressToken"] == "t")
    );
}

#[tokio::test]
async fn a_cancelled_call_through_it_ends_the_guests_work() {
    let served = served(Dispatcher::Only).await;
    let params = json!({ "name": "call_tool", "arguments": { "name": "wait" } });
    let asking = served.open_modern("tools/call", params);
    tokio::select! {
        answered = asking => panic!("answered: {answered:?}"),
        () = served.node.call_waits(true) => {}
    }
    served.node.call_waits(false).await;
}

#[tokio::test]
async fn an_extensions_tool_of_the_same_name_is_called_through_the_dispatcher() {
    let served = served(Dispatcher::Beside).await;
    let mut namesake = tool("search_tools");
    namesake["description"] = json!("Searches a shed for hammers");
    served.node.install(vec![
        Extension::usual(),
        Extension::of_tools("shed", vec![namesake]),
    ]);
    let (tools, _) = served.all("tools/list", "tools").await;
    let listed: Vec<_> = tools
        .iter()
        .filter(|tool| tool["name"] == "search_tools")
        .collect();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["inputSchema"]["required"], json!(["query"]));
    let found = served
        .call("search_tools", json!({ "query": "hammers" }))
        .await;
    assert_eq!(
        found.result()["structuredContent"]["tools"][0]["name"],
        "search_tools"
    );
    let called = through(&served, "search_tools", json!({})).await;
    // The guest answers so to a name that it does not know.
    assert_eq!(text(&called), "search_tools");
}

#[tokio::test]
async fn what_came_since_is_found_and_what_is_listed_stays_the_same() {
    let served = served(Dispatcher::Only).await;
    let filter = json!({ "toolsListChanged": true, "resourcesListChanged": true });
    let params = json!({ "notifications": filter });
    let mut events = Events::of(served.open_modern("subscriptions/listen", params).await);
    events.next_method().await;
    let query = json!({ "query": "water the plants" });
    let before = served.call("search_tools", query.clone()).await;
    assert_eq!(before.result()["structuredContent"]["tools"], json!([]));
    let mut garden = Extension::of_tools("garden", vec![tool("water_plants")]);
    garden.resources = json!({ "resources": [{ "uri": "bed:one", "name": "one" }] });
    served.node.install(vec![Extension::usual(), garden]);
    let after = served.call("search_tools", query).await;
    assert_eq!(
        after.result()["structuredContent"]["tools"][0]["name"],
        "water_plants"
    );
    // Of the tools there is nothing to tell.
    assert_eq!(
        events.next_method().await,
        "notifications/resources/list_changed"
    );
}
