//! The server as the node sees it.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::{Router, middleware};
use futures::StreamExt;
use futures::future::BoxFuture;
use koi_pipeline::Change;
use koi_store::{Bundles, McpSessions};
use rmcp::ServiceExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_util::io::{ReaderStream, StreamReader};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::catalog::Catalog;
use crate::connections::{self, ConnectionLimits};
use crate::endpoint::{ViewName, ViewOptions};
use crate::guard::Guard;
use crate::handler::Handler;
use crate::management::Management;
use crate::open_calls::{OpenCallOptions, OpenCalls};
use crate::places::Places;
use crate::principals::{Principals, TokenDigest};
use crate::sessions::{SessionLimits, Sessions};
use crate::shared::Shared;
use crate::transport::{self, Surroundings};
use crate::{news, rest};

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
    /// Whose requests are served, by name, each known by the digest of a bearer token. If there are
    /// none, all requests are the local client's, and served.
    pub tokens: BTreeMap<String, TokenDigest>,
    /// What is shown at `/mcp`, on byte streams and by the HTTP routes.
    pub main: ViewOptions,
    /// What is shown at `/mcp/NAME`.
    pub views: BTreeMap<ViewName, ViewOptions>,
    /// Most sessions of the legacy era over all endpoints: all of them are in the store.
    pub max_sessions: usize,
    /// Most of them that are in memory too; one takes about 50 KB there.
    pub max_live_sessions: usize,
    /// After this long without a message or an open stream a session is forgotten.
    pub session_idle: Duration,
    /// After this long it is parked: it goes from memory, and comes back with the next request.
    pub park_after: Duration,
    /// Most streams at once on which clients hear of changes.
    pub max_streams: usize,
    /// Most of them of one principal.
    pub max_streams_each: usize,
    /// Most WebSockets at once.
    pub max_sockets: usize,
    /// Most of them of one principal.
    pub max_sockets_each: usize,
    /// Clients on WebSockets are asked so often whether they are still there.
    pub ping_every: Duration,
    /// Most connections at once; more clients wait.
    pub max_connections: usize,
    /// How long the head of a request may take, from the answer before it on.
    pub head_within: Duration,
    /// How long a client may take to read what is sent to it; it is cut off then.
    pub read_within: Duration,
    /// How long a request's body may take.
    pub body_within: Duration,
    /// Most bytes of a request's body, and of a message on a WebSocket.
    pub max_body: usize,
    /// Which calls may outlive the request they began with.
    pub calls: OpenCallOptions,
}

impl Default for McpOptions {
    fn default() -> Self {
        Self {
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            tokens: BTreeMap::new(),
            main: ViewOptions::default(),
            views: BTreeMap::new(),
            max_sessions: 20_000,
            max_live_sessions: 4_000,
            session_idle: Duration::from_secs(24 * 60 * 60),
            park_after: Duration::from_secs(60),
            max_streams: 4_000,
            max_streams_each: 1_000,
            max_sockets: 1_000,
            max_sockets_each: 250,
            ping_every: Duration::from_secs(30),
            max_connections: 10_000,
            head_within: Duration::from_secs(30),
            read_within: Duration::from_secs(60),
            body_within: Duration::from_secs(60),
            max_body: 4 << 20,
            calls: OpenCallOptions::default(),
        }
    }
}

/// What a server is made of.
pub struct McpParts {
    /// Where the snapshots come from: the registry.
    pub catalog: Arc<dyn Catalog>,
    /// What manages the extensions for agents, on endpoints that let them.
    pub management: Option<Arc<dyn Management>>,
    /// The stored knowledge.
    pub bundles: Arc<dyn Bundles>,
    /// Where sessions are kept.
    pub sessions: Arc<dyn McpSessions>,
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
    surroundings: Surroundings,
    principals: Arc<Principals>,
    /// Ends sessions and streams.
    ending: CancellationToken,
    _end_with_last_clone: Arc<DropGuard>,
}

/// Where clients reach a view.
struct Endpoint {
    path: String,
    shared: Arc<Shared>,
}

impl McpServer {
    /// Makes a server and starts its listening for changes; needs a tokio runtime around it.
    pub fn new(parts: McpParts) -> Self {
        let ending = CancellationToken::new();
        let options = parts.options;
        let streams = Places::new(
            "streams open",
            options.max_streams,
            options.max_streams_each,
        );
        let shared = Shared::new(
            parts.catalog,
            parts.management,
            parts.bundles,
            options.main.clone(),
            streams.clone(),
            OpenCalls::new(options.calls.clone(), ending.clone()),
        );
        let shared = Arc::new(shared);
        let mut served = vec![(PATH.to_owned(), shared.clone())];
        served.extend(options.views.iter().map(|(name, view)| {
            let shared = Arc::new(shared.beside(view.clone()));
            (format!("{PATH}/{name}"), shared)
        }));
        let endpoint = |(path, shared)| {
            let changes = parts.changes.resubscribe();
            let listening = news::listen(Arc::downgrade(&shared), changes, ending.clone());
            tokio::spawn(listening);
            Endpoint { path, shared }
        };
        let endpoints = served.into_iter().map(endpoint).collect();
        let limits = SessionLimits {
            most: options.max_sessions,
            most_live: options.max_live_sessions,
            idle: options.session_idle,
            park_after: options.park_after,
        };
        let sockets = Places::new(
            "WebSockets open",
            options.max_sockets,
            options.max_sockets_each,
        );
        Self {
            principals: Arc::new(Principals::new(&options.tokens)),
            surroundings: Surroundings {
                sessions: Sessions::new(parts.sessions, limits, ending.clone()),
                requests: shared.requests.clone(),
                streams,
                sockets,
                guard: Arc::new(Guard::new(&options)),
                options: Arc::new(options),
                closing: shared.closing.clone(),
                ending: ending.clone(),
            },
            shared,
            endpoints,
            _end_with_last_clone: Arc::new(ending.clone().drop_guard()),
            ending,
        }
    }

    /// How many sessions of the legacy era are in memory.
    pub fn live_sessions(&self) -> usize {
        self.surroundings.sessions.in_memory()
    }

    /// Streamable HTTP and WebSocket at `/mcp` and at the path of each view, both eras, and the plain
    /// HTTP routes, for the principals that are let in.
    pub fn router(&self) -> Router {
        let of = |endpoint: &Endpoint| {
            let shared = endpoint.shared.clone();
            let make = Arc::new(move |parked| Handler::new(shared.clone(), parked));
            transport::endpoint(&endpoint.path, make, &self.surroundings)
        };
        let endpoints = self.endpoints.iter().map(of);
        let rest = rest::router(
            self.shared.clone(),
            self.surroundings.guard.clone(),
            &self.surroundings.options,
        );
        let all = endpoints.fold(rest, Router::merge);
        all.layer(middleware::from_fn_with_state(
            self.principals.clone(),
            transport::let_in,
        ))
    }

    /// Serves [`Self::router`] on a listener until `shutdown`. Then requests that are running have a
    /// moment to be answered, and the server ends with all its sessions and streams; the sessions go on
    /// when a server begins on the same store.
    pub fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> BoxFuture<'_, ()> {
        self.serve_until(listener, Box::pin(shutdown))
    }

    /// Apart from what is generic, so that the server's code is made in this crate.
    fn serve_until(
        &self,
        listener: TcpListener,
        shutdown: BoxFuture<'static, ()>,
    ) -> BoxFuture<'_, ()> {
        let (shared, ending) = (self.shared.clone(), self.ending.clone());
        let sessions = self.surroundings.sessions.clone();
        let close = async move {
            shared.close().await;
            sessions.note().await;
            ending.cancel();
        };
        let limits = ConnectionLimits {
            most: self.surroundings.options.max_connections,
            head_within: self.surroundings.options.head_within,
            read_within: self.surroundings.options.read_within,
        };
        Box::pin(connections::serve(
            listener,
            self.router(),
            limits,
            shutdown,
            close,
        ))
    }

    /// Serves one client on a pair of byte streams, one JSON-RPC message a line, until it leaves or
    /// the server ends. Requests that are running then have a moment to be answered.
    ///
    /// # Errors
    /// If the client does not speak MCP.
    pub fn serve_stream<R, W>(&self, read: R, write: W) -> BoxFuture<'_, Result<(), McpError>>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        self.serve_streams(Box::new(read), Box::new(write))
    }

    /// As [`Self::serve_until`].
    fn serve_streams(
        &self,
        read: Box<dyn AsyncRead + Send + Unpin>,
        write: Box<dyn AsyncWrite + Send + Unpin>,
    ) -> BoxFuture<'_, Result<(), McpError>> {
        Box::pin(async move {
            let _answering = self.shared.requests.token();
            // When the server closes there is no more input, and what came before is answered.
            let input =
                ReaderStream::new(read).take_until(self.shared.closing.clone().cancelled_owned());
            let read = StreamReader::new(Box::pin(input));
            let handler = Handler::new(self.shared.clone(), None);
            let running = handler
                .serve_with_ct((read, write), self.ending.child_token())
                .await
                .map_err(|error| McpError::Beginning(Box::new(error)))?;
            running.waiting().await.map(drop).map_err(McpError::Broken)
        })
    }
}
