//! Asks other nodes, in signed envelopes, and believes only answers that the asked node has signed.
//!
//! Every question is answered or fails within bounded time, and no more than an envelope's greatest
//! length is read of an answer. A node that does not know this one is told who asks, and asked again.

use std::sync::Arc;
use std::time::Duration;

use koi_rid::{Bundle, Event, EventType, Rid};
use koi_wire::{
    Dialect, Endpoint, Envelope, ErrorCode, FloatStyle, MAX_ENVELOPE_BYTES, ManifestExtras,
    Payload, seal,
};

use crate::ask_error::AskError;
use crate::graph::KnownNode;
use crate::shared::Shared;
use crate::tls::Authorities;

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// Between two pieces of an answer, the first one included. Peers answer before they process.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long an idle connection is kept, which is less than other nodes of this kind do.
const IDLE_WITHIN: Duration = Duration::from_secs(20);
/// For a whole question, however large its answer.
const DONE_WITHIN: Duration = Duration::from_secs(60);

/// Longest time for which a node is left alone because it asks for that.
const LONGEST_ASKED_WAIT: Duration = Duration::from_secs(120);

/// Waits between an introduction and the repeated question: the peer processes the one before it can
/// answer the other.
const AFTER_INTRODUCTION: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(250),
    Duration::from_millis(1000),
    Duration::from_millis(2000),
];

/// Asks other nodes on behalf of this one. Clones share connections.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    shared: Arc<Shared>,
}

impl Client {
    /// Believes the certificates of those authorities, else of the system's.
    pub(crate) fn new(
        shared: Arc<Shared>,
        authorities: Option<Authorities>,
    ) -> Result<Self, reqwest::Error> {
        let mut http = reqwest::Client::builder()
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(ANSWER_WITHIN)
            .timeout(DONE_WITHIN)
            .pool_idle_timeout(IDLE_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            // Peers are named by their own addresses; an environment's proxy is not asked.
            .no_proxy();
        if let Some(authorities) = authorities {
            http = http.tls_certs_only(authorities.0);
        }
        let http = http.build()?;
        Ok(Self { http, shared })
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Tells a node of events.
    pub(crate) async fn broadcast(
        &self,
        node: &Rid,
        url: &str,
        events: Vec<Event>,
    ) -> Result<(), AskError> {
        let payload = Payload::Events { events };
        self.ask(node, url, Endpoint::BroadcastEvents, &payload)
            .await?;
        if self.shared.is_partial() {
            self.shared.told.ring(node);
        }
        Ok(())
    }

    /// Tells a node who this one is.
    pub(crate) async fn introduce(&self, node: &Rid, url: &str) -> Result<(), AskError> {
        self.broadcast(node, url, vec![self.introduction()?]).await
    }

    /// The event that tells who this node is.
    pub(crate) fn introduction(&self) -> Result<Event, AskError> {
        let bundle = self
            .shared
            .own_bundle()
            .ok_or_else(|| AskError::Own("this node has no profile of its own yet".to_owned()))?;
        Ok(Event::of_bundle(EventType::New, bundle.as_ref().clone()))
    }

    /// Asks a node at a URL; introduces this one first if that is what it takes.
    pub(crate) async fn fetch_at(
        &self,
        node: &Rid,
        url: &str,
        endpoint: Endpoint,
        payload: &Payload,
    ) -> Result<Payload, AskError> {
        let mut answer = self.ask(node, url, endpoint, payload).await;
        if answer.as_ref().is_err_and(AskError::is_unknown_node) {
            self.introduce(node, url).await?;
            self.shared.forgotten_by.ring(node);
            for wait in AFTER_INTRODUCTION {
                tokio::time::sleep(wait).await;
                answer = self.ask(node, url, endpoint, payload).await;
                if !answer.as_ref().is_err_and(AskError::is_unknown_node) {
                    break;
                }
            }
        }
        answer?.ok_or_else(|| AskError::BadAnswer("it is empty".to_owned()))
    }

    /// Asks in the peer's spelling, and in others if it says that the signature is wrong: old
    /// versions sign less than new ones do.
    async fn ask(
        &self,
        node: &Rid,
        url: &str,
        endpoint: Endpoint,
        payload: &Payload,
    ) -> Result<Option<Payload>, AskError> {
        let known = self.shared.peers.dialect(&self.shared.graph, node);
        let sealed = self.seal(node, payload, known)?;
        let mut answer = self.post(node, url, endpoint, sealed.clone()).await;
        let mut tried = vec![signed_part(&sealed).to_owned()];
        for floats in [FloatStyle::Plus, FloatStyle::Bare] {
            if !matches!(
                &answer,
                Err(AskError::Refused {
                    code: ErrorCode::InvalidSignature,
                    ..
                })
            ) {
                break;
            }
            let dialect = Dialect {
                floats,
                extras: ManifestExtras::Strip,
            };
            let sealed = self.seal(node, payload, dialect)?;
            if tried.iter().any(|tried| tried == signed_part(&sealed)) {
                continue;
            }
            tried.push(signed_part(&sealed).to_owned());
            answer = self.post(node, url, endpoint, sealed).await;
            if answer.is_ok() {
                self.shared.peers.settle_on(node, dialect);
            }
        }
        match &answer {
            Ok(_) => self.shared.seen(node),
            Err(AskError::Unreachable(_)) => self.shared.away.lost(node),
            Err(_) => {}
        }
        answer
    }

    fn seal(&self, node: &Rid, payload: &Payload, dialect: Dialect) -> Result<String, AskError> {
        let identity = &self.shared.identity;
        seal(payload, identity.rid(), node, identity.key(), dialect)
            .map_err(|error| AskError::Own(error.to_string()))
    }

    async fn post(
        &self,
        node: &Rid,
        url: &str,
        endpoint: Endpoint,
        sealed: String,
    ) -> Result<Option<Payload>, AskError> {
        let url = format!("{}{}", url.trim_end_matches('/'), endpoint.path());
        let request = self
            .http
            .post(url)
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(sealed);
        let response = request
            .send()
            .await
            .map_err(|error| AskError::unreachable(&error))?;
        let status = response.status().as_u16();
        let wait = asked_wait(response.headers());
        let body = read(response).await?;
        if status != 200 {
            return Err(AskError::refusal(status, &body, wait));
        }
        let Some(kind) = endpoint.response() else {
            return Ok(None);
        };
        let envelope =
            Envelope::parse(&body, kind).map_err(|error| AskError::BadAnswer(error.to_string()))?;
        let known = self.shared.peers.find(&self.shared.graph, node);
        // An unknown node that answers with its own profile proves by its key that it is it.
        let introduced = match &known {
            Some(_) => None,
            None => own_profile(&envelope, node),
        };
        let key = known.map(|known| known.key.clone());
        let key = key.or_else(|| introduced.as_ref().map(|node| node.key.clone()));
        let key = key.ok_or_else(|| AskError::BadAnswer("its key is not known".to_owned()))?;
        let message = envelope
            .open_response(&key, self.shared.me(), node)
            .map_err(|error| AskError::BadAnswer(error.to_string()))?;
        if let Some(introduced) = introduced {
            self.shared.peers.introduce(node, introduced);
        }
        self.shared.peers.learn(&self.shared.graph, &message);
        Ok(Some(message.payload))
    }
}

/// The profile of a node in bundles or events that it claims to have sent. Nothing of it is verified
/// but that the key makes the RID.
fn own_profile(envelope: &Envelope<'_>, node: &Rid) -> Option<KnownNode> {
    match envelope.payload().ok()? {
        Payload::Bundles { bundles, .. } => {
            let bundle = bundles.iter().find(|bundle| bundle.manifest.rid == *node)?;
            KnownNode::of(bundle)
        }
        Payload::Events { events } => {
            let own = events.into_iter().filter(|event| event.rid == *node);
            let mut bundles = own.filter_map(|event| {
                Some(Bundle {
                    manifest: event.manifest?,
                    contents: event.contents?,
                })
            });
            bundles.find_map(|bundle| KnownNode::of(&bundle))
        }
        _ => None,
    }
}

/// A sealed envelope without its signature, which is another each time.
fn signed_part(sealed: &str) -> &str {
    sealed
        .rsplit_once(",\"signature\":")
        .map_or(sealed, |(signed, _)| signed)
}

/// How long a node asks to be left alone, in whole seconds as it says.
fn asked_wait(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let text = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?;
    let seconds: u64 = text.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_ASKED_WAIT))
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, AskError> {
    let mut body = Vec::new();
    while let Some(piece) = response
        .chunk()
        .await
        .map_err(|error| AskError::unreachable(&error))?
    {
        if body.len() + piece.len() > MAX_ENVELOPE_BYTES {
            let reason = format!("it is longer than {MAX_ENVELOPE_BYTES} bytes");
            return Err(AskError::BadAnswer(reason));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
