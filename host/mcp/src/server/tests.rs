//! What a server leaves behind.

use std::sync::Arc;

use koi_registry::Snapshot;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::{broadcast, watch};

use super::{McpOptions, McpParts, McpServer};
use crate::catalog::Catalog;

const BEGINNING: &str = concat!(
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","#,
    r#""capabilities":{},"clientInfo":{"name":"test","version":"1"}}}"#,
    "\n",
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    "\n",
    r#"{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"a:b"}}"#,
    "\n",
);

struct Empty(watch::Sender<u64>);

impl Catalog for Empty {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::new(Snapshot::default())
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

#[tokio::test]
async fn a_client_that_has_gone_is_no_listener_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let stores = koi_store::sqlite::open(&folder.path().join("store.db")).unwrap();
    let server = McpServer::new(McpParts {
        catalog: Arc::new(Empty(watch::Sender::new(0))),
        management: None,
        bundles: stores.bundles.clone(),
        sessions: stores.mcp_sessions.clone(),
        changes: broadcast::Sender::new(1).subscribe(),
        options: McpOptions::default(),
    });
    let (ours, theirs) = tokio::io::duplex(4096);
    let (read, write) = tokio::io::split(theirs);
    let serving = server.clone();
    let serving = tokio::spawn(async move { serving.serve_stream(read, write).await });
    let (read, mut write) = tokio::io::split(ours);
    write.write_all(BEGINNING.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(read).lines();
    while lines
        .next_line()
        .await
        .unwrap()
        .is_some_and(|line| !line.contains("\"id\":1"))
    {}
    assert_eq!(server.shared.hub.len(), 1);
    drop((lines, write));
    serving.await.unwrap().unwrap();
    assert_eq!(server.shared.hub.len(), 0);
    assert!(server.shared.hub.watched().is_empty());
}
