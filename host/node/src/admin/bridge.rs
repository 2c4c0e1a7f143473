//! MCP's stdio transport through the admin listener: a client that starts `koi-mcp mcp` talks to the
//! node that is already running, byte for byte, in whatever protocol era it likes.
//!
//! The request `POST /v1/mcp` with `Upgrade: mcp` is answered 101, and from then on the connection
//! carries JSON-RPC lines. It ends when either side closes.

use anyhow::{Context, Result, bail};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::problem::Problem;
use super::{AdminParts, Client};

/// The protocol name of the MCP byte stream in an `Upgrade` header.
const MCP_UPGRADE: &str = "mcp";

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

/// Turns the connection into an MCP byte stream.
pub(super) async fn accept(
    State(parts): State<AdminParts>,
    mut request: Request,
) -> Result<Response, Problem> {
    let wanted = request
        .headers()
        .get(header::UPGRADE)
        .and_then(|value| value.to_str().ok());
    if wanted != Some(MCP_UPGRADE) {
        return Err(Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            "this path speaks MCP's stdio transport: send `Upgrade: mcp`; for HTTP use the mcp_url",
        ));
    }
    let upgrade = hyper::upgrade::on(&mut request);
    let server = parts.mcp;
    parts.tasks.spawn(async move {
        match upgrade.await {
            Ok(connection) => {
                let (read, write) = tokio::io::split(TokioIo::new(connection));
                if let Err(error) = server.serve_stream(read, write).await {
                    tracing::debug!(%error, "an MCP stream ended");
                }
            }
            Err(error) => tracing::debug!(%error, "an MCP client left before its stream began"),
        }
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, MCP_UPGRADE)
        .body(Body::empty())
        .map_err(Problem::internal)
}
