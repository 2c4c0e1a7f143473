//! MCP on byte streams, as over standard input and output.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};

use super::http::{initialize, modern};
use super::node::{Extension, Node, tool};

struct Stream {
    read: tokio::io::Lines<BufReader<ReadHalf<DuplexStream>>>,
    write: WriteHalf<DuplexStream>,
}

impl Stream {
    fn to(node: &Node) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (read, write) = tokio::io::split(theirs);
        let server = node.server.clone();
        tokio::spawn(async move { server.serve_stream(read, write).await });
        let (read, write) = tokio::io::split(ours);
        Self {
            read: BufReader::new(read).lines(),
            write,
        }
    }

    async fn send(&mut self, message: &Value) {
        self.write
            .write_all(format!("{message}\n").as_bytes())
            .await
            .unwrap();
    }

    async fn next(&mut self) -> Value {
        serde_json::from_str(&self.read.next_line().await.unwrap().unwrap()).unwrap()
    }
}

#[tokio::test]
async fn a_legacy_client_initialises_calls_and_is_told_of_changes() {
    let node = Node::usual();
    let mut stream = Stream::to(&node);
    stream.send(&initialize()).await;
    assert_eq!(
        stream.next().await["result"]["serverInfo"]["name"],
        "koi-mcp"
    );
    stream
        .send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
        .await;
    let params = json!({ "name": "echo", "arguments": { "text": "hello" } });
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params });
    stream.send(&call).await;
    assert_eq!(
        stream.next().await["result"]["structuredContent"]["text"],
        "hello"
    );
    node.install(vec![Extension::of_tools("more", vec![tool("extra")])]);
    assert_eq!(
        stream.next().await["method"],
        "notifications/tools/list_changed"
    );
}

#[tokio::test]
async fn a_modern_client_discovers_calls_and_listens() {
    let node = Node::usual();
    let mut stream = Stream::to(&node);
    stream.send(&modern("server/discover", json!({}))).await;
    assert!(stream.next().await["result"]["supportedVersions"].is_array());
    let call = json!({ "name": "echo", "arguments": { "text": "hello" } });
    stream.send(&modern("tools/call", call)).await;
    assert_eq!(
        stream.next().await["result"]["structuredContent"]["text"],
        "hello"
    );
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    stream.send(&modern("subscriptions/listen", filter)).await;
    let acknowledged = stream.next().await;
    assert_eq!(
        acknowledged["method"],
        "notifications/subscriptions/acknowledged"
    );
    node.install(vec![Extension::of_tools("more", vec![tool("extra")])]);
    assert_eq!(
        stream.next().await["method"],
        "notifications/tools/list_changed"
    );
}

#[tokio::test]
async fn a_stream_ends_with_its_client() {
    let node = Node::usual();
    let (ours, theirs) = tokio::io::duplex(1024);
    let (read, write) = tokio::io::split(theirs);
    let server = node.server.clone();
    let serving = tokio::spawn(async move { server.serve_stream(read, write).await });
    let (mut reading, mut writing) = tokio::io::split(ours);
    writing
        .write_all(format!("{}\n", initialize()).as_bytes())
        .await
        .unwrap();
    BufReader::new(&mut reading)
        .read_line(&mut String::new())
        .await
        .unwrap();
    writing.shutdown().await.unwrap();
    drop((reading, writing));
    serving.await.unwrap().unwrap();
}
