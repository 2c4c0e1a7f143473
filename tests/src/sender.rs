//! A KOI-net node that only speaks: it has a name and a key, and no server.

use koi_rid::{Bundle, Event, EventType, Rid};
use koi_wire::{
    Dialect, Endpoint, Envelope, NodeKey, NodeProfile, NodeType, Payload, Provides, PublicKey,
    node_rid, seal,
};

use crate::Node;

/// A sender of signed envelopes.
#[derive(Debug)]
pub struct Sender {
    key: NodeKey,
    rid: Rid,
}

impl Sender {
    /// One with a new key.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let key = NodeKey::generate().unwrap();
        let rid = node_rid(name, key.public_key()).unwrap();
        Self { key, rid }
    }

    /// Its RID.
    #[must_use]
    pub fn rid(&self) -> &Rid {
        &self.rid
    }

    /// A signed envelope for a node.
    #[must_use]
    pub fn seal(&self, to: &Rid, payload: &Payload) -> String {
        seal(payload, &self.rid, to, &self.key, Dialect::default()).unwrap()
    }

    /// A signed broadcast of new bundles.
    #[must_use]
    pub fn broadcast(&self, to: &Rid, bundles: impl IntoIterator<Item = Bundle>) -> String {
        let events = bundles
            .into_iter()
            .map(|bundle| Event::of_bundle(EventType::New, bundle));
        self.seal(
            to,
            &Payload::Events {
                events: events.collect(),
            },
        )
    }

    /// A signed broadcast of its own profile, without which no node listens to it.
    #[must_use]
    pub fn introduction(&self, to: &Rid) -> String {
        let profile = NodeProfile {
            base_url: None,
            node_type: NodeType::Partial,
            provides: Provides::default(),
            public_key: Some(self.key.public_key().as_str().to_owned()),
        };
        self.broadcast(
            to,
            [Bundle::generate(
                self.rid.clone(),
                profile.to_contents().unwrap(),
            )],
        )
    }

    /// Sends a sealed broadcast. When this returns, the node has answered that it accepts it.
    ///
    /// # Panics
    /// If the node refuses it.
    pub async fn tell(&self, node: &Node, envelope: String) {
        let answer = post(node, Endpoint::BroadcastEvents, envelope).await;
        assert_eq!(answer, "null");
    }

    /// Which of these RIDs a node does not have.
    ///
    /// # Panics
    /// If the node refuses to say.
    pub async fn asks_what_is_missing(&self, node: &Node, rids: &[Rid]) -> Vec<Rid> {
        let to = Rid::parse(&node.rid).unwrap();
        let question = Payload::FetchManifests {
            rid_types: Vec::new(),
            rids: rids.to_vec(),
        };
        let answer = post(node, Endpoint::FetchManifests, self.seal(&to, &question)).await;
        let kind = Endpoint::FetchManifests.response().unwrap();
        let envelope = Envelope::parse(answer.as_bytes(), kind).unwrap();
        let key = PublicKey::parse(&node.public_key).unwrap();
        match envelope
            .open_response(&key, &self.rid, &to)
            .unwrap()
            .payload
        {
            Payload::Manifests { not_found, .. } => not_found,
            other => panic!("{} in answer to manifests/fetch", other.kind()),
        }
    }
}

async fn post(node: &Node, endpoint: Endpoint, envelope: String) -> String {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http
        .post(format!("{}{}", node.koi_url, endpoint.path()))
        .header("Content-Type", "application/json")
        .body(envelope);
    let response = request.send().await.unwrap();
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert!(status.is_success(), "{}: {status}: {text}", endpoint.path());
    text
}
