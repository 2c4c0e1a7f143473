//! The server as the node sees it.

#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures::StreamExt;
use koi_pipeline::Change;
use koi_store::Bundles;
use rmcp::ServiceExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_util::io::{ReaderStream, StreamReader};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::catalog::Catalog;
use crate::handler::Handler;
use crate::open_calls::OpenCallOptions;
use crate::sessions::BoundedSessions;
use crate::shared::Shared;
use crate::{news, transport};

/// The name that clients see.
pub const SERVER_NAME: &str = "koi-mcp";

/// How the server is reached and what it keeps.
#[derive(Debug, Clone)]
pub struct McpOptions {
    /// `Host` headers that are served besides those of the loopback: `name` or `name:port`.
    pub allowed_hosts: Vec<String>,
    /// `Origin` headers that are served besides those of the loopback: `https://name:port`, the port
    /// may be `*`.
    pub allowed_origins: Vec<String>,
    /// Most sessions of the legacy era at once; one takes about 50 KB.
    pub max_sessions: usize,
    /// After this long without a message a session of the legacy era is ended.
    pub session_idle: Duration,
    /// Most bytes of a request's body.
    pub max_body: usize,
    /// Which calls may outlive the request they began with.
    pub calls: OpenCallOptions,
}

impl Default for McpOptions {
    fn default() -> Self {
        Self {
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            max_sessions: 1_000,
            session_idle: Duration::from_secs(60 * 60),
            max_body: 4 << 20,
            calls: OpenCallOptions::default(),
        }
    }
}

/// What a server is made of.
pub struct McpParts {
    /// Where the snapshots come from: the registry.
    pub catalog: Arc<dyn Catalog>,
    /// The stored knowledge.
    pub bundles: Arc<dyn Bundles>,
    /// News of stored and forgotten knowledge.
    pub changes: broadcast::Receiver<Change>,
    /// How it is reached.
    pub options: McpOptions,
}

/// Why a byte stream could not be served to its end.
#[derive(Debug, thiserror::Error)]
pub enum McpError {
    /// The client did not begin as MCP has it.
    #[error("the MCP client did not begin a conversation: {0}")]
    Beginning(Box<rmcp::service::ServerInitializeError>),
    /// The task that served it ended before its time.
    #[error("the MCP conversation was broken off: {0}")]
    Broken(tokio::task::JoinError),
}

/// The MCP server. Clones are the same server; with the last one go its sessions and streams.
#[derive(Clone)]
pub struct McpServer {
    shared: Arc<Shared>,
    sessions: Arc<BoundedSessions>,
    options: McpOptions,
    /// Ends sessions and streams.
    ending: CancellationToken,
    _end_with_last_clone: Arc<DropGuard>,
}

impl McpServer {
    /// Makes a server and starts its listening for changes; needs a tokio runtime around it.
    pub fn new(parts: McpParts) -> Self {
        let ending = CancellationToken::new();
        let shared = Arc::new(Shared::new(
            parts.catalog,
            parts.bundles,
            parts.options.calls.clone(),
            ending.clone(),
        ));
        tokio::spawn(news::listen(
            Arc::downgrade(&shared),
            parts.changes,
            ending.clone(),
        ));
        Self {
            shared,
            sessions: BoundedSessions::new(parts.options.max_sessions, parts.options.session_idle),
            options: parts.options,
            _end_with_last_clone: Arc::new(ending.clone().drop_guard()),
            ending,
        }
    }

    /// Streamable HTTP at `/mcp`, both eras.
    pub fn router(&self) -> Router {
        let shared = self.shared.clone();
        transport::router(
            move || Handler::new(shared.clone()),
            self.sessions.clone(),
            &self.options,
            self.shared.requests.clone(),
            self.ending.child_token(),
        )
    }

    /// Serves [`Self::router`] on a listener until `shutdown`. Then requests that are running have a
    /// moment to be answered, and the server ends with all its sessions and streams.
    ///
    /// # Errors
    /// If the listener fails.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let (shared, ending) = (self.shared.clone(), self.ending.clone());
        let close = async move {
            shared.close().await;
            ending.cancel();
        };
        transport::serve(listener, self.router(), shutdown, close).await
    }

    /// Serves one client on a pair of byte streams, one JSON-RPC message a line, until it leaves or
    /// the server ends. Requests that are running then have a moment to be answered.
    ///
    /// # Errors
    /// If the client does not speak MCP.
    pub async fn serve_stream<R, W>(&self, read: R, write: W) -> Result<(), McpError>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let _answering = self.shared.requests.token();
        // When the server closes there is no more input, and what came before is answered.
        let input =
            ReaderStream::new(read).take_until(self.shared.closing.clone().cancelled_owned());
        let read = StreamReader::new(Box::pin(input));
        let handler = Handler::new(self.shared.clone());
        let running = handler
            .serve_with_ct((read, write), self.ending.child_token())
            .await
            .map_err(|error| McpError::Beginning(Box::new(error)))?;
        running.waiting().await.map(drop).map_err(McpError::Broken)
    }
}
