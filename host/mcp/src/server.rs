//! The server as the node sees it.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
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
use crate::endpoint::{ViewName, ViewOptions};
use crate::handler::Handler;
use crate::sessions::BoundedSessions;
use crate::shared::Shared;
use crate::{news, rest, transport};

/// The name that clients see.
pub const SERVER_NAME: &str = "koi-mcp";

/// The path of the endpoint that shows all. Views are one level below it.
const PATH: &str = "/mcp";

/// How the server is reached and what it keeps.
#[derive(Debug, Clone)]
pub struct McpOptions {
    /// `Host` headers that are served besides those of the loopback: `name` or `name:port`.
    pub allowed_hosts: Vec<String>,
    /// `Origin` headers that are served besides those of the loopback: `https://name:port`, the port
    /// may be `*`.
    pub allowed_origins: Vec<String>,
    /// What is shown at `/mcp`, on byte streams and by the HTTP routes.
    pub main: ViewOptions,
    /// What is shown at `/mcp/NAME`.
    pub views: BTreeMap<ViewName, ViewOptions>,
    /// Most sessions of the legacy era at once, over all endpoints; one takes about 50 KB.
    pub max_sessions: usize,
    /// After this long without a message a session of the legacy era is ended.
    pub session_idle: Duration,
    /// Most bytes of a request's body.
    pub max_body: usize,
}

impl Default for McpOptions {
    fn default() -> Self {
        Self {
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            main: ViewOptions::default(),
            views: BTreeMap::new(),
            max_sessions: 1_000,
            session_idle: Duration::from_secs(60 * 60),
            max_body: 4 << 20,
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
    /// Of the endpoint `/mcp`.
    shared: Arc<Shared>,
    endpoints: Arc<[Endpoint]>,
    options: McpOptions,
    /// Ends sessions and streams.
    ending: CancellationToken,
    _end_with_last_clone: Arc<DropGuard>,
}

/// Where clients reach a view.
struct Endpoint {
    path: String,
    shared: Arc<Shared>,
    sessions: Arc<BoundedSessions>,
}

impl McpServer {
    /// Makes a server and starts its listening for changes; needs a tokio runtime around it.
    pub fn new(parts: McpParts) -> Self {
        let ending = CancellationToken::new();
        let options = &parts.options;
        let shared = Shared::new(parts.catalog, parts.bundles, options.main.clone());
        let shared = Arc::new(shared);
        let mut served = vec![(PATH.to_owned(), shared.clone())];
        served.extend(options.views.iter().map(|(name, view)| {
            let shared = Arc::new(shared.beside(view.clone()));
            (format!("{PATH}/{name}"), shared)
        }));
        let sessions =
            BoundedSessions::of_endpoints(served.len(), options.max_sessions, options.session_idle);
        let endpoint = |((path, shared), sessions)| {
            let changes = parts.changes.resubscribe();
            let listening = news::listen(Arc::downgrade(&shared), changes, ending.clone());
            tokio::spawn(listening);
            Endpoint {
                path,
                shared,
                sessions,
            }
        };
        let endpoints = served.into_iter().zip(sessions).map(endpoint).collect();
        Self {
            shared,
            endpoints,
            options: parts.options,
            _end_with_last_clone: Arc::new(ending.clone().drop_guard()),
            ending,
        }
    }

    /// Streamable HTTP at `/mcp` and at the path of each view, both eras, and the plain HTTP routes.
    pub fn router(&self) -> Router {
        let of = |endpoint: &Endpoint| {
            let shared = endpoint.shared.clone();
            transport::router(
                &endpoint.path,
                move || Handler::new(shared.clone()),
                endpoint.sessions.clone(),
                &self.options,
                self.shared.requests.clone(),
                self.ending.child_token(),
            )
        };
        let endpoints = self.endpoints.iter().map(of);
        let rest = rest::router(self.shared.clone(), &self.options);
        endpoints.fold(rest, Router::merge)
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
