//! What clients can take up, and for how long.

use std::time::{Duration, Instant};

use koi_mcp_server::McpOptions;
use koi_rid::{EventType, Rid};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::http::{Events, Served, Session, serve};
use super::node::{Extension, Node, tool};
use super::principals::with_tokens;

const PATIENCE: Duration = Duration::from_secs(20);

/// What comes on a connection until the server closes it.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text));
    // A reset is an end too.
    let _ = read.await.expect("an end in time");
    String::from_utf8_lossy(&text).into_owned()
}

async fn listen(served: &Served, token: &str) -> Result<Events, String> {
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    let message = super::http::modern("subscriptions/listen", filter);
    let headers = [
        ("mcp-protocol-version", super::http::MODERN),
        ("mcp-method", "subscriptions/listen"),
        ("authorization", token),
    ];
    let mut events = Events::of(served.open(&message, &headers).await);
    let first = events.next().await.expect("a first message");
    if first["method"] != "notifications/subscriptions/acknowledged" {
        return Err(first["error"]["message"].to_string());
    }
    // What is refused is refused at once; nothing tells that it was not.
    Ok(events)
}

#[tokio::test]
async fn streams_of_both_eras_share_one_bound() {
    let served = serve(Node::with(McpOptions {
        max_streams: 2,
        ..McpOptions::default()
    }))
    .await;
    let session = served.session().await;
    let first = session.events().await;
    let mut second = listen(&served, "").await.unwrap();
    served.node.install(vec![tools()]);
    assert!(second.next().await.is_some());
    let headers = [("mcp-session-id", &*session.id)];
    let refused = served.send("GET", &headers).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let text = refused.text().await.unwrap();
    assert!(text.contains("2 streams open"), "{text}");
    let mut third = listen(&served, "").await.unwrap();
    let refused = third.next().await.unwrap();
    assert!(
        refused["error"]["message"]
            .to_string()
            .contains("2 streams")
    );
    // Everything else goes on.
    session.request("ping", json!({})).await.result();
    drop((first, second));
    let again = async {
        while served.send("GET", &headers).await.status() != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
}

fn tools() -> Extension {
    Extension::of_tools("more", vec![tool("extra")])
}

#[tokio::test]
async fn the_streams_of_one_principal_leave_room_for_others() {
    let served = serve(Node::with(with_tokens(McpOptions {
        max_streams_each: 1,
        ..McpOptions::default()
    })))
    .await;
    let (alice, bob) = ("Bearer alice-token", "Bearer bob-token");
    let mut first = listen(&served, alice).await.unwrap();
    let mut other = listen(&served, bob).await.unwrap();
    served.node.install(vec![tools()]);
    assert!(first.next().await.is_some() && other.next().await.is_some());
    let mut second = listen(&served, alice).await.unwrap();
    let refused = second.next().await.unwrap();
    let message = refused["error"]["message"].to_string();
    assert!(message.contains("one principal"), "{message}");
}

#[tokio::test]
async fn a_head_that_does_not_end_and_a_connection_without_requests_are_not_waited_for() {
    let served = serve(Node::with(McpOptions {
        head_within: Duration::from_millis(100),
        ..McpOptions::default()
    }))
    .await;
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    slow.write_all(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n")
        .await
        .unwrap();
    until_closed(&mut silent).await;
    until_closed(&mut slow).await;
}

#[tokio::test]
async fn a_body_that_does_not_end_is_not_waited_for() {
    let served = serve(Node::with(McpOptions {
        body_within: Duration::from_millis(100),
        ..McpOptions::default()
    }))
    .await;
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Accept: application/json, text/event-stream\r\nContent-Length: 100\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    let answer = until_closed(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn more_connections_than_there_may_be_wait_for_one_to_end() {
    let served = serve(Node::with(McpOptions {
        max_connections: 1,
        ..McpOptions::default()
    }))
    .await;
    let first = TcpStream::connect(served.address).await.unwrap();
    let mut second = TcpStream::connect(served.address).await.unwrap();
    let request = "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    second.write_all(request.as_bytes()).await.unwrap();
    let mut byte = [0];
    let waited = tokio::time::timeout(Duration::from_millis(200), second.read(&mut byte)).await;
    assert!(waited.is_err(), "it was served besides the first");
    drop(first);
    let answer = until_closed(&mut second).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

/// Opens the stream of a session and never reads from it.
async fn deaf(served: &Served, session: &Session<'_>) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(served.address).await.unwrap();
    let request = format!(
        "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\
         Mcp-Session-Id: {}\r\n\r\n",
        session.id
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// What this process has in memory, in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_keeps_nobody_waiting_and_takes_bounded_memory() {
    let served = serve(Node::usual()).await;
    let rid = |n: usize| format!("orn:test.note:{n}-{}", "x".repeat(2_000));
    let (deaf_one, other) = (served.session().await, served.session().await);
    for n in 0..200 {
        let params = json!({ "uri": rid(n) });
        deaf_one
            .request("resources/subscribe", params)
            .await
            .result();
    }
    let params = json!({ "uri": "orn:test.note:last" });
    other.request("resources/subscribe", params).await.result();
    let stream = deaf(&served, &deaf_one).await;
    let mut events = other.events().await;
    let before = resident();
    // 80 MB of notices.
    for _ in 0..200 {
        for n in 0..200 {
            let rid = Rid::parse(&rid(n)).unwrap();
            served.node.tell(rid, EventType::Update);
        }
        tokio::task::yield_now().await;
    }
    let start = Instant::now();
    let last = Rid::parse("orn:test.note:last").unwrap();
    served.node.tell(last, EventType::Update);
    loop {
        let heard = events.next().await.expect("a notice");
        if heard["params"]["uri"] == "orn:test.note:last" {
            break;
        }
    }
    let waited = start.elapsed();
    assert!(waited < Duration::from_secs(1), "{waited:?}");
    let grown = resident().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
    // Nor does it keep the server from stopping.
    let start = Instant::now();
    served.stop();
    served.stopped().await;
    let took = start.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
    drop(stream);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let served = serve(Node::with(McpOptions {
        max_streams: 1,
        read_within: Duration::from_millis(100),
        ..McpOptions::default()
    }))
    .await;
    let session = served.session().await;
    let uri = format!("orn:test.note:{}", "x".repeat(4_000));
    let params = json!({ "uri": uri });
    session
        .request("resources/subscribe", params)
        .await
        .result();
    let stream = deaf(&served, &session).await;
    let headers = [("mcp-session-id", &*session.id)];
    let rid = Rid::parse(&uri).unwrap();
    let cut = async {
        while served.send("GET", &headers).await.status() != 200 {
            for _ in 0..20 {
                served.node.tell(rid.clone(), EventType::Update);
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, cut).await.unwrap();
    drop(stream);
}
