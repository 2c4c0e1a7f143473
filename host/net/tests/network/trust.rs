//! With whom a node deals, in what, and how much of it anybody may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use koi_net::{Border, Direction, NetError, PeerLimits, Role, Trust, TrustRule, base_url};
use koi_rid::{Bundle, Event, EventType, Rid, RidType};
use koi_wire::{
    EdgeStatus, Endpoint, ErrorCode, ErrorResponse, NODE_TYPE, NodeProfile, NodeType, Payload,
};
use tokio::net::TcpListener;

use super::support::raw::{RawPeer, event};
use super::support::{NOTE, Node, Plan, rid};

const NOTES: &str = "orn:test.note";
const OTHERS: &str = "orn:test.other";
const OTHER: &str = "orn:test.other:1";

fn rule(node: Option<&RawPeer>, rid_types: &[&str], direction: Option<Direction>) -> TrustRule {
    let node = node.map(|peer| peer.rid.as_str().parse().unwrap());
    let rid_types = rid_types.iter().map(|text| RidType::parse(text).unwrap());
    TrustRule::new(node, rid_types.collect(), direction).unwrap()
}

fn denying(rules: Vec<TrustRule>) -> Border {
    Border {
        trust: Trust {
            deny: rules,
            ..Trust::default()
        },
        ..Border::default()
    }
}

async fn node(border: Border) -> Node {
    let plan = Plan::new("node", Role::Producer).owning(&[NOTES, OTHERS]);
    let node = plan.with(border).start().await;
    node.knows(node.rid()).await;
    node
}

async fn meet(peer: &RawPeer, node: &Node) {
    peer.tell(node, vec![peer.introduction()]).await;
    node.knows(&peer.rid).await;
}

fn code(body: &str) -> Option<ErrorCode> {
    ErrorResponse::parse(body.as_bytes())?.code()
}

async fn is_refused(peer: &RawPeer, node: &Node) -> bool {
    let events = vec![peer.introduction(), event(NOTE, r#"{"title":"x"}"#)];
    let body = peer.seal(node.rid(), &Payload::Events { events });
    let (status, body) = peer.post(node, Endpoint::BroadcastEvents, body).await;
    let expected = (StatusCode::BAD_REQUEST, Some(ErrorCode::InvalidKey));
    (status, code(&body)) == expected
}

#[tokio::test]
async fn a_node_that_is_denied_is_refused_and_does_not_come_in_by_others() {
    let (mallory, alice) = (RawPeer::new("mallory"), RawPeer::new("alice"));
    let node = node(denying(vec![rule(Some(&mallory), &[], None)])).await;
    meet(&alice, &node).await;
    assert!(is_refused(&mallory, &node).await);
    alice.tell(&node, vec![mallory.introduction()]).await;
    alice
        .tell(&node, vec![event(NOTE, r#"{"title":"x"}"#)])
        .await;
    node.has(NOTE, Some("x")).await;
    assert!(
        node.stores
            .bundles
            .read(&mallory.rid)
            .await
            .unwrap()
            .is_none()
    );
    // Nor does what it would say before it has said who it is.
    let body = mallory.seal(node.rid(), &Payload::PollEvents { limit: 0 });
    let (_, body) = mallory.post(&node, Endpoint::PollEvents, body).await;
    assert_eq!(code(&body), Some(ErrorCode::InvalidKey));
}

#[tokio::test]
async fn a_node_that_is_denied_from_now_on_loses_what_waited_for_it() {
    let peer = RawPeer::new("peer");
    let first = node(Border::default()).await;
    meet(&peer, &first).await;
    let proposal = peer.proposal(&first, EdgeStatus::Proposed, &[NOTES]);
    peer.tell(&first, vec![proposal]).await;
    first
        .until("something for the peer", async |node| {
            node.stores.outbox.len(Some(&peer.rid)).await.unwrap() > 0
        })
        .await;
    let (plan, folder, address) = first.stop().await;
    let plan = plan.with(denying(vec![rule(Some(&peer), &[], None)]));
    let node = Node::again((plan, folder, address)).await;
    assert!(is_refused(&peer, &node).await);
    while node.stores.outbox.len(Some(&peer.rid)).await.unwrap() > 0 {
        tokio::task::yield_now().await;
    }
    // The edge is still known, and nobody is told by it.
    node.publish(NOTE, "x").await;
    node.has(NOTE, Some("x")).await;
    node.publish(NOTE, "y").await;
    node.has(NOTE, Some("y")).await;
    assert_eq!(node.stores.outbox.len(Some(&peer.rid)).await.unwrap(), 0);
}

#[tokio::test]
async fn where_some_are_allowed_all_others_are_denied() {
    let (alice, mallory) = (RawPeer::new("alice"), RawPeer::new("mallory"));
    let trust = Trust {
        allow: vec![rule(Some(&alice), &[NOTES], None)],
        ..Trust::default()
    };
    let border = Border {
        trust,
        ..Border::default()
    };
    let node = node(border).await;
    assert!(is_refused(&mallory, &node).await);
    meet(&alice, &node).await;
    let events = [OTHER, NOTE].map(|rid| event(rid, r#"{"title":"x"}"#));
    alice.tell(&node, events.to_vec()).await;
    node.has(NOTE, Some("x")).await;
    assert_eq!(node.title(OTHER).await, None);
    // Its own profile and its edge go through, whatever types are allowed.
    let proposal = alice.proposal(&node, EdgeStatus::Proposed, &[NOTES, NODE_TYPE]);
    alice.tell(&node, vec![proposal]).await;
    node.until("the approval", async |node| {
        let edge = node.edge(node.rid(), &alice.rid).await;
        edge.is_some_and(|edge| edge.status == EdgeStatus::Approved)
    })
    .await;
}

#[tokio::test]
async fn a_type_that_a_node_may_not_tell_is_kept_out_and_its_others_are_not() {
    let (peer, other) = (RawPeer::new("peer"), RawPeer::new("other"));
    let from = rule(Some(&peer), &[NOTES], Some(Direction::From));
    let node = node(denying(vec![from])).await;
    meet(&peer, &node).await;
    meet(&other, &node).await;
    other
        .tell(&node, vec![event(NOTE, r#"{"title":"of the other"}"#)])
        .await;
    node.has(NOTE, Some("of the other")).await;
    let events = [NOTE, OTHER].map(|rid| event(rid, r#"{"title":"of the peer"}"#));
    let goodbye = Event::of_rid(EventType::Forget, rid(NOTE));
    peer.tell(&node, [events.to_vec(), vec![goodbye]].concat())
        .await;
    node.has(OTHER, Some("of the peer")).await;
    assert_eq!(node.title(NOTE).await.as_deref(), Some("of the other"));
    assert!(
        node.stores
            .dead_letters
            .list(None, 9)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    // It may have what it may not tell.
    let question = Payload::FetchBundles {
        rids: vec![rid(NOTE)],
    };
    match peer.ask(&node, Endpoint::FetchBundles, &question).await {
        Payload::Bundles { bundles, .. } => assert_eq!(bundles.len(), 1),
        other => panic!("{}", other.kind()),
    }
}

#[tokio::test]
async fn a_type_that_a_node_may_not_have_is_neither_sent_nor_answered() {
    let peer = RawPeer::new("peer");
    let to = rule(Some(&peer), &[NOTES], Some(Direction::To));
    let node = node(denying(vec![to])).await;
    meet(&peer, &node).await;
    for text in [NOTE, OTHER] {
        node.publish(text, "x").await;
        node.has(text, Some("x")).await;
    }
    let listed = |rids: Vec<Rid>| rids.iter().map(Rid::to_string).collect::<Vec<_>>();
    let question = Payload::FetchRids {
        rid_types: [NOTES, OTHERS]
            .map(|text| RidType::parse(text).unwrap())
            .to_vec(),
    };
    match peer.ask(&node, Endpoint::FetchRids, &question).await {
        Payload::Rids { rids } => assert_eq!(listed(rids), [OTHER]),
        other => panic!("{}", other.kind()),
    }
    let rids = vec![rid(NOTE), rid(OTHER)];
    let question = Payload::FetchManifests {
        rid_types: Vec::new(),
        rids: rids.clone(),
    };
    match peer.ask(&node, Endpoint::FetchManifests, &question).await {
        Payload::Manifests { not_found, .. } => assert_eq!(listed(not_found), [NOTE]),
        other => panic!("{}", other.kind()),
    }
    match peer
        .ask(
            &node,
            Endpoint::FetchBundles,
            &Payload::FetchBundles { rids },
        )
        .await
    {
        Payload::Bundles { not_found, .. } => assert_eq!(listed(not_found), [NOTE]),
        other => panic!("{}", other.kind()),
    }
    let proposal = peer.proposal(&node, EdgeStatus::Proposed, &[NOTES]);
    let edge = proposal.rid.clone();
    peer.tell(&node, vec![proposal]).await;
    loop {
        if let Some(event) = peer.poll(&node, 0).await.first() {
            assert_eq!((&event.rid, event.event_type), (&edge, EventType::Forget));
            break;
        }
    }
}

#[tokio::test]
async fn a_first_contact_that_is_denied_is_a_mistake_that_is_told() {
    let contact = RawPeer::new("contact");
    let folder = super::support::folder();
    let stores = koi_store::sqlite::open(&folder.path().join("store.db")).unwrap();
    let opened = koi_net::Net::open(koi_net::NetParts {
        identity: super::support::identity(folder.path(), "node"),
        intake: koi_pipeline::Intake::new(&stores, 10, 10),
        stores,
        role: Role::Producer,
        kind: koi_net::Kind::Full {
            base_url: "http://127.0.0.1:1/koi-net".to_owned(),
        },
        lifetimes: koi_pipeline::Lifetimes::default(),
        first_contact: Some(koi_net::FirstContact {
            url: "http://127.0.0.1:2/koi-net".to_owned(),
            rid: Some(contact.rid.clone()),
        }),
        border: denying(vec![rule(Some(&contact), &[], None)]),
    });
    assert!(matches!(opened.await, Err(NetError::DeniedContact(_))));
}

/// Posts a broadcast of so many events; the status, and when to try again if that is said.
async fn push(peer: &RawPeer, node: &Node, events: usize) -> (StatusCode, Option<u64>) {
    let events = (0..events).map(|n| event(&format!("{NOTES}:{n}"), r#"{"title":"x"}"#));
    let payload = Payload::Events {
        events: events.collect(),
    };
    let url = format!(
        "{}{}",
        base_url(node.address),
        Endpoint::BroadcastEvents.path()
    );
    let request = peer.http.post(url).body(peer.seal(node.rid(), &payload));
    let response = request.send().await.unwrap();
    let after = response.headers().get(header::RETRY_AFTER.as_str());
    let after = after.map(|text| text.to_str().unwrap().parse().unwrap());
    (response.status(), after)
}

#[tokio::test]
async fn a_node_that_tells_too_much_is_asked_to_wait_and_others_are_not() {
    let limits = PeerLimits {
        events: 5,
        ..PeerLimits::default()
    };
    let border = Border {
        limits,
        ..Border::default()
    };
    let node = node(border).await;
    let (peer, other) = (RawPeer::new("peer"), RawPeer::new("other"));
    meet(&peer, &node).await;
    meet(&other, &node).await;
    // More than can be saved up: taken, and owed.
    assert_eq!(push(&peer, &node, 30).await, (StatusCode::OK, None));
    assert_eq!(
        push(&peer, &node, 30).await.0,
        StatusCode::TOO_MANY_REQUESTS
    );
    let (status, after) = push(&peer, &node, 30).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!((1..=60).contains(&after.unwrap()), "{after:?}");
    assert_eq!(push(&other, &node, 30).await, (StatusCode::OK, None));
    // What was refused was not begun.
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

#[tokio::test]
async fn nodes_that_nobody_knows_share_what_they_may_take() {
    let limits = PeerLimits {
        strangers: 1,
        ..PeerLimits::default()
    };
    let border = Border {
        limits,
        ..Border::default()
    };
    let node = node(border).await;
    let known = RawPeer::new("known");
    meet(&known, &node).await;
    let mut seen = Vec::new();
    for number in 0..12 {
        let stranger = RawPeer::new(&format!("stranger{number}"));
        let events = vec![stranger.introduction()];
        let body = stranger.seal(node.rid(), &Payload::Events { events });
        seen.push(
            stranger
                .post(&node, Endpoint::BroadcastEvents, body)
                .await
                .0,
        );
    }
    assert_eq!(seen.first(), Some(&StatusCode::OK), "{seen:?}");
    assert_eq!(
        seen.last(),
        Some(&StatusCode::TOO_MANY_REQUESTS),
        "{seen:?}"
    );
    assert!(known.poll(&node, 0).await.is_empty());
}

#[tokio::test]
async fn a_body_longer_than_is_allowed_is_refused() {
    let limits = PeerLimits {
        body: 4096,
        ..PeerLimits::default()
    };
    let border = Border {
        limits,
        ..Border::default()
    };
    let node = node(border).await;
    let peer = RawPeer::new("peer");
    meet(&peer, &node).await;
    assert_eq!(
        push(&peer, &node, 100).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(push(&peer, &node, 1).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_peer_that_asks_for_a_pause_is_given_it() {
    let node = node(Border::default()).await;
    let peer = RawPeer::new("peer");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let profile = NodeProfile {
        base_url: Some(base_url(listener.local_addr().unwrap())),
        node_type: NodeType::Full,
        ..peer.profile()
    };
    let asked = Arc::new(AtomicU32::new(0));
    let (sender, mut answered) = tokio::sync::mpsc::unbounded_channel();
    let serve = {
        let asked = asked.clone();
        move || async move {
            sender.send(Instant::now()).unwrap();
            match asked.fetch_add(1, Ordering::SeqCst) {
                0 => (
                    StatusCode::TOO_MANY_REQUESTS,
                    [(header::RETRY_AFTER, "2")],
                    "{}",
                ),
                _ => (StatusCode::OK, [(header::RETRY_AFTER, "0")], "null"),
            }
        }
    };
    let router = Router::new().fallback(serve);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let introduction = Bundle::generate(peer.rid.clone(), profile.to_contents().unwrap());
    let proposal = peer.proposal(&node, EdgeStatus::Proposed, &[NOTES]);
    let events = vec![Event::of_bundle(EventType::New, introduction), proposal];
    peer.tell(&node, events).await;
    let first = answered.recv().await.unwrap();
    // To hear of a peer ends other waits, and not this one.
    peer.tell(&node, Vec::new()).await;
    let second = answered.recv().await.unwrap();
    let waited = second - first;
    assert!(waited >= Duration::from_millis(1900), "{waited:?}");
}

/// The other signature that everybody can make of one: `s` turned round in the order of the curve.
fn turned(envelope: &str) -> String {
    let (signed, signature) = envelope.rsplit_once("\"signature\":\"").unwrap();
    let mut bytes = STANDARD.decode(signature.trim_end_matches("\"}")).unwrap();
    let order = group_order();
    let mut borrow = 0_i16;
    for at in (0..32).rev() {
        let difference = i16::from(order[at]) - i16::from(bytes[32 + at]) - borrow;
        borrow = i16::from(difference < 0);
        bytes[32 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    format!("{signed}\"signature\":\"{}\"}}", STANDARD.encode(&bytes))
}

/// The order of P-256's group (SEC 2, version 2.0, 2.4.2).
fn group_order() -> [u8; 32] {
    let high = 0xffff_ffff_0000_0000_ffff_ffff_ffff_ffff_u128;
    let low = 0xbce6_faad_a717_9e84_f3b9_cac2_fc63_2551_u128;
    let mut order = [0; 32];
    order[..16].copy_from_slice(&high.to_be_bytes());
    order[16..].copy_from_slice(&low.to_be_bytes());
    order
}

#[tokio::test]
async fn a_broadcast_that_comes_again_changes_nothing() {
    let node = node(Border::default()).await;
    let peer = RawPeer::new("peer");
    meet(&peer, &node).await;
    let events = vec![event(NOTE, r#"{"title":"old"}"#)];
    let told = peer.seal(node.rid(), &Payload::Events { events });
    let goodbye = vec![Event::of_rid(EventType::Forget, rid(NOTE))];
    let forgotten = peer.seal(node.rid(), &Payload::Events { events: goodbye });
    let taken = (StatusCode::OK, "null".to_owned());
    let post = async |body: &str| {
        peer.post(&node, Endpoint::BroadcastEvents, body.to_owned())
            .await
    };
    assert_eq!(post(&told).await, taken);
    node.has(NOTE, Some("old")).await;
    assert_eq!(post(&forgotten).await, taken);
    node.has(NOTE, None).await;
    for replayed in [&told, &turned(&told)] {
        assert_eq!(post(replayed).await, taken);
        peer.tell(&node, vec![event(OTHER, r#"{"title":"x"}"#)])
            .await;
        node.has(OTHER, Some("x")).await;
        assert_eq!(node.title(NOTE).await, None);
    }
    // Said anew, with a signature of its own, it counts.
    peer.tell(&node, vec![event(NOTE, r#"{"title":"new"}"#)])
        .await;
    node.has(NOTE, Some("new")).await;
    for replayed in [&forgotten, &turned(&forgotten)] {
        assert_eq!(post(replayed).await, taken);
        peer.tell(&node, vec![event("orn:test.other:2", r#"{"title":"x"}"#)])
            .await;
        node.has("orn:test.other:2", Some("x")).await;
        assert_eq!(node.title(NOTE).await.as_deref(), Some("new"));
    }
}

#[tokio::test]
async fn without_a_window_nothing_is_known_again() {
    let border = Border {
        replay_window: Duration::ZERO,
        ..Border::default()
    };
    let node = node(border).await;
    let peer = RawPeer::new("peer");
    meet(&peer, &node).await;
    let events = vec![event(NOTE, r#"{"title":"old"}"#)];
    let told = peer.seal(node.rid(), &Payload::Events { events });
    peer.post(&node, Endpoint::BroadcastEvents, told.clone())
        .await;
    node.has(NOTE, Some("old")).await;
    peer.tell(&node, vec![Event::of_rid(EventType::Forget, rid(NOTE))])
        .await;
    node.has(NOTE, None).await;
    peer.post(&node, Endpoint::BroadcastEvents, told).await;
    node.has(NOTE, Some("old")).await;
}
