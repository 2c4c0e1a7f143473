//! The five endpoints.
//!
//! A request is answered with what the sender may believe (a signed envelope, or `null` for events
//! that are durable now) or with one of the protocol's refusals. Its content type is not looked at:
//! old clients send none.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use koi_pipeline::{IntakeError, correlation};
use koi_rid::{Bundle, EventType, Rid};
use koi_store::{Arrival, StoreError};
use koi_wire::{Endpoint, Envelope, ErrorCode, Message, Payload, PublicKey, WireError, seal};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, SemaphorePermit};

use crate::answers;
use crate::graph::KnownNode;
use crate::limits::{Cost, TooMuch};
use crate::receive::Unreceived;
use crate::shared::Shared;
use crate::trust::Direction;

/// How long the profile of an asker may be on its way. A Python coordinator collects events for a
/// second before it sends them; askers wait for five.
const PROFILE_WITHIN: Duration = Duration::from_secs(2);

/// How long an asker waits for a turn.
const TURN_WITHIN: Duration = Duration::from_secs(4);

/// Where the endpoints are, before their own paths.
pub(crate) const PREFIX: &str = "/koi-net";

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for endpoint in Endpoint::ALL {
        let path = format!("{PREFIX}{}", endpoint.path());
        let serve = move |State(shared): State<Arc<Shared>>, body: Body| async move {
            let answer = async {
                let body = shared.bodies.read(body).await?;
                answer(&shared, endpoint, &body.bytes).await
            };
            match answer.await {
                Ok(body) => json(StatusCode::OK, body),
                Err(problem) => problem.into_response(&shared),
            }
        };
        router = router.route(&path, post(serve));
    }
    router.with_state(shared)
}

/// When to try again, in whole seconds, where no better time is known.
const SOON: Duration = Duration::from_secs(1);

/// Why a request is not served.
enum Problem {
    Body(Unreceived),
    Wire(WireError),
    /// The node takes more than its part; and when it may go on.
    TooMuch(String, Duration),
    Busy(String),
    Store(StoreError),
    Own(String),
}

impl From<WireError> for Problem {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl From<Unreceived> for Problem {
    fn from(error: Unreceived) -> Self {
        Self::Body(error)
    }
}

impl From<TooMuch> for Problem {
    fn from(error: TooMuch) -> Self {
        Self::TooMuch(error.to_string(), error.after)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Store(error) => Self::Store(error),
            IntakeError::Share { .. } => Self::TooMuch(error.to_string(), SOON),
            IntakeError::Busy { .. } | IntakeError::Closed => Self::Busy(error.to_string()),
        }
    }
}

impl Problem {
    fn into_response(self, shared: &Shared) -> Response {
        match self {
            Self::Body(error) => {
                let status = match error {
                    Unreceived::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
                    Unreceived::TooSlow => StatusCode::REQUEST_TIMEOUT,
                    Unreceived::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
                    Unreceived::Broken => StatusCode::BAD_REQUEST,
                };
                json(status, detail(&error.to_string()))
            }
            Self::Wire(error) => {
                tracing::info!(%error, "an envelope was refused");
                let status = StatusCode::from_u16(error.status());
                let body = refusal_body(&error, shared);
                json(status.unwrap_or(StatusCode::BAD_REQUEST), body)
            }
            Self::TooMuch(reason, after) => {
                tracing::info!(reason, "a node takes more than it may");
                let mut response = json(StatusCode::TOO_MANY_REQUESTS, detail(&reason));
                let seconds = after.as_secs_f64().ceil().max(1.0) as u64;
                let headers = response.headers_mut();
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                response
            }
            Self::Busy(reason) => json(StatusCode::SERVICE_UNAVAILABLE, detail(&reason)),
            Self::Store(error) => {
                tracing::error!(%error, "a request could not be served");
                // What is wrong with this node's disk is not for others to know; that it is not their
                // request's fault, and may pass, is.
                json(
                    StatusCode::SERVICE_UNAVAILABLE,
                    detail("the node's store has failed"),
                )
            }
            Self::Own(reason) => {
                tracing::error!(reason, "a request could not be served");
                json(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    detail("the node could not answer"),
                )
            }
        }
    }
}

/// A refusal for a wrong target tells who this node is, so that a newcomer that knows only its URL
/// can learn its RID. Peers ignore members that they do not know.
fn refusal_body(error: &WireError, shared: &Shared) -> String {
    let mut body = error.body();
    if matches!(
        error,
        WireError::Refused {
            code: ErrorCode::InvalidTarget,
            ..
        }
    ) && body.pop() == Some('}')
    {
        let me = serde_json::Value::from(shared.me().as_str());
        body.push_str(&format!(",\"node\":{me}}}"));
    }
    body
}

fn detail(reason: &str) -> String {
    serde_json::json!({ "detail": reason }).to_string()
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn answer(shared: &Shared, endpoint: Endpoint, body: &[u8]) -> Result<String, Problem> {
    let (message, nonce) = open(shared, endpoint, body).await?;
    let is_broadcast = matches!(message.payload, Payload::Events { .. });
    if is_broadcast && shared.replays.knows(&nonce) {
        shared.accounts.count_stranger(body.len())?;
        tracing::info!(peer = %message.source, "a broadcast came again, and changes nothing");
        return Ok("null".to_owned());
    }
    let events = match &message.payload {
        Payload::Events { events } => events.len(),
        _ => 0,
    };
    let bytes = body.len();
    shared
        .accounts
        .count(&message.source, Cost { bytes, events })?;
    meet(shared, &message);
    let peer = message.source;
    let _turn = match is_broadcast {
        true => None,
        false => Some(turn(shared, &peer).await?),
    };
    let may_have = |rid: &Rid| shared.permits(&peer, Direction::To, rid);
    let payload = match message.payload {
        Payload::Events { events } => {
            let correlation = correlation();
            tracing::debug!(peer = %peer, events = events.len(), correlation, "events came in");
            let arrivals = events.into_iter().map(|event| Arrival {
                source: Some(peer.clone()),
                correlation: correlation.clone(),
                ..Arrival::from(event)
            });
            shared.intake.accept(arrivals.collect()).await?;
            shared.replays.remember(nonce);
            return Ok("null".to_owned());
        }
        Payload::PollEvents { limit } => Payload::Events {
            events: answers::queued(&shared.stores, &peer, limit, &may_have).await?,
        },
        Payload::FetchRids { rid_types } => Payload::Rids {
            rids: answers::rids(&shared.stores, rid_types, &may_have).await?,
        },
        Payload::FetchManifests { rid_types, rids } => {
            answers::manifests(&shared.stores, rid_types, rids, &may_have).await?
        }
        Payload::FetchBundles { rids } => answers::bundles(&shared.stores, rids, &may_have).await?,
        other => {
            let reason = format!("no endpoint takes {}", other.kind());
            return Err(Problem::Own(reason));
        }
    };
    let dialect = shared.peers.dialect(&shared.graph, &peer);
    seal(&payload, shared.me(), &peer, shared.identity.key(), dialect)
        .map_err(|error| Problem::Own(error.to_string()))
}

/// A turn to make an answer: one of the peer's own, so that others find some left, and one of all.
async fn turn<'a>(
    shared: &'a Shared,
    peer: &Rid,
) -> Result<(OwnedSemaphorePermit, SemaphorePermit<'a>), Problem> {
    let turn = tokio::time::timeout(TURN_WITHIN, async {
        let own = shared.accounts.answers(peer).acquire_owned().await?;
        Ok::<_, AcquireError>((own, shared.answers.acquire().await?))
    });
    // The semaphores are never closed.
    turn.await
        .ok()
        .and_then(Result::ok)
        .ok_or_else(|| Problem::Busy("the node is busy; ask again later".to_owned()))
}

/// Verifies a request, in the order of the reference: who, their key, their signature, for whom. Gives
/// the signature's nonce with it.
async fn open(
    shared: &Shared,
    endpoint: Endpoint,
    body: &[u8],
) -> Result<(Message, [u8; 32]), Problem> {
    let envelope = Envelope::parse(body, endpoint.request()).map_err(WireError::from)?;
    let source = envelope.source().clone();
    if !shared.trust.admits(&source) {
        return Err(denied(&source).into());
    }
    let known = shared.peers.find(&shared.graph, &source);
    match known {
        Some(_) => shared.accounts.admit(&source)?,
        None => shared.accounts.count_stranger(body.len())?,
    }
    let key: PublicKey = if let Some(known) = known {
        known.key.clone()
    } else if let Some(profile) = envelope.introduction() {
        profile.key().map_err(|error| WireError::Refused {
            code: ErrorCode::InvalidKey,
            message: error.to_string(),
        })?
    } else {
        let known = await_profile(shared, &source).await;
        known
            .ok_or_else(|| WireError::unknown_node(&source))?
            .key
            .clone()
    };
    // An envelope without is not opened.
    let nonce = envelope.nonce().unwrap_or_default();
    Ok((envelope.open(&key, shared.me())?, nonce))
}

/// The refusal of a node with which this one does not deal. Of the protocol's codes this is the one after
/// which peers of all versions go on as before: those before 2.1 answer `unknown_node` by introducing
/// themselves again, without end.
fn denied(node: &Rid) -> WireError {
    WireError::Refused {
        code: ErrorCode::InvalidKey,
        message: format!("this node does not deal with {node}"),
    }
}

/// Learns from a message who its sender is, and how it spells.
fn meet(shared: &Shared, message: &Message) {
    // Of a known node, too: it may ask to be forgotten in the same envelope, and is to be known
    // without a gap.
    if let Some(node) = introduced(message) {
        shared.peers.introduce(&message.source, node);
    }
    shared.peers.learn(&shared.graph, message);
    shared.heard.ring(&message.source);
    shared.seen(&message.source);
}

/// A node's profile. A node that the first contact has introduced to one side may ask before it has
/// introduced the other, and a Python node asks only once: so it is waited for a little.
async fn await_profile(shared: &Shared, node: &Rid) -> Option<Arc<KnownNode>> {
    // Strangers must not pile up; who finds no room is told at once.
    let _room = shared.strangers.try_acquire().ok()?;
    let known = tokio::time::timeout(PROFILE_WITHIN, shared.graph.known(node)).await;
    known.ok().and_then(|()| shared.graph.node(node))
}

/// The node that introduces itself in a message.
fn introduced(message: &Message) -> Option<KnownNode> {
    let Payload::Events { events } = &message.payload else {
        return None;
    };
    let event = events.iter().find(|event| {
        event.rid == message.source
            && event.event_type == EventType::New
            && event.manifest.is_some()
            && event.contents.is_some()
    })?;
    KnownNode::of(&Bundle {
        manifest: event.manifest.clone()?,
        contents: event.contents.clone()?,
    })
}
