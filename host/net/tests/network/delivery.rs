//! What a peer with a server of its own gets, and what becomes of what it does not take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use koi_net::{Role, base_url};
use koi_rid::{Bundle, Event, EventType};
use koi_wire::{EdgeStatus, NodeProfile, NodeType};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::support::raw::RawPeer;
use super::support::{NOTE, Node, Plan};

/// How a peer answers a broadcast.
type Answer = Arc<dyn Fn(&str) -> StatusCode + Send + Sync>;

/// A full peer that answers as the test likes, and what it took.
struct Listening {
    peer: RawPeer,
    taken: mpsc::UnboundedReceiver<String>,
}

impl Listening {
    /// Subscribed to the notes of a node.
    async fn to(node: &Node, answer: Answer) -> Self {
        let (sender, taken) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = RawPeer::new("listener");
        let profile = NodeProfile {
            base_url: Some(base_url(listener.local_addr().unwrap())),
            node_type: NodeType::Full,
            ..peer.profile()
        };
        let serve = |State((answer, sender)): State<(Answer, mpsc::UnboundedSender<String>)>,
                     body: String| async move {
            let status = answer(&body);
            if status == StatusCode::OK {
                sender.send(body).unwrap();
            }
            (status, "null")
        };
        let router = Router::new().fallback(serve).with_state((answer, sender));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let contents = profile.to_contents().unwrap();
        let introduction = Bundle::generate(peer.rid.clone(), contents);
        let events = vec![
            Event::of_bundle(EventType::New, introduction),
            peer.proposal(node, EdgeStatus::Proposed, &["orn:test.note"]),
        ];
        peer.tell(node, events).await;
        node.until("the approval", async |node| {
            let edge = node.edge(node.rid(), &peer.rid).await;
            edge.is_some_and(|edge| edge.status == EdgeStatus::Approved)
        })
        .await;
        Self { peer, taken }
    }

    /// Waits for an envelope with a text in it.
    async fn takes(&mut self, text: &str) {
        while !self.taken.recv().await.unwrap().contains(text) {}
    }
}

async fn node() -> Node {
    let node = Plan::new("node", Role::Producer).start().await;
    node.knows(node.rid()).await;
    node
}

#[tokio::test]
async fn an_event_that_a_peer_refuses_is_a_letter_once_it_has_taken_a_later_one() {
    let node = node().await;
    let refuses_poison: Answer = Arc::new(|body| {
        if body.contains("poison") {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::OK
        }
    });
    let mut listening = Listening::to(&node, refuses_poison).await;
    node.publish(NOTE, "poison").await;
    node.publish("orn:test.note:2", "healthy").await;
    listening.takes("healthy").await;
    loop {
        let letters = node.stores.dead_letters.list(None, 10).await.unwrap().items;
        if let Some(letter) = letters.first() {
            assert_eq!(letter.peer.as_ref(), Some(&listening.peer.rid));
            assert_eq!(letter.arrival.rid.as_str(), NOTE);
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(node.stores.outbox.len(None).await.unwrap(), 0);
}

#[tokio::test]
async fn a_peer_whose_server_fails_for_a_while_loses_nothing() {
    let node = node().await;
    let failures = Arc::new(AtomicU32::new(0));
    let counted = failures.clone();
    let fails: Answer = Arc::new(move |_| {
        if counted.fetch_add(1, Ordering::SeqCst) < 12 {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::OK
        }
    });
    let mut listening = Listening::to(&node, fails).await;
    for number in 0..3 {
        let text = format!("orn:test.note:{number}");
        node.publish(&text, &format!("survivor {number}")).await;
        node.has(&text, Some(&format!("survivor {number}"))).await;
    }
    // Hearing of it cuts the waits short.
    let peer = &listening.peer;
    while failures.load(Ordering::SeqCst) < 12 {
        peer.tell(&node, Vec::new()).await;
        tokio::task::yield_now().await;
    }
    listening.takes("survivor 2").await;
    assert!(
        node.stores
            .dead_letters
            .list(None, 9)
            .await
            .unwrap()
            .items
            .is_empty()
    );
}
