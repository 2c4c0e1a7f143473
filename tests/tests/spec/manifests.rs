//! Table 2.1: the members of a manifest, and the form of its timestamp.

use koi_rid::Contents;
use serde_json::{Value, json};

use crate::probe::{NOON, Peer, Probe, event, events_payload, note};

const CONTENTS: &str = r#"{"a":1}"#;

fn hash() -> String {
    Contents::parse(CONTENTS).unwrap().hash()
}

/// The manifest that a node has of a RID.
async fn kept(probe: &Probe, peer: &Peer, rid: &str) -> Value {
    probe.knows(rid).await;
    let question = format!(r#"{{"type":"fetch_manifests","rid_types":[],"rids":["{rid}"]}}"#);
    let answer = probe.ask(peer, "/manifests/fetch", &question).await;
    answer["manifests"][0].clone()
}

#[tokio::test]
async fn the_three_members_are_required() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let rid = "orn:test.note:1";
    let whole = json!({"rid": rid, "timestamp": NOON, "sha256_hash": hash()});
    for member in ["rid", "timestamp", "sha256_hash"] {
        for other in [None, Some(Value::Null), Some(json!({}))] {
            let mut manifest = whole.clone();
            match other {
                None => drop(manifest.as_object_mut().unwrap().remove(member)),
                Some(other) => manifest[member] = other,
            }
            let manifest = manifest.to_string();
            let event = event(rid, "NEW", Some(&manifest), Some(CONTENTS));
            let body = peer.seal(&events_payload(&[event]), probe.rid());
            let (status, body) = probe.post("/events/broadcast", body).await;
            assert_eq!(status, 422, "{manifest}: {body}");
            assert!(body.contains(member), "{body}");
        }
    }
}

#[tokio::test]
async fn the_hash_is_any_string_on_the_wire_and_the_right_one_in_the_store() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let rid = "orn:test.note:wrong";
    let manifest = format!(r#"{{"rid":"{rid}","timestamp":"{NOON}","sha256_hash":"no hash"}}"#);
    probe
        .tell(&peer, &[event(rid, "NEW", Some(&manifest), Some(CONTENTS))])
        .await;
    assert!(probe.gives_up(rid).await.contains("hash"));
    assert!(probe.node.read(rid).is_none());
}

#[tokio::test]
async fn other_members_are_kept_in_their_order_and_null_ones_dropped() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let rid = "orn:test.note:extra";
    let three = format!(
        r#""rid":"{rid}","timestamp":"{NOON}","sha256_hash":"{}""#,
        hash()
    );
    let extras = r#""z":{"n":null,"f":1.0},"@context":"orn:koi-net.context:manifest","a":[1]"#;
    let signed = event(
        rid,
        "NEW",
        Some(&format!("{{{three},{extras}}}")),
        Some(CONTENTS),
    );
    let sent = format!(r#"{{"gone":null,{extras},{three}}}"#);
    let sent = event(rid, "NEW", Some(&sent), Some(CONTENTS));
    let body = peer.seal_as(
        &events_payload(&[signed]),
        &events_payload(&[sent]),
        probe.rid(),
    );
    let taken = probe.post("/events/broadcast", body).await;
    assert_eq!(taken, (200, "null".to_owned()));
    probe.knows(rid).await;
    let question = format!(r#"{{"type":"fetch_manifests","rid_types":[],"rids":["{rid}"]}}"#);
    let body = peer.seal(&question, probe.rid());
    let (_, body) = probe.post("/manifests/fetch", body).await;
    // The peer signs such members, so it is sent them.
    assert!(body.contains(&format!("{{{three},{extras}}}")), "{body}");
}

/// As sent, and as kept; a number where it is one.
const TIMESTAMPS: [(&str, &str); 13] = [
    (r#""2026-01-01T00:00:00Z""#, "2026-01-01T00:00:00Z"),
    (
        r#""2026-01-01T00:00:00.500000Z""#,
        "2026-01-01T00:00:00.500000Z",
    ),
    (r#""2026-01-01T00:00:00.5Z""#, "2026-01-01T00:00:00.500000Z"),
    (
        r#""2026-01-01T00:00:00.123456789Z""#,
        "2026-01-01T00:00:00.123456Z",
    ),
    (
        r#""2026-01-01T00:00:00.9999999Z""#,
        "2026-01-01T00:00:00.999999Z",
    ),
    (r#""2026-01-01T00:00:00.000000Z""#, "2026-01-01T00:00:00Z"),
    (r#""2026-01-01T00:00:00+00:00""#, "2026-01-01T00:00:00Z"),
    (r#""2026-01-01 00:00:00Z""#, "2026-01-01T00:00:00Z"),
    (r#""2026-01-01T00:00Z""#, "2026-01-01T00:00:00Z"),
    ("1767225600", "2026-01-01T00:00:00Z"),
    ("1767225600.5", "2026-01-01T00:00:00.500000Z"),
    ("1767225600123", "2026-01-01T00:00:00.123000Z"),
    (
        r#""2026-01-01T05:30:00+05:30""#,
        "2026-01-01T05:30:00+05:30",
    ),
];

#[tokio::test]
async fn a_timestamp_is_kept_in_the_form_that_is_signed() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    for (number, (sent, canonical)) in TIMESTAMPS.into_iter().enumerate() {
        let rid = format!("orn:test.note:{number}");
        let signed = note(&rid, canonical, CONTENTS);
        let sent = signed.replace(&format!("{canonical:?}"), sent);
        let body = peer.seal_as(
            &events_payload(&[signed]),
            &events_payload(std::slice::from_ref(&sent)),
            probe.rid(),
        );
        let taken = probe.post("/events/broadcast", body).await;
        assert_eq!(taken, (200, "null".to_owned()), "{sent}");
        assert_eq!(
            kept(&probe, &peer, &rid).await["timestamp"],
            canonical,
            "{sent}"
        );
    }
}

#[tokio::test]
async fn a_time_without_an_offset_is_refused_before_it_reaches_anybody() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let naive = note("orn:test.note:naive", "2026-01-01T00:00:00", CONTENTS);
    let body = peer.seal(&events_payload(&[naive]), probe.rid());
    let (status, body) = probe.post("/events/broadcast", body).await;
    assert_eq!(status, 422, "{body}");
    assert!(body.contains("2026-01-01T00:00:00"), "{body}");
}
