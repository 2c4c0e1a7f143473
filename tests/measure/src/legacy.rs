//! Sessions of the legacy era, as far as their clients have to care.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::http::{ACCEPT, Connection, post};

/// The protocol.
const LEGACY: &str = "2025-11-25";

/// Begins a session; the header lines that requests in it have besides those of all requests.
pub async fn begin(connection: &mut Connection, path: &str) -> Result<String> {
    let info = json!({"name": "koi-tests", "version": "1"});
    let begin = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": info,
    }});
    let begin = post(path, ACCEPT, &begin.to_string());
    let answer = connection.exchange(&begin).await?;
    ensure!(
        answer.status == 200,
        "initialize: {} {}",
        answer.status,
        answer.body
    );
    let session = answer.session.context("no session")?;
    let lines = format!("mcp-protocol-version: {LEGACY}\r\nmcp-session-id: {session}\r\n");
    let done = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let done = post(path, &format!("{ACCEPT}{lines}"), &done.to_string());
    let answer = connection.exchange(&done).await?;
    ensure!(
        answer.status == 202,
        "initialized: {} {}",
        answer.status,
        answer.body
    );
    Ok(lines)
}
