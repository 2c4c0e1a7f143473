//! `koi-mcp serve`: a node until it is told to stop.

use anyhow::{Context, Result};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::Node;
use crate::config::Config;

pub(super) async fn run(config: Config, json: bool) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let data_dir = config.node.data_dir.clone();
    let node = Node::start(config).await?;
    let running = node.running();
    if json {
        println!(
            "{}",
            json!({
                "event": "ready",
                "node_rid": running.node_rid,
                "koi_url": running.koi_url,
                "mcp_url": running.mcp_url,
                "admin_url": running.admin_url,
                "public_key": running.public_key,
            })
        );
    } else {
        println!("node     {}", running.node_rid);
        println!("KOI-net  {}", running.koi_url);
        println!("MCP      {}", running.mcp_url);
        println!(
            "admin    {} (token in {})",
            running.admin_url,
            data_dir.join("admin.token").display()
        );
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    node.stop().await;
    Ok(())
}
