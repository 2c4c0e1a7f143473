//! Catching up with a node that has what this one has had forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use koi_net::{Role, base_url};
use koi_rid::{Bundle, Contents, Event, EventType, RidType};
use koi_wire::{EdgeStatus, Endpoint, Envelope, NodeProfile, NodeType, Payload, Provides};
use tokio::net::TcpListener;

use super::support::raw::RawPeer;
use super::support::{NOTE, Node, Plan, rid};

const OTHER: &str = "orn:test.note:other";

/// A full peer that provides two notes, of which it begins to tell when the test says so.
struct Provider {
    peer: RawPeer,
    url: String,
    /// The node that asks.
    asker: koi_rid::Rid,
    takes_events: bool,
    lists: AtomicBool,
}

impl Provider {
    /// It subscribes to the notes of a node, which finds nothing here yet.
    async fn of(node: &Node, takes_events: bool) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Arc::new(Self {
            peer: RawPeer::new("provider"),
            url: base_url(listener.local_addr().unwrap()),
            asker: node.rid().clone(),
            takes_events,
            lists: AtomicBool::new(false),
        });
        let serve = |State(provider): State<Arc<Self>>, uri: Uri, body: String| async move {
            provider.answer(uri.path(), &body)
        };
        let router = Router::new().fallback(serve).with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider.introduce(node, &[]).await;
        let proposal = provider
            .peer
            .proposal(node, EdgeStatus::Proposed, &["orn:test.note"]);
        provider.peer.tell(node, vec![proposal]).await;
        node.until("the approval", async |node| {
            let edge = node.edge(node.rid(), &provider.peer.rid).await;
            edge.is_some_and(|edge| edge.status == EdgeStatus::Approved)
        })
        .await;
        provider
    }

    async fn introduce(&self, node: &Node, state: &[RidType]) {
        let profile = NodeProfile {
            base_url: Some(self.url.clone()),
            node_type: NodeType::Full,
            provides: Provides {
                event: vec![RidType::parse("orn:test.note").unwrap()],
                state: state.to_vec(),
            },
            ..self.peer.profile()
        };
        let contents = profile.to_contents().unwrap();
        let bundle = Bundle::generate(self.peer.rid.clone(), contents);
        let event = Event::of_bundle(EventType::New, bundle);
        self.peer.tell(node, vec![event]).await;
    }

    fn answer(&self, path: &str, body: &str) -> (StatusCode, String) {
        let endpoint = Endpoint::ALL
            .into_iter()
            .find(|endpoint| path.ends_with(endpoint.path()))
            .unwrap();
        let envelope = Envelope::parse(body.as_bytes(), endpoint.request()).unwrap();
        let notes: Vec<Bundle> = [NOTE, OTHER]
            .iter()
            .filter(|_| self.lists.load(Ordering::SeqCst))
            .map(|note| {
                let contents = Contents::parse(r#"{"title":"theirs"}"#).unwrap();
                Bundle::generate(rid(note), contents)
            })
            .collect();
        let payload = match envelope.payload().unwrap() {
            Payload::Events { .. } if self.takes_events => {
                return (StatusCode::OK, "null".to_owned());
            }
            Payload::FetchRids { .. } => Payload::Rids {
                rids: notes.into_iter().map(|note| note.manifest.rid).collect(),
            },
            Payload::FetchBundles { rids } => Payload::Bundles {
                bundles: notes
                    .into_iter()
                    .filter(|note| rids.contains(&note.manifest.rid))
                    .collect(),
                not_found: Vec::new(),
                deferred: Vec::new(),
            },
            _ => return (StatusCode::SERVICE_UNAVAILABLE, String::new()),
        };
        (StatusCode::OK, self.peer.seal(&self.asker, &payload))
    }
}

/// A node that has had a note forgotten, and a provider of notes that does not act on it.
async fn forgetful(takes_events: bool) -> (Node, Arc<Provider>) {
    let node = Plan::new("node", Role::Producer).start().await;
    node.knows(node.rid()).await;
    let provider = Provider::of(&node, takes_events).await;
    node.publish(NOTE, "mine").await;
    node.has(NOTE, Some("mine")).await;
    node.forget(NOTE).await;
    node.has(NOTE, None).await;
    provider.lists.store(true, Ordering::SeqCst);
    (node, provider)
}

/// It has caught up, and not with what it has had forgotten.
async fn caught_up_with_the_other(node: &Node) {
    node.has(OTHER, Some("theirs")).await;
    while !node.stores.inbox.pending(0, 1).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(node.title(NOTE).await, None);
}

#[tokio::test]
async fn what_a_peer_is_still_to_forget_does_not_come_back_from_it_after_a_restart() {
    let (node, _provider) = forgetful(false).await;
    let node = Node::again(node.stop().await).await;
    caught_up_with_the_other(&node).await;
}

#[tokio::test]
async fn what_a_peer_was_just_told_to_forget_does_not_come_back_from_it() {
    let (node, provider) = forgetful(true).await;
    while node.stores.outbox.len(None).await.unwrap() > 0 {
        tokio::task::yield_now().await;
    }
    let changed = [RidType::parse("orn:test.note").unwrap()];
    provider.introduce(&node, &changed).await;
    caught_up_with_the_other(&node).await;
}
