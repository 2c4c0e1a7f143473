//! What peers may and may not do, seen from a peer that sends whatever it likes.

use super::support::raw::{RawPeer, event};
use super::support::{NOTE, Node, Plan, rid};
use koi_net::Role;
use koi_rid::{Bundle, Event, EventType};
use koi_store::{Batch, Op, Outgoing};
use koi_wire::{
    EdgeStatus, Endpoint, ErrorCode, ErrorResponse, NODE_TYPE, NodeProfile, Payload, Provides,
};
use reqwest::StatusCode;

async fn node() -> Node {
    let node = Plan::new("node", Role::Producer).start().await;
    node.knows(node.rid()).await;
    node
}

async fn introduced(node: &Node, name: &str) -> RawPeer {
    let peer = RawPeer::new(name);
    peer.tell(node, vec![peer.introduction()]).await;
    node.knows(&peer.rid).await;
    peer
}

/// The reasons of a node's dead letters, once there is one about a RID.
async fn letter(node: &Node, about: &koi_rid::Rid) -> String {
    loop {
        let letters = node
            .stores
            .dead_letters
            .list(None, 100)
            .await
            .unwrap()
            .items;
        if let Some(letter) = letters
            .into_iter()
            .find(|letter| letter.arrival.rid == *about)
        {
            return letter.reason;
        }
        tokio::task::yield_now().await;
    }
}

fn code(body: &str) -> Option<ErrorCode> {
    ErrorResponse::parse(body.as_bytes())?.code()
}

#[tokio::test]
async fn a_stranger_is_asked_to_introduce_itself() {
    let node = node().await;
    let peer = RawPeer::new("stranger");
    let body = peer.seal(node.rid(), &Payload::PollEvents { limit: 0 });
    let (status, body) = peer.post(&node, Endpoint::PollEvents, body).await;
    assert_eq!(
        (status, code(&body)),
        (StatusCode::BAD_REQUEST, Some(ErrorCode::UnknownNode))
    );
    let events = vec![event(NOTE, r#"{"title":"x"}"#)];
    let body = peer.seal(node.rid(), &Payload::Events { events });
    let (_, body) = peer.post(&node, Endpoint::BroadcastEvents, body).await;
    assert_eq!(code(&body), Some(ErrorCode::UnknownNode));
}

#[tokio::test]
async fn an_introduction_counts_at_once_and_wherever_it_stands_in_the_envelope() {
    let node = node().await;
    let peer = RawPeer::new("newcomer");
    peer.tell(
        &node,
        vec![event(NOTE, r#"{"title":"x"}"#), peer.introduction()],
    )
    .await;
    assert!(peer.poll(&node, 0).await.is_empty());
    node.has(NOTE, Some("x")).await;
}

#[tokio::test]
async fn envelopes_that_cannot_be_trusted_are_refused_with_the_protocols_codes() {
    let node = node().await;
    let peer = introduced(&node, "peer").await;
    let poll = Payload::PollEvents { limit: 0 };
    let refused = async |body: String| {
        let (status, body) = peer.post(&node, Endpoint::PollEvents, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        code(&body).unwrap()
    };
    assert_eq!(
        refused(peer.seal(&peer.rid, &poll)).await,
        ErrorCode::InvalidTarget
    );
    let tampered = peer
        .seal(node.rid(), &poll)
        .replace("\"limit\":0", "\"limit\":1");
    assert_eq!(refused(tampered).await, ErrorCode::InvalidSignature);
    let other = RawPeer::new("peer");
    let forged = koi_wire::seal(&poll, &peer.rid, node.rid(), &other.key, Default::default());
    assert_eq!(refused(forged.unwrap()).await, ErrorCode::InvalidSignature);
    // A newcomer whose key does not make its RID.
    let newcomer = RawPeer::new("newcomer");
    let contents = other.profile().to_contents().unwrap();
    let bundle = Bundle::generate(newcomer.rid.clone(), contents);
    let events = vec![Event::of_bundle(EventType::New, bundle)];
    let body = newcomer.seal(node.rid(), &Payload::Events { events });
    let (status, body) = peer.post(&node, Endpoint::BroadcastEvents, body).await;
    assert_eq!(
        (status, code(&body)),
        (StatusCode::BAD_REQUEST, Some(ErrorCode::InvalidKey))
    );
}

#[tokio::test]
async fn what_is_no_envelope_is_answered_and_harms_nothing() {
    let node = node().await;
    let peer = introduced(&node, "peer").await;
    let poll = peer.seal(node.rid(), &Payload::PollEvents { limit: 0 });
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "{\"payload\":{}}",
        &poll[..poll.len() / 2],
    ] {
        for endpoint in Endpoint::ALL {
            let (status, _) = peer.post(&node, endpoint, body.to_owned()).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        }
    }
    let (status, _) = peer.post(&node, Endpoint::FetchRids, poll.clone()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, _) = peer.post(&node, Endpoint::PollEvents, poll).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_request_larger_than_the_limit_is_refused() {
    let node = node().await;
    let peer = RawPeer::new("peer");
    let body = " ".repeat(17 * 1024 * 1024);
    let (status, _) = peer.post(&node, Endpoint::BroadcastEvents, body).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_subscriber_is_approved_and_given_each_event_twice_at_most() {
    let node = node().await;
    let peer = introduced(&node, "peer").await;
    let proposal = peer.proposal(&node, EdgeStatus::Proposed, &["orn:test.note"]);
    let edge = proposal.rid.clone();
    peer.tell(&node, vec![proposal]).await;
    node.until("the approval", async |node| {
        let edge = node.edge(node.rid(), &peer.rid).await;
        edge.is_some_and(|edge| edge.status == EdgeStatus::Approved)
    })
    .await;
    let events = peer.poll(&node, 0).await;
    assert_eq!(events.len(), 1);
    assert_eq!(
        (&events[0].rid, events[0].event_type),
        (&edge, EventType::Update)
    );
    node.publish(NOTE, "news").await;
    node.has(NOTE, Some("news")).await;
    let again = peer.poll(&node, 0).await;
    assert_eq!(
        again.iter().map(|event| &event.rid).collect::<Vec<_>>(),
        [&edge, &rid(NOTE)]
    );
    // What was given twice is passed over at once.
    let third = peer.poll(&node, 1).await;
    assert_eq!(
        third.iter().map(|event| &event.rid).collect::<Vec<_>>(),
        [&rid(NOTE)]
    );
    assert!(peer.poll(&node, 0).await.is_empty());
    assert_eq!(node.stores.outbox.len(None).await.unwrap(), 0);
}

#[tokio::test]
async fn a_subscriber_may_want_more_before_it_has_heard_the_approval() {
    let node = node().await;
    let peer = introduced(&node, "peer").await;
    let first = peer.proposal(&node, EdgeStatus::Proposed, &["orn:test.note"]);
    let second = peer.proposal(&node, EdgeStatus::Proposed, &["orn:test.note", NODE_TYPE]);
    for (proposal, types) in [(first, 1), (second, 2)] {
        peer.tell(&node, vec![proposal]).await;
        node.until("the approval", async |node| {
            let edge = node.edge(node.rid(), &peer.rid).await;
            edge.is_some_and(|edge| {
                edge.status == EdgeStatus::Approved && edge.rid_types.len() == types
            })
        })
        .await;
    }
}

#[tokio::test]
async fn a_proposal_for_what_is_not_provided_is_answered_by_forgetting_it() {
    let node = node().await;
    let peer = introduced(&node, "peer").await;
    let proposal = peer.proposal(&node, EdgeStatus::Proposed, &["orn:other.thing"]);
    let edge = proposal.rid.clone();
    peer.tell(&node, vec![proposal]).await;
    loop {
        let events = peer.poll(&node, 0).await;
        if let Some(event) = events.first() {
            assert_eq!((&event.rid, event.event_type), (&edge, EventType::Forget));
            break;
        }
    }
    assert!(node.edge(node.rid(), &peer.rid).await.is_none());
}

#[tokio::test]
async fn a_change_of_an_edge_that_is_rejected_takes_the_edge_with_it() {
    let node = node().await;
    let peer = introduced(&node, "peer").await;
    let proposal = |rid_types: &[&str]| peer.proposal(&node, EdgeStatus::Proposed, rid_types);
    let approved = async |node: &Node| {
        let edge = node.edge(node.rid(), &peer.rid).await;
        edge.is_some_and(|edge| edge.status == EdgeStatus::Approved)
    };
    peer.tell(&node, vec![proposal(&["orn:test.note"])]).await;
    node.until("the approval", approved).await;
    let wider = proposal(&["orn:test.note", "orn:other.thing"]);
    let rid = wider.rid.clone();
    peer.tell(&node, vec![wider]).await;
    node.until("the edge to be gone", async |node| {
        node.edge(node.rid(), &peer.rid).await.is_none()
    })
    .await;
    let told = peer.poll(&node, 0).await;
    assert!(
        told.iter()
            .any(|event| event.rid == rid && event.event_type == EventType::Forget),
        "{told:?}"
    );
    peer.tell(&node, vec![proposal(&["orn:test.note"])]).await;
    node.until("the approval", approved).await;
}

#[tokio::test]
async fn a_proposal_without_an_answer_is_taken_back_and_made_again() {
    let node = node().await;
    let peer = RawPeer::new("provider");
    let provides = Provides {
        event: vec![koi_rid::RidType::parse("orn:test.note").unwrap()],
        ..Provides::default()
    };
    let profile = NodeProfile {
        provides,
        ..peer.profile()
    };
    let profile = Bundle::generate(peer.rid.clone(), profile.to_contents().unwrap());
    let events = vec![
        Event::of_bundle(EventType::New, profile),
        peer.proposal(&node, EdgeStatus::Proposed, &["orn:test.note"]),
    ];
    peer.tell(&node, events).await;
    let edge = koi_wire::edge_rid(&peer.rid, node.rid());
    let made = async |node: &Node| {
        let stored = node.stores.bundles.read(&edge).await.unwrap();
        stored.map(|stored| stored.bundle.manifest.timestamp)
    };
    node.until("a proposal to who subscribes", async |node| {
        made(node).await.is_some()
    })
    .await;
    let first = made(&node).await;
    node.until("another one", async |node| made(node).await > first)
        .await;
    let told = peer.poll(&node, 0).await;
    let told: Vec<EventType> = told
        .into_iter()
        .filter(|event| event.rid == edge)
        .map(|event| event.event_type)
        .collect();
    assert_eq!(told, [EventType::Forget, EventType::New]);
}

#[tokio::test]
async fn a_peer_with_manifests_of_the_old_form_is_answered_with_floats_of_the_old_form() {
    let node = node().await;
    let peer = introduced(&node, "old").await;
    peer.tell(&node, vec![event(NOTE, r#"{"title":"x","weight":1e17}"#)])
        .await;
    node.has(NOTE, Some("x")).await;
    let rids = vec![rid(NOTE)];
    let body = peer.seal(node.rid(), &Payload::FetchBundles { rids });
    let (_, answer) = peer.post(&node, Endpoint::FetchBundles, body).await;
    assert!(answer.contains(r#""weight":1e17}"#), "{answer}");
}

#[tokio::test]
async fn nobody_approves_their_own_subscription() {
    let node = node().await;
    let peer = introduced(&node, "peer").await;
    let approved = peer.proposal(&node, EdgeStatus::Approved, &["orn:test.note"]);
    let edge = approved.rid.clone();
    peer.tell(&node, vec![approved]).await;
    assert!(letter(&node, &edge).await.contains("approved its own edge"));
    assert!(node.edge(node.rid(), &peer.rid).await.is_none());
}

#[tokio::test]
async fn edges_and_profiles_of_others_are_not_for_strangers_to_change() {
    let node = node().await;
    let victim = introduced(&node, "victim").await;
    let attacker = introduced(&node, "attacker").await;
    let proposal = victim.proposal(&node, EdgeStatus::Proposed, &["orn:test.note"]);
    let edge = proposal.rid.clone();
    attacker.tell(&node, vec![proposal.clone()]).await;
    assert!(letter(&node, &edge).await.contains("neither end"));
    let profile = NodeProfile {
        base_url: Some("http://evil".to_owned()),
        ..victim.profile()
    };
    let bundle = Bundle::generate(victim.rid.clone(), profile.to_contents().unwrap());
    attacker
        .tell(&node, vec![Event::of_bundle(EventType::Update, bundle)])
        .await;
    assert!(
        letter(&node, &victim.rid)
            .await
            .contains("may not change its profile")
    );
    victim.tell(&node, vec![proposal]).await;
    node.until("the edge", async |node| {
        node.edge(node.rid(), &victim.rid).await.is_some()
    })
    .await;
    let forget = [&edge, &victim.rid].map(|rid| Event::of_rid(EventType::Forget, rid.clone()));
    attacker.tell(&node, forget.to_vec()).await;
    loop {
        let letters = node
            .stores
            .dead_letters
            .list(None, 100)
            .await
            .unwrap()
            .items;
        if letters.len() == 4 {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(node.edge(node.rid(), &victim.rid).await.is_some());
    assert!(
        node.stores
            .bundles
            .read(&victim.rid)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn an_edge_does_not_take_the_place_of_another_peers_edge() {
    let node = node().await;
    let victim = introduced(&node, "victim").await;
    let attacker = introduced(&node, "attacker").await;
    let standing = victim.proposal(&node, EdgeStatus::Proposed, &["orn:test.note"]);
    let edge = standing.rid.clone();
    victim.tell(&node, vec![standing]).await;
    node.until("the edge", async |node| {
        node.edge(node.rid(), &victim.rid).await.is_some()
    })
    .await;
    let own = attacker.proposal(&node, EdgeStatus::Proposed, &["orn:test.note"]);
    let bundle = Bundle::generate(edge.clone(), own.contents.unwrap());
    attacker
        .tell(&node, vec![Event::of_bundle(EventType::Update, bundle)])
        .await;
    assert!(
        letter(&node, &edge)
            .await
            .contains("is not the RID of an edge")
    );
    let stands = node.edge(node.rid(), &victim.rid).await.unwrap();
    assert_eq!(stands.target, victim.rid);
}

#[tokio::test]
async fn a_node_that_says_goodbye_is_forgotten_with_its_edges_and_what_waits_for_it() {
    let node = node().await;
    let peer = introduced(&node, "peer").await;
    let proposal = peer.proposal(&node, EdgeStatus::Proposed, &["orn:test.note", NODE_TYPE]);
    peer.tell(&node, vec![proposal]).await;
    node.until("the approval", async |node| {
        let edge = node.edge(node.rid(), &peer.rid).await;
        edge.is_some_and(|edge| edge.status == EdgeStatus::Approved)
    })
    .await;
    let goodbye = Event::of_rid(EventType::Forget, peer.rid.clone());
    peer.tell(&node, vec![goodbye]).await;
    node.until("the peer to be forgotten", async |node| {
        let stored = node.stores.bundles.read(&peer.rid).await.unwrap();
        stored.is_none() && node.edge(node.rid(), &peer.rid).await.is_none()
    })
    .await;
    assert_eq!(node.stores.outbox.len(None).await.unwrap(), 0);
}

#[tokio::test]
async fn failed_deliveries_do_not_count_as_given() {
    let node = node().await;
    let peer = introduced(&node, "peer").await;
    let ops = vec![Op::Enqueue(Outgoing {
        peer: peer.rid.clone(),
        event: event(NOTE, r#"{"title":"x"}"#),
    })];
    node.stores.commits.commit(Batch { ops }).await.unwrap();
    let waiting = node.stores.outbox.next(&peer.rid, 0, 1).await.unwrap();
    let sent = vec![waiting[0].sent()];
    let ops = vec![Op::Attempted { sent }; 5];
    node.stores.commits.commit(Batch { ops }).await.unwrap();
    assert_eq!(peer.poll(&node, 0).await[0].rid, rid(NOTE));
}

#[tokio::test]
async fn a_profile_with_another_key_is_refused() {
    let node = node().await;
    let peer = introduced(&node, "peer").await;
    let unknown = RawPeer::new("unknown");
    let contents = peer.profile().to_contents().unwrap();
    let bundle = Bundle::generate(unknown.rid.clone(), contents);
    peer.tell(&node, vec![Event::of_bundle(EventType::New, bundle)])
        .await;
    assert!(letter(&node, &unknown.rid).await.contains("public key"));
}

#[tokio::test]
async fn an_event_with_the_manifest_of_another_rid_refuses_the_envelope() {
    let node = node().await;
    let peer = introduced(&node, "peer").await;
    let mut decoy = event(NOTE, r#"{"title":"x"}"#);
    decoy.rid = rid("orn:test.note:decoy");
    let body = peer.seal(
        node.rid(),
        &Payload::Events {
            events: vec![decoy],
        },
    );
    let (status, _) = peer.post(&node, Endpoint::BroadcastEvents, body).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn what_is_stored_can_be_fetched() {
    let node = node().await;
    let peer = introduced(&node, "peer").await;
    node.publish(NOTE, "x").await;
    node.has(NOTE, Some("x")).await;
    let types = |names: &[&str]| {
        names
            .iter()
            .map(|name| koi_rid::RidType::parse(name).unwrap())
            .collect::<Vec<_>>()
    };
    let ask = async |endpoint, payload: Payload| peer.ask(&node, endpoint, &payload).await;
    let payload = Payload::FetchRids {
        rid_types: types(&["orn:test.note"]),
    };
    let Payload::Rids { rids } = ask(Endpoint::FetchRids, payload).await else {
        panic!()
    };
    assert_eq!(rids, [rid(NOTE)]);
    let payload = Payload::FetchRids {
        rid_types: Vec::new(),
    };
    let Payload::Rids { rids } = ask(Endpoint::FetchRids, payload).await else {
        panic!()
    };
    assert_eq!(rids.len(), 3);
    let absent = rid("orn:test.note:absent");
    let payload = Payload::FetchManifests {
        rid_types: types(&[NODE_TYPE]),
        rids: vec![absent.clone(), rid(NOTE), rid(NOTE), absent.clone()],
    };
    let Payload::Manifests {
        manifests,
        not_found,
    } = ask(Endpoint::FetchManifests, payload).await
    else {
        panic!()
    };
    assert_eq!((manifests.len(), &manifests[0].rid), (1, &rid(NOTE)));
    assert_eq!(not_found, std::slice::from_ref(&absent));
    let payload = Payload::FetchManifests {
        rid_types: types(&[NODE_TYPE]),
        rids: Vec::new(),
    };
    let Payload::Manifests { manifests, .. } = ask(Endpoint::FetchManifests, payload).await else {
        panic!()
    };
    assert_eq!(manifests.len(), 2);
    let payload = Payload::FetchBundles {
        rids: vec![rid(NOTE), absent.clone(), rid(NOTE)],
    };
    let Payload::Bundles {
        bundles,
        not_found,
        deferred,
    } = ask(Endpoint::FetchBundles, payload).await
    else {
        panic!()
    };
    assert_eq!(
        (bundles.len(), not_found, deferred),
        (1, vec![absent], Vec::new())
    );
    assert!(bundles[0].hash_is_right());
}

#[tokio::test]
async fn a_coordinator_answers_a_newcomer_with_its_profile_and_a_proposal() {
    let node = Plan::new("coordinator", Role::Coordinator)
        .owning(&[])
        .start()
        .await;
    node.knows(node.rid()).await;
    let peer = RawPeer::new("newcomer");
    let forget = Event::of_rid(EventType::Forget, peer.rid.clone());
    for _ in 0..2 {
        peer.tell(&node, vec![forget.clone(), peer.introduction()])
            .await;
        let mut seen = Vec::new();
        while seen.len() < 2 {
            for event in peer.poll(&node, 0).await {
                if !seen.contains(&event.rid) {
                    assert_ne!(event.event_type, EventType::Forget);
                    seen.push(event.rid);
                }
            }
        }
        assert!(seen.contains(node.rid()));
        assert!(seen.contains(&koi_wire::edge_rid(&peer.rid, node.rid())));
    }
}
