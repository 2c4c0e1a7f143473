//! Endpoints that show a part.

use std::collections::{BTreeMap, BTreeSet};

use koi_mcp_server::{Dispatcher, McpOptions, ViewOptions};
use koi_rid::EventType;
use serde_json::{Value, json};

use super::http::{Events, Served, initialize, serve};
use super::node::{Extension, Node, tool};

const TOOLS: &str = "notifications/tools/list_changed";
const RESOURCES: &str = "notifications/resources/list_changed";
const UPDATED: &str = "notifications/resources/updated";

/// A domain of its own, with the RID type `orn:sales.deal`.
fn sales(tools: &[&str]) -> Extension {
    Extension {
        name: "sales",
        tools: tools.iter().map(|name| tool(name)).collect(),
        resources: json!({
            "resources": [{ "uri": "deal:best", "name": "best" }],
            "templates": [{ "uriTemplate": "deal:{name}", "name": "deal" }],
        }),
        prompts: json!([]),
        rid_types: vec!["orn:sales.deal"],
        lists_depend_on: vec![],
    }
}

fn only(extension: &str) -> ViewOptions {
    ViewOptions {
        extensions: Some(BTreeSet::from([extension.to_owned()])),
        ..ViewOptions::default()
    }
}

/// Served at `/mcp` are both domains, at `sales` and `usual` one each, at `picky` two tools of all.
async fn served() -> Served {
    let picky = ViewOptions {
        tools: Some(vec!["echo".parse().unwrap(), "find_*".parse().unwrap()]),
        ..ViewOptions::default()
    };
    let views = [
        ("sales", only("sales")),
        ("usual", only("usual")),
        ("picky", picky),
    ];
    let views = views.map(|(name, view)| (name.parse().unwrap(), view));
    let node = Node::with(McpOptions {
        views: BTreeMap::from(views),
        ..McpOptions::default()
    });
    node.install(vec![
        Extension::usual(),
        sales(&["find_deals", "close_deal"]),
    ]);
    serve(node).await
}

fn names(entries: &[Value], member: &str) -> Vec<String> {
    let name = |entry: &Value| entry[member].as_str().unwrap().to_owned();
    entries.iter().map(name).collect()
}

async fn listed(at: &Served, method: &str, list: &str, member: &str) -> Vec<String> {
    names(&at.all(method, list).await.0, member)
}

async fn tools(at: &Served) -> Vec<String> {
    listed(at, "tools/list", "tools", "name").await
}

#[tokio::test]
async fn a_view_lists_its_part_and_the_default_endpoint_all() {
    let all = served().await;
    let sales = all.view("sales");
    assert_eq!(tools(&sales).await, ["close_deal", "find_deals"]);
    assert_eq!(tools(&all.view("picky")).await, ["echo", "find_deals"]);
    let everything = tools(&all).await;
    assert!(everything.len() > 10 && everything.contains(&"find_deals".to_owned()));
    all.node
        .store("orn:sales.deal:a", "{}", EventType::New)
        .await;
    all.node
        .store("orn:test.note:a", "{}", EventType::New)
        .await;
    let uris = listed(&sales, "resources/list", "resources", "uri").await;
    assert_eq!(uris, ["deal:best", "orn:sales.deal:a"]);
    let templates = "resources/templates/list";
    let of_sales = listed(&sales, templates, "resourceTemplates", "uriTemplate").await;
    assert_eq!(of_sales, ["deal:{name}", "orn:sales.deal:{+reference}"]);
    assert_eq!(
        listed(&all, templates, "resourceTemplates", "uriTemplate")
            .await
            .len(),
        4
    );
}

#[tokio::test]
async fn what_a_view_does_not_show_is_not_there() {
    let all = served().await;
    let (sales, picky) = (all.view("sales"), all.view("picky"));
    let arguments = json!({ "text": "a" });
    for (at, tool) in [(&sales, "echo"), (&picky, "close_deal"), (&picky, "number")] {
        let answer = at.call(tool, arguments.clone()).await;
        assert_eq!(answer.error()["code"], -32602, "{tool}");
        assert!(answer.error()["message"].as_str().unwrap().contains(tool));
    }
    let echoed = picky.call("echo", arguments.clone()).await;
    assert_eq!(echoed.result()["structuredContent"], arguments);
    all.node
        .store("orn:test.note:a", "{}", EventType::New)
        .await;
    all.node
        .store("orn:sales.deal:a", "{}", EventType::New)
        .await;
    for uri in ["orn:test.note:a", "agent:bob", "greeting:world"] {
        let read =
            |at: Served| async move { at.modern("resources/read", json!({ "uri": uri })).await };
        assert_eq!(
            read(all.view("sales")).await.error()["code"],
            -32602,
            "{uri}"
        );
        assert!(read(all.view("usual")).await.result().is_object(), "{uri}");
    }
    for uri in ["orn:sales.deal:a", "deal:best", "deal:other"] {
        let answer = sales.modern("resources/read", json!({ "uri": uri })).await;
        assert!(answer.result().is_object(), "{uri}");
    }
}

#[tokio::test]
async fn a_resource_is_read_by_its_uri_or_the_longest_template_that_fits_and_is_shown() {
    let of = |name, resources: &[&str], template: &str| Extension {
        resources: json!({
            "resources": resources.iter().map(|uri| json!({ "uri": uri, "name": "n" })).collect::<Vec<_>>(),
            "templates": [{ "uriTemplate": template, "name": "n" }],
        }),
        ..Extension::of_tools(name, vec![])
    };
    let node = Node::with(McpOptions {
        views: BTreeMap::from([("a".parse().unwrap(), only("a"))]),
        ..McpOptions::default()
    });
    node.install(vec![
        of("a", &["whose:1/2"], "whose:{+all}"),
        of("b", &[], "whose:{one}/{two}"),
    ]);
    let all = serve(node).await;
    let view = all.view("a");
    let reader = async |at: &Served, uri: &str| {
        let answer = at.modern("resources/read", json!({ "uri": uri })).await;
        answer.result()["contents"][0]["text"].clone()
    };
    for (uri, of_all) in [("whose:1/2", "a"), ("whose:3/4", "b"), ("whose:3/4/5", "a")] {
        assert_eq!(reader(&all, uri).await, of_all, "{uri}");
        assert_eq!(reader(&view, uri).await, "a", "{uri}");
    }
}

/// Listens to everything, and to two resources of different domains.
async fn listen(at: &Served) -> Events {
    let filter = json!({
        "toolsListChanged": true,
        "resourcesListChanged": true,
        "resourceSubscriptions": ["orn:test.note:a", "orn:sales.deal:a"],
    });
    let params = json!({ "notifications": filter });
    let mut events = Events::of(at.open_modern("subscriptions/listen", params).await);
    events.next_method().await;
    events
}

#[tokio::test]
async fn a_view_hears_of_changes_to_its_part_alone() {
    let all = served().await;
    let mut heard = listen(&all.view("sales")).await;
    let mut heard_by_all = listen(&all).await;
    // Of the other domain: a bundle, and tools that come and go.
    all.node
        .store("orn:test.note:a", "{}", EventType::Update)
        .await;
    let more = Extension::of_tools("more", vec![tool("extra")]);
    let before = ["find_deals", "close_deal"];
    all.node
        .install(vec![Extension::usual(), sales(&before), more]);
    assert!(heard_by_all.next_two().await.keys().eq([UPDATED, TOOLS]));
    // And then of its own: had the other been told, it would have come before.
    all.node
        .store("orn:sales.deal:a", "{}", EventType::New)
        .await;
    let two = heard.next_two().await;
    assert!(two.keys().eq([RESOURCES, UPDATED]), "{two:?}");
    assert_eq!(two[UPDATED]["params"]["uri"], "orn:sales.deal:a");
    all.node.install(vec![
        Extension::usual(),
        sales(&["find_deals", "reopen_deal"]),
    ]);
    assert_eq!(heard.next_method().await, TOOLS);
    assert_eq!(
        tools(&all.view("sales")).await,
        ["find_deals", "reopen_deal"]
    );
}

#[tokio::test]
async fn a_session_belongs_to_the_endpoint_that_it_was_begun_at() {
    let all = served().await;
    let sales = all.view("sales");
    let session = sales.session().await;
    let list = session.request("tools/list", json!({})).await;
    assert_eq!(
        names(list.result()["tools"].as_array().unwrap(), "name").len(),
        2
    );
    let headers = [
        ("mcp-session-id", &*session.id),
        ("mcp-protocol-version", "2025-11-25"),
    ];
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    assert_eq!(all.post(&request, &headers).await.status, 404);
    assert_eq!(sales.post(&request, &headers).await.status, 200);
}

#[tokio::test]
async fn the_bound_of_sessions_is_one_for_all_endpoints() {
    let node = Node::with(McpOptions {
        max_sessions: 2,
        views: BTreeMap::from([("usual".parse().unwrap(), only("usual"))]),
        ..McpOptions::default()
    });
    let all = serve(node).await;
    let view = all.view("usual");
    let (_one, two) = (all.session().await, view.session().await);
    assert_eq!(all.post(&initialize(), &[]).await.status, 503);
    assert_eq!(view.post(&initialize(), &[]).await.status, 503);
    view.end(&two.id).await;
    assert_eq!(all.post(&initialize(), &[]).await.status, 200);
}

#[tokio::test]
async fn an_unknown_view_is_not_found() {
    let all = served().await;
    for name in ["nobody", "sales/more", "Sales"] {
        let answer = all.view(name).post(&initialize(), &[]).await;
        assert_eq!(answer.status, 404, "{name}");
    }
}

#[tokio::test]
async fn a_view_may_have_the_dispatcher_where_the_default_endpoint_has_not() {
    let view = ViewOptions {
        dispatcher: Dispatcher::Only,
        ..only("usual")
    };
    let node = Node::with(McpOptions {
        views: BTreeMap::from([("small".parse().unwrap(), view)]),
        ..McpOptions::default()
    });
    let all = serve(node).await;
    let small = all.view("small");
    assert_eq!(
        tools(&small).await,
        ["call_tool", "describe_tool", "search_tools"]
    );
    assert_eq!(
        all.call("search_tools", json!({ "query": "a" }))
            .await
            .error()["code"],
        -32602
    );
    // Another domain is neither found nor called through it.
    all.node
        .install(vec![Extension::usual(), sales(&["find_deals"])]);
    let found = small
        .call("search_tools", json!({ "query": "find deals" }))
        .await;
    let found = found.result()["structuredContent"]["tools"].clone();
    assert!(!found.to_string().contains("find_deals"), "{found}");
    for tool in ["describe_tool", "call_tool"] {
        let answer = small.call(tool, json!({ "name": "find_deals" })).await;
        assert_eq!(answer.result()["isError"], true, "{tool}");
    }
}
