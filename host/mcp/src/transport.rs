//! Streamable HTTP: what is allowed in, and how it is served.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use http::{HeaderName, Method, StatusCode, header};
use rmcp::model::ProtocolVersion;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::handler::Handler;
use crate::server::McpOptions;
use crate::sessions::BoundedSessions;

const PATH: &str = "/mcp";
const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const LOOPBACK_ORIGINS: [&str; 3] = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"];
const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

pub(crate) fn router(
    handler: impl Fn() -> Handler + Send + Sync + 'static,
    sessions: Arc<BoundedSessions>,
    options: &McpOptions,
    ending: CancellationToken,
) -> Router {
    let and = |defaults: [&str; 3], more: &[String]| -> Vec<String> {
        defaults
            .into_iter()
            .map(str::to_owned)
            .chain(more.iter().cloned())
            .collect()
    };
    let config = StreamableHttpServerConfig::default()
        .with_json_response(true)
        .with_allowed_hosts(and(LOOPBACK_HOSTS, &options.allowed_hosts))
        .with_allowed_origins(and(LOOPBACK_ORIGINS, &options.allowed_origins))
        .with_max_request_body_bytes(options.max_body)
        .with_cancellation_token(ending);
    let service = StreamableHttpService::new(move || Ok(handler()), sessions.clone(), config);
    Router::new()
        .route_service(PATH, service)
        .layer(middleware::from_fn_with_state(sessions, refuse_when_full))
}

/// Without this, the refusal of a session would look like a failure of the server.
async fn refuse_when_full(
    State(sessions): State<Arc<BoundedSessions>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let modern = headers.get(PROTOCOL_VERSION).is_some_and(|version| {
        version.as_bytes() >= ProtocolVersion::V_2026_07_28.as_str().as_bytes()
    });
    let begins = request.method() == Method::POST && !modern && !headers.contains_key(SESSION_ID);
    if begins && let Some(refusal) = sessions.refusal().await {
        let retry = [(header::RETRY_AFTER, "10")];
        return (StatusCode::SERVICE_UNAVAILABLE, retry, refusal.to_string()).into_response();
    }
    next.run(request).await
}

pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    ending: CancellationToken,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    // An answer as an event stream is several small writes. With Nagle's algorithm and delayed
    // acknowledgements each would cost 40 ms.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            shutdown.await;
            // Streams would last as long as their clients.
            ending.cancel();
        })
        .await
}
