//! Sessions that go from memory and come back: parked, after a restart, ended.

use std::time::Duration;

use koi_mcp_server::McpOptions;
use koi_rid::EventType;
use serde_json::{Value, json};

use super::http::{Events, initialize, serve};
use super::node::{Extension, Node, tool};

const TOOLS: &str = "notifications/tools/list_changed";
const RESOURCES: &str = "notifications/resources/list_changed";
const PROMPTS: &str = "notifications/prompts/list_changed";
const UPDATED: &str = "notifications/resources/updated";
const NOTE: &str = "orn:test.note:a";

/// Sessions that nobody uses are parked at once.
fn restless() -> McpOptions {
    McpOptions {
        park_after: Duration::from_millis(20),
        ..McpOptions::default()
    }
}

fn ping(id: usize) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })
}

fn more() -> Vec<Extension> {
    let more = Extension::of_tools("more", vec![tool("extra")]);
    vec![Extension::usual(), more]
}

/// A client that is back is told that anything may have changed.
async fn catches_up(events: &mut Events) {
    for expected in [TOOLS, RESOURCES, PROMPTS, UPDATED] {
        assert_eq!(events.next_method().await, expected);
    }
}

#[tokio::test]
async fn a_session_outlives_a_restart_with_all_that_its_client_asked_for() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    session
        .request("resources/subscribe", json!({ "uri": NOTE }))
        .await
        .result();
    session
        .request("logging/setLevel", json!({ "level": "error" }))
        .await
        .result();
    let id = session.id.clone();
    let served = served.restart(McpOptions::default()).await;
    let session = served.known(&id);
    let mut events = session.events().await;
    catches_up(&mut events).await;
    // Nothing is heard of what this call says: it is below the level.
    let call = json!({ "name": "steps", "arguments": {} });
    session.request("tools/call", call).await.result();
    served.node.install(more());
    assert_eq!(events.next_method().await, TOOLS);
    served
        .node
        .store(NOTE, r#"{"n":1}"#, EventType::Update)
        .await;
    let updated = events.next().await.unwrap();
    assert_eq!(updated["method"], UPDATED);
    assert_eq!(updated["params"]["uri"], NOTE);
    // It is not another session.
    assert_eq!(served.node.stored_sessions().await, 1);
}

#[tokio::test]
async fn a_session_that_unsubscribed_hears_nothing_after_a_restart() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    for method in ["resources/subscribe", "resources/unsubscribe"] {
        let params = json!({ "uri": NOTE });
        session.request(method, params).await.result();
    }
    let id = session.id.clone();
    let served = served.restart(McpOptions::default()).await;
    let mut events = served.known(&id).events().await;
    for expected in [TOOLS, RESOURCES, PROMPTS] {
        assert_eq!(events.next_method().await, expected);
    }
    served.node.store(NOTE, "{}", EventType::Update).await;
    served.node.install(more());
    assert_eq!(events.next_method().await, TOOLS);
}

#[tokio::test]
async fn a_session_that_nobody_uses_is_parked_and_comes_back_with_a_request() {
    let served = serve(Node::with(restless())).await;
    let session = served.session().await;
    session
        .request("resources/subscribe", json!({ "uri": NOTE }))
        .await
        .result();
    let pings: Vec<_> = (0..20).map(ping).collect();
    for _ in 0..3 {
        served.node.has_live_sessions(0).await;
        let answers = pings.iter().map(|ping| session.post(ping));
        for answer in futures::future::join_all(answers).await {
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.result();
        }
    }
    served.node.has_live_sessions(0).await;
    let mut events = session.events().await;
    catches_up(&mut events).await;
    served
        .node
        .store(NOTE, r#"{"n":1}"#, EventType::Update)
        .await;
    assert_eq!(events.next_method().await, UPDATED);
}

#[tokio::test]
async fn of_two_requests_with_one_id_at_a_time_the_later_is_refused_and_the_first_answered() {
    let served = serve(Node::with(restless())).await;
    let session = served.session().await;
    let call = json!({ "name": "hold", "arguments": {} });
    let mut events = session.open("tools/call", call).await;
    served.node.call_waits(true).await;
    for _ in 0..2 {
        let refused = session.request("ping", json!({})).await;
        assert_eq!(refused.error()["code"], -32600, "{refused:?}");
        assert_eq!(refused.reply()["id"], 7, "{refused:?}");
    }
    session.post(&ping(8)).await.result();
    served.node.release();
    let answer = events.next().await.unwrap();
    assert_eq!(answer["id"], 7, "{answer}");
    assert!(answer["result"].is_object(), "{answer}");
    // The id is free, and nothing keeps the session.
    session.request("ping", json!({})).await.result();
    drop(events);
    served.node.has_live_sessions(0).await;
}

#[tokio::test]
async fn a_session_whose_client_listens_is_not_parked() {
    let served = serve(Node::with(restless())).await;
    let listening = served.session().await;
    let mut events = listening.events().await;
    served.session().await;
    served.node.has_live_sessions(1).await;
    served.node.install(more());
    assert_eq!(events.next_method().await, TOOLS);
    drop(events);
    served.node.has_live_sessions(0).await;
}

#[tokio::test]
async fn a_session_whose_call_runs_is_not_parked_though_its_client_has_gone() {
    let served = serve(Node::with(restless())).await;
    let session = served.session().await;
    let call = json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/call",
        "params": { "name": "hold", "arguments": {} } });
    let headers = [("mcp-session-id", session.id.as_str())];
    let response = served.open(&call, &headers).await;
    served.node.call_waits(true).await;
    drop(response);
    served.session().await;
    served.node.has_live_sessions(1).await;
    served.node.release();
    served.node.has_live_sessions(0).await;
}

#[tokio::test]
async fn the_session_that_was_used_longest_ago_makes_way_in_memory() {
    let served = serve(Node::with(McpOptions {
        max_live_sessions: 2,
        ..McpOptions::default()
    }))
    .await;
    let sessions = [
        served.session().await,
        served.session().await,
        served.session().await,
    ];
    served.node.has_live_sessions(2).await;
    for session in &sessions {
        session.request("ping", json!({})).await.result();
    }
    let (one, two) = (sessions[1].events().await, sessions[2].events().await);
    let refused = served.post(&initialize(), &[]).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(
        refused.text.contains("2 sessions are in use"),
        "{}",
        refused.text
    );
    assert_eq!(sessions[0].request("ping", json!({})).await.status, 503);
    drop((one, two));
    let answered = async {
        while sessions[0].request("ping", json!({})).await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), answered)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_session_that_nobody_used_for_too_long_is_forgotten() {
    let served = serve(Node::with(McpOptions {
        session_idle: Duration::from_secs(1),
        ..restless()
    }))
    .await;
    let session = served.session().await;
    let listening = served.session().await;
    let _events = listening.events().await;
    let forgotten = async {
        while served.node.stored_sessions().await > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), forgotten)
        .await
        .unwrap();
    assert_eq!(session.request("ping", json!({})).await.status, 404);
    // Who listens uses it.
    listening.request("ping", json!({})).await.result();
}

#[tokio::test]
async fn a_session_that_has_ended_stays_so_after_a_restart() {
    let served = serve(Node::with(restless())).await;
    let (one, two) = (served.session().await, served.session().await);
    served.end(&one.id).await;
    served.node.has_live_sessions(0).await;
    // One that is parked ends as well.
    served.end(&two.id).await;
    assert_eq!(served.node.stored_sessions().await, 0);
    for session in [&one, &two] {
        assert_eq!(session.request("ping", json!({})).await.status, 404);
    }
    let (one, two) = (one.id.clone(), two.id.clone());
    let served = served.restart(restless()).await;
    for id in [one, two] {
        assert_eq!(
            served.known(&id).request("ping", json!({})).await.status,
            404
        );
    }
}

#[tokio::test]
async fn what_a_client_says_of_itself_is_bounded() {
    let served = serve(Node::usual()).await;
    let mut message = initialize();
    message["params"]["clientInfo"]["title"] = Value::from("x".repeat(40_000));
    let answer = served.post(&message, &[]).await;
    assert_eq!(answer.error()["code"], -32602, "{answer:?}");
    assert_eq!(served.node.stored_sessions().await, 0);
    served.node.has_live_sessions(0).await;
}

#[tokio::test]
async fn who_asks_after_a_restart_for_an_answer_that_is_lost_is_told_so() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    let call = json!({ "name": "echo", "arguments": { "text": "hello" } });
    let answer = session.request("tools/call", call).await;
    let ids = answer.text.lines();
    let last: Vec<_> = ids.filter_map(|line| line.strip_prefix("id:")).collect();
    let last = last.last().expect("an event with an id").trim().to_owned();
    let id = session.id.clone();
    let served = served.restart(McpOptions::default()).await;
    let headers = [("mcp-session-id", &*id), ("last-event-id", &*last)];
    let mut events = Events::of(served.send("GET", &headers).await);
    let lost = events.next().await.unwrap();
    assert_eq!(lost["id"], 7, "{lost}");
    assert!(
        lost["error"]["message"].to_string().contains("lost"),
        "{lost}"
    );
}

#[tokio::test]
async fn a_stream_that_is_taken_up_after_a_restart_tells_what_is_new() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    let headers = [("mcp-session-id", &*session.id)];
    let mut response = served.send("GET", &headers).await;
    for n in 0..5 {
        let name = ["a", "b", "c", "d", "e"][n];
        let more = Extension::of_tools(name, vec![tool(name)]);
        served.node.install(vec![Extension::usual(), more]);
        // The first chunk is the beginning of the stream.
        while !String::from_utf8_lossy(&response.chunk().await.unwrap().unwrap())
            .contains("list_changed")
        {}
    }
    drop(response);
    let id = session.id.clone();
    let served = served.restart(McpOptions::default()).await;
    // As rmcp counts, that would be further than the new stream is.
    let headers = [("mcp-session-id", &*id), ("last-event-id", "0000.4.")];
    let mut events = Events::of(served.send("GET", &headers).await);
    for expected in [TOOLS, RESOURCES, PROMPTS] {
        assert_eq!(events.next_method().await, expected);
    }
    served.node.install(more());
    assert_eq!(events.next_method().await, TOOLS);
}
