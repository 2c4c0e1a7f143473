//! Clients of a tool that never answers.

use anyhow::Result;
use serde_json::json;
use tokio::task::JoinSet;

use crate::client::{MODERN, meta};
use crate::http::{Connection, post, split};

/// Clients, each of which calls the tool again whenever its call was stopped. Dropping them ends the
/// calls.
#[derive(Debug)]
pub struct Spinning(#[allow(dead_code, reason = "held, for its drop")] JoinSet<Result<()>>);

impl Spinning {
    /// So many clients begin to call.
    pub async fn begin(url: &str, tool: &'static str, count: usize) -> Result<Self> {
        let (address, path) = split(url)?;
        let headers = format!(
            "accept: application/json, text/event-stream\r\nmcp-protocol-version: {MODERN}\r\nmcp-method: tools/call\r\nmcp-name: {tool}\r\n"
        );
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": tool, "arguments": {}, "_meta": meta(),
        }});
        let request = post(path, &headers, &body.to_string());
        let mut clients = JoinSet::new();
        for _ in 0..count {
            let mut connection = Connection::open(address).await?;
            let request = request.clone();
            clients.spawn(async move {
                loop {
                    connection.exchange(&request).await?;
                }
            });
        }
        Ok(Self(clients))
    }
}
