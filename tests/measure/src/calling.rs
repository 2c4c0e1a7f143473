//! A client that calls any tool of an MCP server on one connection, each request for itself.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::client::{MODERN, meta};
use super::http::{ACCEPT, Connection, post, split};

/// A connection and where it leads.
#[derive(Debug)]
pub struct Calling {
    connection: Connection,
    path: String,
    number: u64,
}

impl Calling {
    /// Connects to an MCP endpoint.
    ///
    /// # Errors
    /// If nobody is there.
    pub async fn connect(url: &str) -> Result<Self> {
        let (address, path): (SocketAddr, &str) = split(url)?;
        Ok(Self {
            connection: Connection::open(address).await?,
            path: path.to_owned(),
            number: 0,
        })
    }

    /// Calls a tool; the structured content of its result.
    ///
    /// # Errors
    /// If there is no result, or one that tells of a failure.
    pub async fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value> {
        self.number += 1;
        let headers = format!(
            "{ACCEPT}mcp-protocol-version: {MODERN}\r\nmcp-method: tools/call\r\nmcp-name: {tool}\r\n"
        );
        let body = json!({
            "jsonrpc": "2.0",
            "id": self.number,
            "method": "tools/call",
            "params": {"name": tool, "arguments": arguments, "_meta": meta()},
        });
        let request = post(&self.path, &headers, &body.to_string());
        let answer = self.connection.exchange(&request).await?;
        ensure!(answer.status == 200, "{}: {}", answer.status, answer.body);
        let message: Value =
            serde_json::from_str(answer.body).with_context(|| answer.body.to_owned())?;
        let result = &message["result"];
        if message["id"] != self.number || result["isError"] == true || result.is_null() {
            bail!("no answer: {message}");
        }
        Ok(result["structuredContent"].clone())
    }
}
