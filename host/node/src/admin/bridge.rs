//! MCP's stdio transport through the admin listener: a client that starts `koi-mcp mcp` talks to the
//! node that is already running, byte for byte, in whatever protocol era it likes.
//!
//! The request `POST /v1/mcp` with `Upgrade: mcp` is answered 101, and from then on the connection
//! carries JSON-RPC lines. It ends when either side closes.

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Client, MCP_UPGRADE};

/// Longest response head that is read.
const MAX_HEAD: usize = 8 << 10;

/// Opens an MCP byte stream to the node.
///
/// # Errors
/// If the node cannot be reached or does not switch protocols.
pub async fn connect(client: &Client) -> Result<TcpStream> {
    let url = &client.node().admin_url;
    let address = url.strip_prefix("http://").unwrap_or(url);
    let mut stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("cannot reach the node at {url}"))?;
    stream.set_nodelay(true)?;
    let request = format!(
        "POST /v1/mcp HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Connection: Upgrade\r\nUpgrade: {MCP_UPGRADE}\r\nContent-Length: 0\r\n\r\n",
        client.token()
    );
    stream.write_all(request.as_bytes()).await?;
    let head = read_head(&mut stream).await?;
    if !head.starts_with(b"HTTP/1.1 101 ") {
        let line = head.split(|b| *b == b'\r').next().unwrap_or_default();
        bail!(
            "the node at {url} does not offer MCP to this command: {}",
            String::from_utf8_lossy(line)
        );
    }
    Ok(stream)
}

/// Reads up to the empty line, a byte at a time so as not to take any of what follows.
async fn read_head(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD {
            bail!("the node's answer has no end");
        }
        head.push(
            stream
                .read_u8()
                .await
                .context("the node closed the connection")?,
        );
    }
    Ok(head)
}
