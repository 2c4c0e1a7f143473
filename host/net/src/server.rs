//! The five endpoints.
//!
//! A request is answered with what the sender may believe (a signed envelope, or `null` for events
//! that are durable now) or with one of the protocol's refusals. Its content type is not looked at:
//! old clients send none.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use koi_pipeline::{IntakeError, correlation};
use koi_rid::Event;
use koi_store::{Arrival, StoreError};
use koi_wire::{Endpoint, Envelope, ErrorCode, Message, Payload, PublicKey, WireError, seal};

use crate::answers;
use crate::graph::KnownNode;
use crate::shared::Shared;

/// Longest request that is read, in bytes.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Where the endpoints are, before their own paths.
pub(crate) const PREFIX: &str = "/koi-net";

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for endpoint in Endpoint::ALL {
        let path = format!("{PREFIX}{}", endpoint.path());
        let serve = move |State(shared): State<Arc<Shared>>, body: Bytes| async move {
            match answer(&shared, endpoint, &body).await {
                Ok(body) => json(StatusCode::OK, body),
                Err(problem) => problem.into_response(&shared),
            }
        };
        router = router.route(&path, post(serve));
    }
    router
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(shared)
}

/// Why a request is not served.
enum Problem {
    Wire(WireError),
    Busy(String),
    Store(StoreError),
    Own(String),
}

impl From<WireError> for Problem {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
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
            IntakeError::Busy { .. } | IntakeError::Closed => Self::Busy(error.to_string()),
        }
    }
}

impl Problem {
    fn into_response(self, shared: &Shared) -> Response {
        match self {
            Self::Wire(error) => {
                tracing::info!(%error, "an envelope was refused");
                let status = StatusCode::from_u16(error.status());
                let body = refusal_body(&error, shared);
                json(status.unwrap_or(StatusCode::BAD_REQUEST), body)
            }
            Self::Busy(reason) => json(StatusCode::SERVICE_UNAVAILABLE, detail(&reason)),
            Self::Store(error) => {
                tracing::error!(%error, "a request could not be served");
                // What is wrong with this node's disk is not for others to know.
                json(
                    StatusCode::INTERNAL_SERVER_ERROR,
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
    let message = open(shared, endpoint, body)?;
    let peer = message.source;
    shared.heard.ring(&peer);
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
            return Ok("null".to_owned());
        }
        Payload::PollEvents { limit } => Payload::Events {
            events: answers::queued(&shared.stores, &peer, limit).await?,
        },
        Payload::FetchRids { rid_types } => Payload::Rids {
            rids: answers::rids(&shared.stores, rid_types).await?,
        },
        Payload::FetchManifests { rid_types, rids } => {
            answers::manifests(&shared.stores, rid_types, rids).await?
        }
        Payload::FetchBundles { rids } => answers::bundles(&shared.stores, rids).await?,
        other => {
            let reason = format!("no endpoint takes {}", other.kind());
            return Err(Problem::Own(reason));
        }
    };
    let dialect = shared.peers.dialect(&shared.graph, &peer);
    seal(&payload, shared.me(), &peer, shared.identity.key(), dialect)
        .map_err(|error| Problem::Own(error.to_string()))
}

/// Verifies a request, in the order of the reference: who, their key, their signature, for whom.
fn open(shared: &Shared, endpoint: Endpoint, body: &[u8]) -> Result<Message, Problem> {
    let envelope = Envelope::parse(body, endpoint.request()).map_err(WireError::from)?;
    let source = envelope.source().clone();
    let mut introduced = None;
    let key: PublicKey = match shared.peers.find(&shared.graph, &source) {
        Some(known) => known.key.clone(),
        None => {
            let profile = envelope
                .introduction()
                .ok_or_else(|| WireError::unknown_node(&source))?;
            let key = profile.key().map_err(|error| WireError::Refused {
                code: ErrorCode::InvalidKey,
                message: error.to_string(),
            })?;
            introduced = Some(profile);
            key
        }
    };
    let message = envelope.open(&key, shared.me())?;
    if let Some(profile) = introduced {
        let signs_extras = first_introduction(&message, &source)
            .and_then(|event| event.manifest.as_ref())
            .is_some_and(|manifest| !manifest.extras.is_empty());
        if let Some(node) = KnownNode::new(&source, profile, signs_extras) {
            shared.peers.introduce(&source, node);
        }
    }
    shared.peers.learn(&shared.graph, &message);
    Ok(message)
}

fn first_introduction<'a>(message: &'a Message, source: &koi_rid::Rid) -> Option<&'a Event> {
    match &message.payload {
        Payload::Events { events } => events
            .iter()
            .find(|event| event.rid == *source && event.manifest.is_some()),
        _ => None,
    }
}
