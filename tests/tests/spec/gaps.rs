//! Section 11.3: what the reference leaves open, and what this node does about it.
//!
//! That TLS is to be had is shown with real nodes by `network/tls.rs`. What may be told, had and repeated by
//! whom is shown in detail by the tests of `koi-net`; here stands one case for each gap.

use std::collections::BTreeSet;

use koi_rid::Rid;
use koi_tests::{NodeBuilder, eventually};
use koi_wire::{EDGE_TYPE, edge_rid};
use serde_json::{Value, json};

use crate::probe::{NOON, Peer, Probe, Puppet, event, events_payload, manifest, note};

const LATER: &str = "2026-02-02T12:00:00Z";
const CONTENTS: &str = r#"{"a":1}"#;

#[tokio::test]
async fn a_broadcast_that_is_sent_again_changes_nothing() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let rid = "orn:test.note:1";
    let told = peer.seal(&events_payload(&[note(rid, NOON, CONTENTS)]), probe.rid());
    assert_eq!(probe.post("/events/broadcast", told.clone()).await.0, 200);
    probe.knows(rid).await;
    probe.tell(&peer, &[event(rid, "FORGET", None, None)]).await;
    eventually("the note gone", async || {
        probe.node.read(rid).is_none().then_some(())
    })
    .await;
    assert_eq!(
        probe.post("/events/broadcast", told).await,
        (200, "null".to_owned())
    );
    probe.goes_on(&peer, 1).await;
    assert!(probe.node.read(rid).is_none());
}

/// Who may do what is for the operator to say; without rules it is as with the reference.
#[tokio::test]
async fn what_any_known_peer_may_do_is_what_the_operator_leaves_it() {
    let folder = tempfile::tempdir().unwrap();
    let (peer, stranger) = (Peer::new("peer"), Peer::new("stranger"));
    let allow = format!(r#"[{{node="{}", rid_types=["orn:test.mine"]}}]"#, peer.rid);
    let node = NodeBuilder::new("strict", &folder.path().join("strict"));
    let node = node.env("KOI_MCP_KOI__TRUST__ALLOW", &allow).start();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = async |path: &str, body: String| {
        let response = http
            .post(format!("{}{path}", node.koi_url))
            .body(body)
            .send()
            .await;
        let response = response.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    // Whoever reaches the port becomes known by introducing itself: not here.
    let introduction = stranger.seal(&events_payload(&[stranger.introduction(None)]), &node.rid);
    let (status, answer) = post("/events/broadcast", introduction).await;
    assert_eq!(status, 400, "{answer}");
    assert!(answer.contains("does not deal with"), "{answer}");
    let (theirs, mine) = ("orn:test.theirs:1", "orn:test.mine:1");
    let events = [
        peer.introduction(None),
        note(theirs, NOON, CONTENTS),
        note(mine, NOON, CONTENTS),
    ];
    let body = peer.seal(&events_payload(&events), &node.rid);
    assert_eq!(post("/events/broadcast", body).await.0, 200);
    eventually("its note", async || node.read(mine)).await;
    assert!(node.read(theirs).is_none());
    let body = peer.seal(r#"{"type":"fetch_rids","rid_types":[]}"#, &node.rid);
    let (_, answer) = post("/rids/fetch", body).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let listed = answer["payload"]["rids"].as_array().unwrap().iter();
    let listed = listed.map(|rid| rid.as_str().unwrap());
    // The edge that a coordinator proposes to a newcomer is theirs too.
    let listed: BTreeSet<&str> = listed.filter(|rid| !rid.starts_with(EDGE_TYPE)).collect();
    assert_eq!(listed, BTreeSet::from([mine, &node.rid, peer.rid.as_str()]));
    eventually("a line about what was kept out", async || {
        let log = node.log();
        let mut lines = log.lines();
        lines
            .any(|line| line.contains("kept out") && line.contains(theirs))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_subscriber_that_approves_its_own_edge_is_not_believed() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let me = Rid::parse(probe.rid()).unwrap();
    let rid = edge_rid(&me, &peer.rid).to_string();
    let edge = json!({"source": probe.rid(), "target": peer.rid.as_str(), "edge_type": "POLL",
                      "status": "APPROVED", "rid_types": ["orn:koi-net.node"]});
    probe
        .tell(&peer, &[note(&rid, NOON, &edge.to_string())])
        .await;
    assert!(probe.gives_up(&rid).await.contains("approved its own edge"));
    assert!(probe.node.read(&rid).is_none());
}

#[tokio::test]
async fn an_event_with_the_manifest_of_another_rid_is_no_way_round_the_checks() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let before = probe.node.read(probe.rid()).unwrap();
    let own = manifest(probe.rid(), LATER, &peer.profile(None));
    let decoy = event(
        "orn:test.note:decoy",
        "NEW",
        Some(&own),
        Some(&peer.profile(None)),
    );
    let body = peer.seal(&events_payload(&[decoy]), probe.rid());
    let (status, answer) = probe.post("/events/broadcast", body).await;
    assert_eq!(status, 422, "{answer}");
    // Nor without a decoy.
    probe
        .tell(&peer, &[note(probe.rid(), LATER, &peer.profile(None))])
        .await;
    probe
        .tell(&peer, &[event(probe.rid(), "FORGET", None, None)])
        .await;
    probe.goes_on(&peer, 1).await;
    assert_eq!(probe.node.read(probe.rid()).unwrap(), before);
}

#[tokio::test]
async fn a_third_partys_profile_and_its_edges_are_not_for_others_to_change() {
    let probe = Probe::start();
    let (victim, mallory) = (probe.meets("victim").await, probe.meets("mallory").await);
    let before = probe.node.read(victim.rid.as_str()).unwrap();
    let moved = victim.profile(Some("http://127.0.0.1:9/koi-net"));
    probe
        .tell(&mallory, &[note(victim.rid.as_str(), LATER, &moved)])
        .await;
    assert!(
        probe
            .gives_up(victim.rid.as_str())
            .await
            .contains("may not change")
    );
    probe
        .tell(
            &mallory,
            &[event(victim.rid.as_str(), "FORGET", None, None)],
        )
        .await;
    probe.goes_on(&mallory, 1).await;
    assert_eq!(probe.node.read(victim.rid.as_str()).unwrap(), before);
    let me = Rid::parse(probe.rid()).unwrap();
    let rid = edge_rid(&me, &victim.rid).to_string();
    assert!(rid.starts_with(EDGE_TYPE));
    let edge = json!({"source": probe.rid(), "target": victim.rid.as_str(), "edge_type": "POLL",
                      "status": "PROPOSED", "rid_types": ["orn:koi-net.node"]});
    probe
        .tell(&mallory, &[note(&rid, NOON, &edge.to_string())])
        .await;
    assert!(probe.gives_up(&rid).await.contains("neither end"));
}

#[tokio::test]
async fn contents_that_are_not_those_of_their_hash_are_refused() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let rid = "orn:test.note:1";
    let of_others = manifest(rid, NOON, r#"{"a":2}"#);
    probe
        .tell(
            &peer,
            &[event(rid, "NEW", Some(&of_others), Some(CONTENTS))],
        )
        .await;
    assert!(probe.gives_up(rid).await.contains("hash"));
    assert!(probe.node.read(rid).is_none());
}

#[tokio::test]
async fn an_answer_counts_only_from_the_node_that_was_asked() {
    let probe = Probe::start();
    let puppet = Puppet::known_to(&probe, "puppet").await;
    // Known here, with a good signature, and not asked.
    let other = probe.meets("other").await;
    let rid = "orn:test.note:1";
    let bundle = format!(
        r#"{{"type":"bundles_payload","bundles":[{{"manifest":{},"contents":{CONTENTS}}}],"not_found":[],"deferred":[]}}"#,
        manifest(rid, NOON, CONTENTS)
    );
    let by_other = other.seal(&bundle, probe.rid());
    puppet.answers("/bundles/fetch", move |_| (200, by_other.clone()));
    let announced = event(rid, "NEW", Some(&manifest(rid, NOON, CONTENTS)), None);
    probe.tell(&puppet.peer, &[announced]).await;
    let reason = probe.gives_up(rid).await;
    assert!(reason.contains("has answered"), "{reason}");
    assert!(probe.node.read(rid).is_none());
}

#[tokio::test]
async fn a_profile_that_was_fetched_has_to_have_the_key_of_its_rid() {
    let probe = Probe::start();
    let puppet = Puppet::known_to(&probe, "puppet").await;
    let (unknown, other) = (Peer::new("unknown"), Peer::new("other"));
    let rid = unknown.rid.as_str().to_owned();
    let profile = other.profile(None);
    let listed = manifest(&rid, NOON, &profile);
    let bundle = format!(
        r#"{{"type":"bundles_payload","bundles":[{{"manifest":{listed},"contents":{profile}}}],"not_found":[],"deferred":[]}}"#
    );
    let to = probe.rid().to_owned();
    puppet.answers("/bundles/fetch", move |peer| (200, peer.seal(&bundle, &to)));
    probe
        .tell(&puppet.peer, &[event(&rid, "NEW", Some(&listed), None)])
        .await;
    assert!(probe.gives_up(&rid).await.contains("public key"));
    assert!(probe.node.read(&rid).is_none());
}

#[tokio::test]
async fn a_request_longer_than_its_bound_is_refused() {
    let probe = Probe::with(&[("KOI_MCP_KOI__LIMITS__BODY", "4096")]);
    let peer = probe.meets("peer").await;
    let (status, answer) = probe.post("/events/broadcast", vec![b' '; 4097]).await;
    assert_eq!(status, 413, "{answer}");
    assert!(answer.contains("4096"), "{answer}");
    probe.goes_on(&peer, 1).await;
}
