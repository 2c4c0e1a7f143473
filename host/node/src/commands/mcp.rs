//! `koi-mcp mcp`: MCP on standard input and output.
//!
//! With a node running on the data folder it is a pipe to that node, so that every client sees the
//! same extensions and knowledge; else it is a node of its own, on free ports, for as long as the
//! client lives.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::Result;
use tokio::io::{AsyncWriteExt, copy, stdin, stdout};

use crate::Node;
use crate::admin::{Client, connect_mcp};
use crate::config::Config;

pub(super) async fn run(mut config: Config) -> Result<()> {
    if let Ok(client) = Client::of(&config.node.data_dir) {
        return pipe(&client).await;
    }
    let free = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    config.koi.listen = free;
    config.mcp.listen = free;
    let node = Node::start(config).await?;
    let result = node.mcp().serve_stream(stdin(), stdout()).await;
    node.stop().await;
    Ok(result?)
}

/// Carries bytes both ways until either side is done.
async fn pipe(client: &Client) -> Result<()> {
    let (mut from_node, mut to_node) = connect_mcp(client).await?.into_split();
    let up = async {
        copy(&mut stdin(), &mut to_node).await?;
        to_node.shutdown().await
    };
    let mut out = stdout();
    let down = async {
        copy(&mut from_node, &mut out).await?;
        out.flush().await
    };
    // The node closes when it has answered everything that came before the end of the input.
    let (up, down) = tokio::join!(up, down);
    up.and(down)?;
    Ok(())
}
