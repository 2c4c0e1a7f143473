//! A peer without a node behind it: says what the test wants said, and signs it.

use koi_net::base_url;
use koi_rid::{Bundle, Contents, Event, EventType, Rid};
use koi_wire::{
    Dialect, EdgeProfile, EdgeStatus, EdgeType, Endpoint, Envelope, NodeKey, NodeProfile, NodeType,
    Payload, Provides, node_rid, seal,
};
use reqwest::StatusCode;

use super::Node;

pub struct RawPeer {
    pub rid: Rid,
    pub key: NodeKey,
    pub http: reqwest::Client,
}

impl RawPeer {
    pub fn new(name: &str) -> Self {
        let key = NodeKey::generate().unwrap();
        let rid = node_rid(name, key.public_key()).unwrap();
        Self {
            rid,
            key,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// The profile of a partial node.
    pub fn profile(&self) -> NodeProfile {
        NodeProfile {
            base_url: None,
            node_type: NodeType::Partial,
            provides: Provides::default(),
            public_key: Some(self.key.public_key().as_str().to_owned()),
        }
    }

    pub fn introduction(&self) -> Event {
        let contents = self.profile().to_contents().unwrap();
        Event::of_bundle(EventType::New, Bundle::generate(self.rid.clone(), contents))
    }

    pub fn seal(&self, target: &Rid, payload: &Payload) -> String {
        seal(payload, &self.rid, target, &self.key, Dialect::default()).unwrap()
    }

    /// Posts a body; status and text of the answer.
    pub async fn post(
        &self,
        node: &Node,
        endpoint: Endpoint,
        body: String,
    ) -> (StatusCode, String) {
        let url = format!("{}{}", base_url(node.address), endpoint.path());
        let response = self.http.post(url).body(body).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    /// Broadcasts events; they have to be taken.
    pub async fn tell(&self, node: &Node, events: Vec<Event>) {
        let body = self.seal(node.rid(), &Payload::Events { events });
        let answer = self.post(node, Endpoint::BroadcastEvents, body).await;
        assert_eq!(answer, (StatusCode::OK, "null".to_owned()));
    }

    /// Asks, and verifies the answer.
    pub async fn ask(&self, node: &Node, endpoint: Endpoint, payload: &Payload) -> Payload {
        let body = self.seal(node.rid(), payload);
        let (status, body) = self.post(node, endpoint, body).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let envelope = Envelope::parse(body.as_bytes(), endpoint.response().unwrap()).unwrap();
        let stored = node.stores.bundles.read(node.rid()).await.unwrap().unwrap();
        let key = NodeProfile::parse(&stored.bundle.contents)
            .unwrap()
            .key()
            .unwrap();
        envelope
            .open_response(&key, &self.rid, node.rid())
            .unwrap()
            .payload
    }

    pub async fn poll(&self, node: &Node, limit: u64) -> Vec<Event> {
        match self
            .ask(node, Endpoint::PollEvents, &Payload::PollEvents { limit })
            .await
        {
            Payload::Events { events } => events,
            other => panic!("{}", other.kind()),
        }
    }

    /// The proposal to subscribe to types of a node.
    pub fn proposal(&self, node: &Node, status: EdgeStatus, rid_types: &[&str]) -> Event {
        let edge = EdgeProfile {
            source: node.rid().clone(),
            target: self.rid.clone(),
            edge_type: EdgeType::Poll,
            status,
            rid_types: rid_types
                .iter()
                .map(|name| koi_rid::RidType::parse(name).unwrap())
                .collect(),
        };
        let contents = edge.to_contents().unwrap();
        Event::of_bundle(EventType::New, Bundle::generate(edge.rid(), contents))
    }
}

/// A bundle event of some contents.
pub fn event(rid: &str, contents: &str) -> Event {
    let contents = Contents::parse(contents).unwrap();
    Event::of_bundle(EventType::New, Bundle::generate(super::rid(rid), contents))
}
