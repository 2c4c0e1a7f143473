//! Streamable HTTP: what is allowed in, and how it is served.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use futures::StreamExt;
use http::{HeaderName, Method, StatusCode, header};
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::handler::Handler;
use crate::server::McpOptions;
use crate::sessions::BoundedSessions;

const FIRST_MODERN: &str = "2026-07-28";
pub(crate) const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
pub(crate) const LOOPBACK_ORIGINS: [&str; 3] =
    ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"];
const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

pub(crate) fn router(
    path: &str,
    handler: impl Fn() -> Handler + Send + Sync + 'static,
    sessions: Arc<BoundedSessions>,
    options: &McpOptions,
    requests: TaskTracker,
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
        .route_service(path, service)
        .layer(middleware::from_fn_with_state((sessions, requests), around))
}

type Surroundings = (Arc<BoundedSessions>, TaskTracker);

/// What is done around each request. Two answers that clients would take for failures as rmcp gives
/// them are changed: a session that is refused is 503, not 500, and one that is ended is 204, not
/// 202. And each request is counted until it is answered.
async fn around(
    State((sessions, requests)): State<Surroundings>,
    request: Request,
    next: Next,
) -> Response {
    let (posts, ends) = (
        request.method() == Method::POST,
        request.method() == Method::DELETE,
    );
    if posts
        && begins_session(&request)
        && let Some(refusal) = sessions.refusal().await
    {
        let retry = [(header::RETRY_AFTER, "10")];
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return (status, retry, refusal.to_string()).into_response();
    }
    let running = requests.token();
    let mut response = next.run(request).await;
    if ends && response.status() == StatusCode::ACCEPTED {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    // The stream of a GET is no answer and lasts as long as its client.
    if posts && is_stream(&response) {
        return response.map(|body| until_end(body, running));
    }
    response
}

fn begins_session(post: &Request) -> bool {
    let headers = post.headers();
    let modern = headers
        .get(PROTOCOL_VERSION)
        .is_some_and(|version| version.as_bytes() >= FIRST_MODERN.as_bytes());
    !modern && !headers.contains_key(SESSION_ID)
}

fn is_stream(response: &Response) -> bool {
    let of = response.headers().get(header::CONTENT_TYPE);
    of.is_some_and(|of| of.as_bytes().starts_with(b"text/event-stream"))
}

fn until_end(body: Body, running: TaskTrackerToken) -> Body {
    Body::from_stream(body.into_data_stream().inspect(move |_| {
        let _kept = &running;
    }))
}

/// Serves until `shutdown`, then no new connections; `close` has to end the streams, which would
/// else last as long as their clients.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
    close: impl Future<Output = ()> + Send + 'static,
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
            tokio::spawn(close);
        })
        .await
}
