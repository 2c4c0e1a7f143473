//! `koi-mcp serve`: a node until it is told to stop, which it may be before it is ready.

use anyhow::Result;
use serde_json::json;

use super::print;
use super::signals::Signals;
use crate::Node;
use crate::config::Config;

pub(super) async fn run(config: Config, json: bool) -> Result<()> {
    let mut signals = Signals::listen()?;
    let data_dir = config.node.data_dir.clone();
    let node = tokio::select! {
        node = Node::start(config) => node?,
        () = signals.stop() => return Ok(()),
    };
    let running = node.running();
    let ready = if json {
        json!({
            "event": "ready",
            "node_rid": running.node_rid,
            "koi_url": running.koi_url,
            "mcp_url": running.mcp_url,
            "admin_url": running.admin_url,
            "public_key": running.public_key,
        })
        .to_string()
    } else {
        format!(
            "node     {}\nKOI-net  {}\nMCP      {}\nadmin    {} (token in {})",
            running.node_rid,
            running
                .koi_url
                .as_deref()
                .unwrap_or("no server: a partial node, which polls"),
            running.mcp_url,
            running.admin_url,
            data_dir.join("admin.token").display()
        )
    };
    // A node serves whether or not somebody reads this.
    if let Err(error) = print::text(&ready) {
        tracing::debug!("{error:#}");
    }
    signals.stop().await;
    node.stop().await;
    Ok(())
}
