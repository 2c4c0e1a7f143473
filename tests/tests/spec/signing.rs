//! Section 4.4: what is signed, what a verifier takes, and in which order it checks.
//!
//! Timestamps and RIDs, which are values too, have tables of their own (2.1, 1.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use koi_rid::Contents;

use crate::probe::{NOON, Peer, Probe, event, events_payload, fetch_bundles};

/// A row of the table of values: as it stands on the wire, and as it is signed.
const VALUES: [(&str, &str, &str); 15] = [
    (
        "strings",
        r#""\u00e9\/\u0008\u000A\u001F""#,
        r#""é/\b\n\u001f""#,
    ),
    (
        "strings: raw",
        r#""\u007f\u2028\ud83d\ude00""#,
        "\"\u{7f}\u{2028}😀\"",
    ),
    ("null inside contents", "null", "null"),
    (
        "integers: any size",
        "123456789012345678901234567890",
        "123456789012345678901234567890",
    ),
    ("integers: no minus zero", "-0", "0"),
    ("floats: always a point", "1e0", "1.0"),
    ("floats: decimal up to 1e16", "1E15", "1000000000000000.0"),
    ("floats: decimal from 1e-5", "1e-5", "0.00001"),
    ("floats: exponent below", "1E-06", "1e-6"),
    ("floats: exponent with digits", "15e-8", "1.5e-7"),
    ("floats: exponent above", "10000000000000000.0", "1e+16"),
    (
        "floats: the greatest",
        "1.7976931348623157E308",
        "1.7976931348623157e+308",
    ),
    ("floats: shortest digits", "0.1000000000000000055", "0.1"),
    ("floats: minus zero", "-0e0", "-0.0"),
    (
        "order of members",
        r#"{"b": 1, "a": 2}"#,
        r#"{"b":1,"a":2}"#,
    ),
];

/// A broadcast in which one text of contents is signed and another stands.
fn broadcast(peer: &Peer, to: &str, rid: &str, sent: &str, signed: &str) -> String {
    // The hash is of the value, in any spelling.
    let hash = Contents::parse(signed).unwrap().hash();
    let manifest = format!(r#"{{"rid":"{rid}","timestamp":"{NOON}","sha256_hash":"{hash}"}}"#);
    let of = |contents| events_payload(&[event(rid, "NEW", Some(&manifest), Some(contents))]);
    peer.seal_as(&of(signed), &of(sent), to)
}

#[tokio::test]
async fn each_kind_of_value_is_signed_in_its_one_form() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    for (number, (row, sent, signed)) in VALUES.into_iter().enumerate() {
        let rid = format!("orn:test.value:{number}");
        let [sent, signed] = [sent, signed].map(|value| format!(r#"{{"value":{value}}}"#));
        let body = broadcast(&peer, probe.rid(), &rid, &sent, &signed);
        let taken = probe.post("/events/broadcast", body).await;
        assert_eq!(taken, (200, "null".to_owned()), "{row}");
        probe.knows(&rid).await;
        let body = peer.seal(&fetch_bundles(&rid), probe.rid());
        let (_, body) = probe.post("/bundles/fetch", body).await;
        probe.believe(&peer, "/bundles/fetch", &body);
        assert!(
            body.contains(&format!(r#""contents":{signed}"#)),
            "{row}: {body}"
        );
    }
}

#[tokio::test]
async fn a_peer_that_prints_exponents_without_a_plus_is_understood_and_answered_like_that() {
    let probe = Probe::start();
    let old = probe.meets("old").await;
    let (rid, sent, signed) = ("orn:test.value:old", r#"{"v":1e+16}"#, r#"{"v":1e16}"#);
    let body = broadcast(&old, probe.rid(), rid, sent, signed);
    assert_eq!(probe.post("/events/broadcast", body).await.0, 200);
    probe.knows(rid).await;
    let body = old.seal(&fetch_bundles(rid), probe.rid());
    let (_, body) = probe.post("/bundles/fetch", body).await;
    assert!(body.contains(&format!(r#""contents":{signed}"#)), "{body}");
}

#[tokio::test]
async fn an_absent_optional_may_stand_there_as_null_and_is_not_signed() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let signed = events_payload(&[event("orn:test.note:1", "FORGET", None, None)]);
    let sent = event("orn:test.note:1", "FORGET", Some("null"), Some("null"));
    let sent = events_payload(&[sent]);
    let body = peer.seal_as(&signed, &sent, probe.rid());
    assert_eq!(probe.post("/events/broadcast", body).await.0, 200);
    // Signed as it must not be, and sent as it should be.
    let body = peer.seal_as(&sent, &signed, probe.rid());
    assert!(
        refused(&probe, "/events/broadcast", body)
            .await
            .contains("invalid_signature")
    );
}

#[tokio::test]
async fn what_readers_could_take_differently_is_refused() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    for contents in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"a":{"b":1,"b":1}}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":NaN}"#,
        r#"{"a":Infinity}"#,
        r#"{"a":-Infinity}"#,
        r#"{"a":01}"#,
        r#"{"a":+1}"#,
    ] {
        let manifest = format!(r#"{{"rid":"orn:t.t:1","timestamp":"{NOON}","sha256_hash":""}}"#);
        let event = event("orn:t.t:1", "NEW", Some(&manifest), Some(contents));
        let body = peer.seal(&events_payload(&[event]), probe.rid());
        let (status, body) = probe.post("/events/broadcast", body).await;
        assert_eq!(status, 422, "{contents}: {body}");
    }
    let twice = peer.seal(r#"{"type":"poll_events","limit":0,"limit":1}"#, probe.rid());
    assert_eq!(probe.post("/events/poll", twice).await.0, 422);
}

const QUESTION: &str = r#"{"type":"fetch_manifests","rid_types":["orn:t.t"],"rids":[]}"#;

/// Spellings of that question that a real verifier tolerates as long as the canonical one is signed, and
/// does not if they are signed themselves.
const SPELLINGS: [(&str, &str); 7] = [
    (
        "spaces",
        r#"{ "type" : "fetch_manifests", "rid_types": ["orn:t.t"],"rids": [ ]}"#,
    ),
    (
        "order",
        r#"{"rids":[],"rid_types":["orn:t.t"],"type":"fetch_manifests"}"#,
    ),
    (
        "unknown members",
        r#"{"type":"fetch_manifests","more":1,"rid_types":["orn:t.t"],"rids":[]}"#,
    ),
    (
        "no defaults",
        r#"{"type":"fetch_manifests","rid_types":["orn:t.t"]}"#,
    ),
    ("no type", r#"{"rid_types":["orn:t.t"],"rids":[]}"#),
    (
        "escapes",
        r#"{"type":"fetch_manifests","rid_types":["orn:t.\u0074"],"rids":[]}"#,
    ),
    (
        "escaped names",
        r#"{"t\u0079pe":"fetch_manifests","rid_types":["orn:t.t"],"rids":[]}"#,
    ),
];

#[tokio::test]
async fn what_is_signed_counts_and_not_how_it_is_spelled_on_the_wire() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    for (row, spelled) in SPELLINGS {
        let body = peer.seal_as(QUESTION, spelled, probe.rid());
        let (status, answer) = probe.post("/manifests/fetch", body).await;
        assert_eq!(status, 200, "{row}: {answer}");
        let body = peer.seal_as(spelled, QUESTION, probe.rid());
        let answer = refused(&probe, "/manifests/fetch", body).await;
        assert!(answer.contains("invalid_signature"), "{row}: {answer}");
    }
    // The members of the envelope, too.
    let sealed: serde_json::Value =
        serde_json::from_str(&peer.seal(QUESTION, probe.rid())).unwrap();
    let of = |name: &str| sealed[name].to_string();
    let body = format!(
        " {{\"more\": {{}}, \"signature\": {},\n \"target_node\": {}, \"source_node\": {}, \"payload\": {QUESTION}}}",
        of("signature"),
        of("target_node"),
        of("source_node"),
    );
    assert_eq!(probe.post("/manifests/fetch", body).await.0, 200);
}

async fn refused(probe: &Probe, path: &str, body: String) -> String {
    let (status, answer) = probe.post(path, body).await;
    assert_eq!(status, 400, "{answer}");
    answer
}

/// The order of P-256's group (SEC 2, version 2.0, 2.4.2), in two halves.
const ORDER: [u128; 2] = [
    0xffff_ffff_0000_0000_ffff_ffff_ffff_ffff,
    0xbce6_faad_a717_9e84_f3b9_cac2_fc63_2551,
];

/// The other `s` that verifies as well: the order less this one.
fn turned(signature: &[u8]) -> Vec<u8> {
    let half = |from: usize| u128::from_be_bytes(signature[from..from + 16].try_into().unwrap());
    let (low, borrows) = ORDER[1].overflowing_sub(half(48));
    let high = ORDER[0] - half(32) - u128::from(borrows);
    [&signature[..32], &high.to_be_bytes(), &low.to_be_bytes()].concat()
}

/// A positive integer in DER.
fn der_integer(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(31);
    let mut value = bytes[first..].to_vec();
    if value[0] >= 0x80 {
        value.insert(0, 0);
    }
    [&[2, u8::try_from(value.len()).unwrap()], &value[..]].concat()
}

#[tokio::test]
async fn a_signature_is_64_bytes_in_padded_base64_with_either_s() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let poll = r#"{"type":"poll_events","limit":0}"#;
    let text = peer
        .key
        .sign(peer.signed(poll, probe.rid()).as_bytes())
        .unwrap();
    let bytes = STANDARD.decode(&text).unwrap();
    assert_eq!((bytes.len(), text.len()), (64, 88));
    for signature in [text.clone(), STANDARD.encode(turned(&bytes))] {
        let body = peer.with_signature(poll, probe.rid(), &signature);
        assert_eq!(probe.post("/events/poll", body).await.0, 200);
    }
    let integers = [der_integer(&bytes[..32]), der_integer(&bytes[32..])].concat();
    let der = [
        &[0x30, u8::try_from(integers.len()).unwrap()],
        &integers[..],
    ]
    .concat();
    // Where the reference answers 500, this node says what is wrong.
    for (row, signature) in [
        ("DER", STANDARD.encode(der)),
        ("no padding", text.trim_end_matches('=').to_owned()),
        ("no base64", "?".repeat(88)),
        ("empty", String::new()),
        ("too short", STANDARD.encode(&bytes[..63])),
        ("URL alphabet", format!("-_{}", &text[2..])),
        ("zeros", STANDARD.encode([0; 64])),
    ] {
        let body = peer.with_signature(poll, probe.rid(), &signature);
        let answer = refused(&probe, "/events/poll", body).await;
        assert!(answer.contains("invalid_signature"), "{row}: {answer}");
    }
}

#[tokio::test]
async fn the_checks_are_made_in_the_order_of_the_reference() {
    let probe = Probe::start();
    let (known, other) = (probe.meets("known").await, Peer::new("other"));
    let poll = r#"{"type":"poll_events","limit":0}"#;
    let elsewhere = other.rid.as_str();
    let forged = |peer: &Peer, payload: &str| {
        let signature = other.key.sign(b"something else").unwrap();
        peer.with_signature(payload, elsewhere, &signature)
    };
    // Each has what the later rows are refused for, too.
    let stranger = Peer::new("stranger");
    let answer = refused(&probe, "/events/poll", forged(&stranger, poll)).await;
    assert!(answer.contains("unknown_node"), "{answer}");
    // Only an introduction among events makes a sender known, wherever it stands.
    let about_another = events_payload(&[other.introduction(None)]);
    let answer = refused(
        &probe,
        "/events/broadcast",
        forged(&stranger, &about_another),
    )
    .await;
    assert!(answer.contains("unknown_node"), "{answer}");
    let profile = other.profile(None);
    let foreign_key = crate::probe::note(stranger.rid.as_str(), NOON, &profile);
    let introduction = events_payload(&[foreign_key]);
    let answer = refused(
        &probe,
        "/events/broadcast",
        forged(&stranger, &introduction),
    )
    .await;
    assert!(answer.contains("invalid_key"), "{answer}");
    let answer = refused(&probe, "/events/poll", forged(&known, poll)).await;
    assert!(answer.contains("invalid_signature"), "{answer}");
    let answer = refused(&probe, "/events/poll", known.seal(poll, elsewhere)).await;
    assert!(answer.contains("invalid_target"), "{answer}");
}
