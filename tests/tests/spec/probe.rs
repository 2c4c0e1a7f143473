//! A node of ours in a process, and peers that send it whatever a test writes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use koi_rid::{Contents, Rid};
use koi_tests::{Node, NodeBuilder, eventually};
use koi_wire::{Envelope, NodeKey, PayloadKind, PublicKey, SignedForm, node_rid};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A time that all cases take.
pub const NOON: &str = "2026-01-02T12:00:00Z";

/// The node.
pub struct Probe {
    pub node: Node,
    http: reqwest::Client,
    _folder: TempDir,
}

impl Probe {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With something in its environment.
    pub fn with(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let builder = NodeBuilder::new("probed", &folder.path().join("node"));
        let node = variables
            .iter()
            .fold(builder, |builder, (name, value)| builder.env(name, value))
            .start();
        Self {
            node,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            _folder: folder,
        }
    }

    /// The node's RID.
    pub fn rid(&self) -> &str {
        &self.node.rid
    }

    /// Posts a body as a Python node does; status and text of the answer.
    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
        let request = self.http.post(format!("{}{path}", self.node.koi_url));
        let request = request.header("Content-Type", "application/json");
        let response = request.body(body).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Sends a request that is none of these; the status.
    pub async fn status(&self, method: reqwest::Method, path: &str, content_type: &str) -> u16 {
        let request = self
            .http
            .request(method, format!("{}{path}", self.node.koi_url));
        let request = request.header("Content-Type", content_type).body("{}");
        request.send().await.unwrap().status().as_u16()
    }

    /// Broadcasts events; they have to be taken.
    pub async fn tell(&self, peer: &Peer, events: &[String]) {
        let body = peer.seal(&events_payload(events), self.rid());
        let answer = self.post("/events/broadcast", body).await;
        assert_eq!(answer, (200, "null".to_owned()));
    }

    /// The payload of an answer whose signature is the node's over the text that was sent.
    pub async fn ask(&self, peer: &Peer, path: &str, payload: &str) -> Value {
        let (status, body) = self.post(path, peer.seal(payload, self.rid())).await;
        assert_eq!(status, 200, "{payload}: {body}");
        self.believe(peer, path, &body)
    }

    /// The payload of a signed answer.
    pub fn believe(&self, peer: &Peer, path: &str, body: &str) -> Value {
        let kind = match path {
            "/events/poll" => PayloadKind::Events,
            "/rids/fetch" => PayloadKind::Rids,
            "/manifests/fetch" => PayloadKind::Manifests,
            "/bundles/fetch" => PayloadKind::Bundles,
            other => panic!("{other} has no signed answer"),
        };
        let me = Rid::parse(&self.node.rid).unwrap();
        let envelope = Envelope::parse(body.as_bytes(), kind).unwrap();
        let key = PublicKey::parse(&self.node.public_key).unwrap();
        let message = envelope.open_response(&key, &peer.rid, &me).unwrap();
        // What is signed is what stands there: whoever cuts the signature out has the signed text.
        assert_eq!(message.signed, SignedForm::Raw);
        let answer: Value = serde_json::from_str(body).unwrap();
        answer["payload"].clone()
    }

    /// A peer that has introduced itself, and is known.
    pub async fn meets(&self, name: &str) -> Peer {
        let peer = Peer::new(name);
        self.tell(&peer, &[peer.introduction(None)]).await;
        self.knows(peer.rid.as_str()).await;
        peer
    }

    pub async fn knows(&self, rid: &str) -> Value {
        eventually(&format!("{rid} in the node"), async || self.node.read(rid)).await
    }

    /// Waits until something about a RID was given up; the reason.
    pub async fn gives_up(&self, rid: &str) -> String {
        let what = format!("a dead letter about {rid}");
        let letter = eventually(&what, async || {
            let letters = self.node.dead_letters();
            letters.into_iter().find(|letter| letter["rid"] == rid)
        })
        .await;
        letter["reason"].as_str().unwrap().to_owned()
    }

    /// Waits until the log says that there is nothing to do about a RID.
    pub async fn stops(&self, rid: &str) {
        eventually(&format!("a line about {rid}"), async || {
            let log = self.node.log();
            let mut lines = log.lines();
            let stopped = |line: &str| line.contains("was stopped") && line.contains(rid);
            lines.any(stopped).then_some(())
        })
        .await;
        assert!(self.node.read(rid).is_none());
    }

    /// Whether the node goes on: it takes a note and has it.
    pub async fn goes_on(&self, peer: &Peer, number: usize) {
        let rid = format!("orn:test.alive:{number}");
        self.tell(peer, &[note(&rid, NOON, r#"{"alive":true}"#)])
            .await;
        self.knows(&rid).await;
    }
}

/// Somebody with a name and a key.
pub struct Peer {
    pub rid: Rid,
    pub key: NodeKey,
}

impl Peer {
    pub fn new(name: &str) -> Self {
        let key = NodeKey::generate().unwrap();
        let rid = node_rid(name, key.public_key()).unwrap();
        Self { rid, key }
    }

    /// The text that is signed.
    pub fn signed(&self, payload: &str, to: &str) -> String {
        let source = self.rid.as_str();
        format!(r#"{{"payload":{payload},"source_node":"{source}","target_node":"{to}"}}"#)
    }

    /// An envelope of exactly this payload.
    pub fn seal(&self, payload: &str, to: &str) -> String {
        self.seal_as(payload, payload, to)
    }

    /// An envelope in which one text of a payload is signed, and another stands.
    pub fn seal_as(&self, signed: &str, sent: &str, to: &str) -> String {
        let signature = self.key.sign(self.signed(signed, to).as_bytes()).unwrap();
        self.with_signature(sent, to, &signature)
    }

    pub fn with_signature(&self, payload: &str, to: &str, signature: &str) -> String {
        let mut body = self.signed(payload, to);
        body.pop();
        format!(r#"{body},"signature":"{signature}"}}"#)
    }

    /// Its profile: of a full node if it has a URL.
    pub fn profile(&self, base_url: Option<&str>) -> String {
        let node_type = if base_url.is_some() {
            "FULL"
        } else {
            "PARTIAL"
        };
        let key = self.key.public_key().as_str();
        json!({"base_url": base_url, "node_type": node_type, "public_key": key,
               "provides": {"event": [], "state": []}})
        .to_string()
    }

    pub fn introduction(&self, base_url: Option<&str>) -> String {
        note(self.rid.as_str(), NOON, &self.profile(base_url))
    }
}

pub fn events_payload(events: &[String]) -> String {
    format!(
        r#"{{"type":"events_payload","events":[{}]}}"#,
        events.join(",")
    )
}

pub fn manifest(rid: &str, timestamp: &str, contents: &str) -> String {
    let hash = Contents::parse(contents).unwrap().hash();
    format!(r#"{{"rid":"{rid}","timestamp":"{timestamp}","sha256_hash":"{hash}"}}"#)
}

/// An event with what is given of a bundle.
pub fn event(rid: &str, kind: &str, manifest: Option<&str>, contents: Option<&str>) -> String {
    let mut event = format!(r#"{{"rid":"{rid}","event_type":"{kind}""#);
    for (name, value) in [("manifest", manifest), ("contents", contents)] {
        if let Some(value) = value {
            event.push_str(&format!(r#","{name}":{value}"#));
        }
    }
    event + "}"
}

/// A NEW event with a whole bundle.
pub fn note(rid: &str, timestamp: &str, contents: &str) -> String {
    let manifest = manifest(rid, timestamp, contents);
    event(rid, "NEW", Some(&manifest), Some(contents))
}

pub fn fetch_bundles(rid: &str) -> String {
    format!(r#"{{"type":"fetch_bundles","rids":["{rid}"]}}"#)
}

/// What a full peer answers to a path.
pub type Answer = Box<dyn Fn(&Peer, &str) -> (u16, String) + Send>;

/// A full peer, whose answers a test writes.
pub struct Puppet {
    pub peer: Arc<Peer>,
    pub url: String,
    answer: Arc<Mutex<Answer>>,
}

type Stage = (Arc<Peer>, Arc<Mutex<Answer>>);

impl Puppet {
    /// One that is known to a node, and answers everything with `null`.
    pub async fn known_to(probe: &Probe, name: &str) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap();
        let url = format!("http://{}/koi-net", listener.local_addr().unwrap());
        let quiet: Answer = Box::new(|_, _| (200, "null".to_owned()));
        let puppet = Self {
            peer: Arc::new(Peer::new(name)),
            url,
            answer: Arc::new(Mutex::new(quiet)),
        };
        let play = |State((peer, answer)): State<Stage>, uri: Uri, _: Request| async move {
            let path = uri.path().trim_start_matches("/koi-net");
            let (status, body) = (answer.lock().unwrap())(&peer, path);
            (StatusCode::from_u16(status).unwrap(), body)
        };
        let stage = (puppet.peer.clone(), puppet.answer.clone());
        let router = Router::new().fallback(play).with_state(stage);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let introduction = puppet.peer.introduction(Some(&puppet.url));
        probe.tell(&puppet.peer, &[introduction]).await;
        probe.knows(puppet.peer.rid.as_str()).await;
        puppet
    }

    /// What it answers from now on to one path; to others `null`.
    pub fn answers(
        &self,
        on: &'static str,
        answer: impl Fn(&Peer) -> (u16, String) + Send + 'static,
    ) {
        let answer: Answer = Box::new(move |peer, path| match path == on {
            true => answer(peer),
            false => (200, "null".to_owned()),
        });
        *self.answer.lock().unwrap() = answer;
    }
}
