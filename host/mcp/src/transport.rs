//! An endpoint: Streamable HTTP and WebSocket at one path, who is let in, and to which session.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::direct::{self, Direct};
use crate::guard::Guard;
use crate::places::Places;
use crate::principals::{Principal, Principals, Stranger};
use crate::server::McpOptions;
use crate::sessions::{MakeHandler, Owner, Sessions, SessionsError};
use crate::websocket::{self, Connection};

const FIRST_MODERN: &str = "2026-07-28";
const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// When a client that found no room is to try again, in seconds.
const TRY_AGAIN: &str = "10";

/// What all endpoints of a server share.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) sessions: Arc<Sessions>,
    /// Requests that are being answered.
    pub(crate) requests: TaskTracker,
    /// Open streams.
    pub(crate) streams: Arc<Places>,
    /// Open WebSockets.
    pub(crate) sockets: Arc<Places>,
    pub(crate) guard: Arc<Guard>,
    pub(crate) options: Arc<McpOptions>,
    /// There are no more messages from then on.
    pub(crate) closing: CancellationToken,
    /// Ends sessions and streams.
    pub(crate) ending: CancellationToken,
}

/// What is around the requests of an endpoint.
struct Around {
    shared: Surroundings,
    make: MakeHandler,
    direct: Direct,
}

/// An endpoint at a path, for those who are let in ([`let_in`]).
pub(crate) fn endpoint(path: &str, make: MakeHandler, shared: &Surroundings) -> Router {
    let options = &shared.options;
    let config = StreamableHttpServerConfig::default()
        .with_json_response(true)
        // The guard has looked at both.
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_max_request_body_bytes(options.max_body)
        .with_cancellation_token(shared.ending.child_token());
    let new = make.clone();
    let service =
        StreamableHttpService::new(move || Ok(new(None)), shared.sessions.clone(), config);
    let around = Arc::new(Around {
        shared: shared.clone(),
        direct: Direct::new(&make, options.max_body, shared.ending.clone()),
        make,
    });
    Router::new()
        .route_service(path, service)
        .layer(middleware::from_fn_with_state(around, self::around))
}

/// Lets in who may make requests, and notes who it is: [`Principal`] in the request's extensions.
pub(crate) async fn let_in(
    State(principals): State<Arc<Principals>>,
    mut request: Request,
    next: Next,
) -> Response {
    match principals.of(request.headers()) {
        Ok(principal) => {
            if let Some(principal) = principal {
                request.extensions_mut().insert(principal);
            }
            next.run(request).await
        }
        Err(stranger) => {
            let (challenge, what) = match stranger {
                Stranger::WithoutToken => (
                    "Bearer",
                    "this server asks for a bearer token: `Authorization: Bearer …`",
                ),
                Stranger::WrongToken => (
                    r#"Bearer error="invalid_token""#,
                    "this server does not know the bearer token: see mcp.tokens in its configuration",
                ),
            };
            let challenge = [(header::WWW_AUTHENTICATE, challenge)];
            (StatusCode::UNAUTHORIZED, challenge, what).into_response()
        }
    }
}

/// What is done around each request. Two answers that clients would take for failures as rmcp gives
/// them are changed: a session that is refused is 503, not 500, and one that is ended is 204, not
/// 202. Each request is counted until it is answered, each open stream as long as it is open, and both
/// keep their session in memory.
async fn around(State(around): State<Arc<Around>>, mut request: Request, next: Next) -> Response {
    let Around {
        shared,
        make,
        direct,
    } = &*around;
    if let Err(refused) = shared.guard.check(&request) {
        return refused.into_response();
    }
    let principal: Option<Principal> = request.extensions().get().cloned();
    if websocket::is_upgrade(&request) {
        return upgrade(&around, principal, request);
    }
    let method = request.method().clone();
    let (posts, ends) = (method == Method::POST, method == Method::DELETE);
    let running = shared.requests.token();
    let (mut session, mut stream) = (None, None);
    if is_modern(&request) {
        if posts {
            match direct.answer(request, shared.options.body_within).await {
                Ok(answer) => return answer,
                Err(left) => request = left,
            }
        }
    } else {
        let owner = Owner {
            principal: principal.clone(),
            endpoint: request.uri().path().into(),
        };
        let id = request.headers().get(SESSION_ID).cloned();
        match id.as_ref().map(HeaderValue::to_str) {
            Some(id) => {
                let Ok(id) = id else { return unknown_session() };
                match shared.sessions.enter(id, &owner, make).await {
                    Ok(Some(entered)) => session = Some(entered),
                    Ok(None) => return unknown_session(),
                    Err(error) => return failed(&error),
                }
            }
            None if posts => {
                if let Err(error) = shared.sessions.refusal().await {
                    return failed(&error);
                }
            }
            None => {}
        }
        request.extensions_mut().insert(owner);
    }
    if let Some(session) = &session {
        if ends && let Err(error) = shared.sessions.end(session).await {
            return failed(&error);
        }
        if method == Method::GET {
            match shared.streams.take(principal.as_ref().map(|p| &p.0)) {
                Ok(place) => stream = Some(place),
                Err(full) => return unavailable(full.to_string()),
            }
        }
        request.extensions_mut().insert(session.clone());
    }
    let late = Arc::new(AtomicBool::new(false));
    if posts {
        let within = shared.options.body_within;
        request = request.map(|body| in_time(body, within, late.clone()));
    }
    let mut response = next.run(request).await;
    if late.load(Ordering::Relaxed) {
        return direct::late();
    }
    if ends && response.status() == StatusCode::ACCEPTED {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    if is_stream(&response) {
        // The stream of a GET is no answer and lasts as long as its client.
        let running = posts.then_some(running);
        return response.map(|body| holding(body, (session, stream, running)));
    }
    response
}

fn upgrade(around: &Around, principal: Option<Principal>, request: Request) -> Response {
    let Around { shared, make, .. } = around;
    let place = match shared.sockets.take(principal.as_ref().map(|p| &p.0)) {
        Ok(place) => place,
        Err(full) => return unavailable(full.to_string()),
    };
    let connection = Connection {
        handler: make(None),
        principal,
        max_message: shared.options.max_body,
        ping_every: shared.options.ping_every,
        closing: shared.closing.clone(),
        ending: shared.ending.clone(),
        held: (place, shared.requests.token()),
    };
    websocket::accept(request, connection)
}

fn is_modern(request: &Request) -> bool {
    let version = request.headers().get(PROTOCOL_VERSION);
    version.is_some_and(|version| version.as_bytes() >= FIRST_MODERN.as_bytes())
}

fn unknown_session() -> Response {
    let what = "there is no such session: begin a new one with `initialize`";
    (StatusCode::NOT_FOUND, what).into_response()
}

fn failed(error: &SessionsError) -> Response {
    match error {
        SessionsError::Full(_) | SessionsError::Busy(_) | SessionsError::Unsettled => {
            unavailable(error.to_string())
        }
        error => {
            tracing::error!(%error, "a session could not be served");
            (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
        }
    }
}

fn unavailable(what: String) -> Response {
    let retry = [(header::RETRY_AFTER, TRY_AGAIN)];
    (StatusCode::SERVICE_UNAVAILABLE, retry, what).into_response()
}

fn is_stream(response: &Response) -> bool {
    let of = response.headers().get(header::CONTENT_TYPE);
    of.is_some_and(|of| of.as_bytes().starts_with(b"text/event-stream"))
}

/// Keeps something until a body is sent, or its client has gone.
fn holding(body: Body, held: impl Send + 'static) -> Body {
    Body::from_stream(body.into_data_stream().inspect(move |_| {
        let _kept = &held;
    }))
}

/// A body that fails when it does not arrive in time, and says so.
fn in_time(body: Body, within: Duration, late: Arc<AtomicBool>) -> Body {
    let until = tokio::time::Instant::now() + within;
    let state = (body.into_data_stream(), late);
    let arriving = futures::stream::unfold(state, move |(mut body, late)| async move {
        let data = match tokio::time::timeout_at(until, body.next()).await {
            Ok(data) => data?.map_err(std::io::Error::other),
            Err(_) => {
                late.store(true, Ordering::Relaxed);
                Err(std::io::ErrorKind::TimedOut.into())
            }
        };
        Some((data, (body, late)))
    });
    Body::from_stream(arriving)
}
