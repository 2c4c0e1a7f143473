//! How WebSockets begin and end; what is said on them is tested with a client of somebody else's.

use std::time::Duration;

use koi_mcp_server::McpOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http::{Served, serve};
use super::node::Node;

const PATIENCE: Duration = Duration::from_secs(20);
const UPGRADE: [(&str, &str); 5] = [
    ("Connection", "keep-alive, Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Protocol", "graphql, mcp"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// Asks for a WebSocket with other values for some headers; the head of the answer.
async fn ask(served: &Served, other: &[(&str, &str)]) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let mut request = "GET /mcp HTTP/1.1\r\n".to_owned();
    let given = |name: &str| other.iter().any(|(other, _)| *other == name);
    let host = [("Host", "localhost")];
    let usual = host.iter().chain(&UPGRADE).filter(|(name, _)| !given(name));
    for (name, value) in usual.chain(other) {
        request += &format!("{name}: {value}\r\n");
    }
    stream
        .write_all(format!("{request}\r\n").as_bytes())
        .await
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = tokio::time::timeout(PATIENCE, stream.read_u8()).await;
        head.push(byte.expect("an answer").unwrap());
    }
    (stream, String::from_utf8(head).unwrap().to_lowercase())
}

#[tokio::test]
async fn a_websocket_begins_with_the_subprotocol_and_the_headers_of_every_request() {
    let served = serve(Node::usual()).await;
    for (other, status) in [
        (&[][..], 101),
        (&[("Sec-WebSocket-Protocol", "graphql")], 400),
        (&[("Sec-WebSocket-Version", "12")], 400),
        (&[("Host", "evil.example")], 403),
        (&[("Origin", "http://evil.example")], 403),
        (&[("Origin", "http://localhost:3000")], 101),
    ] {
        let (_, head) = ask(&served, other).await;
        let expected = format!("http/1.1 {status} ");
        assert!(head.starts_with(&expected), "{other:?}: {head}");
        if status == 101 {
            assert!(head.contains("sec-websocket-protocol: mcp\r\n"), "{head}");
            assert!(head.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        }
    }
}

#[tokio::test]
async fn there_are_no_more_websockets_than_there_may_be() {
    let served = serve(Node::with(McpOptions {
        max_sockets: 1,
        ..McpOptions::default()
    }))
    .await;
    let (first, head) = ask(&served, &[]).await;
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    let (_, head) = ask(&served, &[]).await;
    assert!(head.starts_with("http/1.1 503 "), "{head}");
    assert!(head.contains("retry-after: "), "{head}");
    drop(first);
    let again = async { while !ask(&served, &[]).await.1.starts_with("http/1.1 101 ") {} };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_answer_pings_is_cut_off() {
    let served = serve(Node::with(McpOptions {
        ping_every: Duration::from_millis(50),
        ..McpOptions::default()
    }))
    .await;
    let (mut stream, _) = ask(&served, &[]).await;
    let mut received = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut received));
    let _ = ended.await.expect("an end in time");
    // A ping, then the end.
    assert_eq!(received[..2], [0x89, 0]);
}

#[tokio::test]
async fn the_server_stops_though_websockets_are_open() {
    let served = serve(Node::usual()).await;
    let (mut stream, _) = ask(&served, &[]).await;
    served.stop();
    served.stopped().await;
    let mut received = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut received));
    let _ = ended.await.expect("an end in time");
}
