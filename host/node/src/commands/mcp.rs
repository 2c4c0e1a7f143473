//! `koi-mcp mcp`: MCP on standard input and output.
//!
//! With a node running on the data folder it is a pipe to that node, so that every client sees the
//! same extensions and knowledge; else it is a node of its own, on free ports, for as long as the
//! client lives. A node that is just starting is waited for. When the node goes away the command
//! fails, which tells the client.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncWriteExt, copy, stdin, stdout};

use super::signals::Signals;
use crate::admin::{Client, connect_mcp};
use crate::config::Config;
use crate::data_dir::InUse;
use crate::{Node, STOP_WITHIN};

/// How long a node that is starting is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked for meanwhile.
const GLANCE: Duration = Duration::from_millis(50);

pub(super) async fn run(mut config: Config) -> Result<()> {
    let free = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    config.koi.listen = free;
    config.mcp.listen = free;
    let mut signals = Signals::listen()?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(client) = Client::find(&config.node.data_dir)? {
            return pipe(&client, signals).await;
        }
        let node = tokio::select! {
            node = Node::start(config.clone()) => node,
            () = signals.stop() => return Ok(()),
        };
        match node {
            Ok(node) => return serve(node, signals).await,
            // Somebody else's node holds the folder and does not say yet where it listens.
            Err(error) if error.is::<InUse>() && Instant::now() < deadline => {
                tokio::time::sleep(GLANCE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Serves the client with a node of its own.
async fn serve(node: Node, mut signals: Signals) -> Result<()> {
    let server = node.mcp().clone();
    let mut serving = pin!(server.serve_stream(stdin(), stdout()));
    let served = tokio::select! {
        served = &mut serving => {
            node.stop().await;
            served
        }
        () = signals.stop() => {
            let answered = tokio::time::timeout(STOP_WITHIN, serving);
            tokio::join!(node.stop(), answered).1.unwrap_or(Ok(()))
        }
    };
    Ok(served?)
}

/// Carries bytes both ways until the client has left and is answered, or the node has gone.
async fn pipe(client: &Client, mut signals: Signals) -> Result<()> {
    let (mut from_node, mut to_node) = connect_mcp(client).await?.into_split();
    let up = async {
        copy(&mut stdin(), &mut to_node).await?;
        to_node.shutdown().await
    };
    let mut out = stdout();
    let mut down = pin!(async {
        copy(&mut from_node, &mut out).await?;
        out.flush().await
    });
    let url = &client.node().admin_url;
    let gone = || format!("the node at {url} has gone; start it, and then this command again");
    tokio::select! {
        down = &mut down => {
            down.with_context(gone)?;
            bail!(gone());
        }
        up = up => {
            up.with_context(gone)?;
            // The node closes when it has answered everything that came before the end of the input.
            down.await.with_context(gone)
        }
        () = signals.stop() => Ok(()),
    }
}
