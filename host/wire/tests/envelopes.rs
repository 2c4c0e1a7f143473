//! How envelopes that are not as they should be are refused, and odd ones that are right are taken.

// Fixtures are made here: a test may stop at the first thing that is not as it should be.
#![allow(clippy::unwrap_used, clippy::panic)]

use koi_rid::{Contents, Event, EventType, ManifestExtras, Rid};
use koi_wire::{
    Dialect, ErrorCode, ErrorResponse, FloatStyle, MAX_ENVELOPE_BYTES, Message, NodeKey, Payload,
    SignedForm, WireError, node_rid, seal,
};
use koi_wire::{Envelope, PayloadKind};
use proptest::prelude::*;

struct Node {
    key: NodeKey,
    rid: Rid,
}

fn node(name: &str) -> Node {
    let key = NodeKey::generate().unwrap();
    let rid = node_rid(name, key.public_key()).unwrap();
    Node { key, rid }
}

fn poll() -> Payload {
    Payload::PollEvents { limit: 3 }
}

/// An event whose manifest has an extra and whose contents have what versions print differently.
const EVENTS: &str = r#"{"events":[{"rid":"orn:test.note:1","event_type":"NEW","manifest":{"rid":"orn:test.note:1","timestamp":"2026-01-02T03:04:05.678900Z","sha256_hash":"00","@context":"orn:koi-net.context:manifest"},"contents":{"big":1e+16,"small":1e-7,"one":1.0,"z":null,"a":[1,"é"]}}]}"#;

fn events() -> Payload {
    let document = koi_rid::json::Document::parse(EVENTS).unwrap();
    let events = document.root().get("events").unwrap().elements();
    let events = events.map(|event| Event::from_value(event).unwrap());
    Payload::Events {
        events: events.collect(),
    }
}

fn open(body: &str, kind: PayloadKind, from: &Node, me: &Node) -> Result<Message, WireError> {
    Envelope::parse(body.as_bytes(), kind)?.open(from.key.public_key(), &me.rid)
}

fn code(result: Result<Message, WireError>) -> ErrorCode {
    match result.unwrap_err() {
        WireError::Refused { code, .. } => code,
        other => panic!("{other}"),
    }
}

#[test]
fn what_one_node_seals_the_other_opens() {
    let (alice, bob) = (node("alice"), node("bob"));
    for payload in [
        poll(),
        events(),
        Payload::FetchRids {
            rid_types: vec![alice.rid.rid_type()],
        },
        Payload::FetchManifests {
            rid_types: vec![],
            rids: vec![bob.rid.clone()],
        },
        Payload::Bundles {
            bundles: vec![],
            not_found: vec![alice.rid.clone()],
            deferred: vec![],
        },
    ] {
        let dialect = Dialect::default();
        let body = seal(&payload, &alice.rid, &bob.rid, &alice.key, dialect).unwrap();
        let message = open(&body, payload.kind(), &alice, &bob).unwrap();
        assert_eq!(message.payload, payload);
        assert_eq!(message.source, alice.rid);
    }
}

#[test]
fn a_tampered_envelope_is_refused() {
    let (alice, bob) = (node("alice"), node("bob"));
    let body = seal(
        &poll(),
        &alice.rid,
        &bob.rid,
        &alice.key,
        Dialect::default(),
    )
    .unwrap();
    let tampered = body.replace("\"limit\":3", "\"limit\":4");
    let result = open(&tampered, PayloadKind::PollEvents, &alice, &bob);
    assert_eq!(code(result), ErrorCode::InvalidSignature);
}

#[test]
fn the_checks_are_made_in_the_order_of_the_reference() {
    let (alice, bob, eve) = (node("alice"), node("bob"), node("eve"));
    let body = seal(&poll(), &alice.rid, &bob.rid, &eve.key, Dialect::default()).unwrap();
    let kind = PayloadKind::PollEvents;
    let foreign_key = Envelope::parse(body.as_bytes(), kind).unwrap();
    let foreign_key = foreign_key.open(eve.key.public_key(), &eve.rid);
    assert_eq!(code(foreign_key), ErrorCode::InvalidKey);
    assert_eq!(
        code(open(&body, kind, &alice, &eve)),
        ErrorCode::InvalidSignature
    );
    let body = seal(
        &poll(),
        &alice.rid,
        &bob.rid,
        &alice.key,
        Dialect::default(),
    )
    .unwrap();
    assert_eq!(
        code(open(&body, kind, &alice, &eve)),
        ErrorCode::InvalidTarget
    );
}

#[test]
fn a_response_of_another_node_than_was_asked_is_refused() {
    let (alice, bob, eve) = (node("alice"), node("bob"), node("eve"));
    let payload = Payload::Rids { rids: vec![] };
    let body = seal(&payload, &eve.rid, &alice.rid, &eve.key, Dialect::default()).unwrap();
    let envelope = Envelope::parse(body.as_bytes(), PayloadKind::Rids).unwrap();
    let error = envelope
        .open_response(eve.key.public_key(), &alice.rid, &bob.rid)
        .unwrap_err();
    assert!(matches!(error, WireError::WrongResponder { .. }));
}

#[test]
fn a_signature_that_is_none_is_a_wrong_signature_and_no_crash() {
    let (alice, bob) = (node("alice"), node("bob"));
    let body = seal(
        &poll(),
        &alice.rid,
        &bob.rid,
        &alice.key,
        Dialect::default(),
    )
    .unwrap();
    let (signed, _) = body.rsplit_once(",\"signature\":").unwrap();
    for signature in ["", "????", "AAAA", "MEUCIQDxyz", &"A".repeat(88)] {
        let body = format!("{signed},\"signature\":\"{signature}\"}}");
        let result = open(&body, PayloadKind::PollEvents, &alice, &bob);
        assert_eq!(code(result), ErrorCode::InvalidSignature, "{signature}");
    }
}

/// Signs a text as a peer of that dialect does, and sends another spelling of the same.
fn respelled(alice: &Node, bob: &Node, dialect: Dialect) -> String {
    let body = seal(&events(), &alice.rid, &bob.rid, &alice.key, dialect).unwrap();
    let (signed, signature) = body.rsplit_once(",\"signature\":").unwrap();
    let (payload, nodes) = signed.split_once(",\"source_node\":").unwrap();
    let payload = payload
        .strip_prefix("{\"payload\":{\"type\":\"events_payload\",")
        .unwrap()
        .replace(",\"event_type\"", ", \"unknown\": [1], \"event_type\"")
        .replace("\"small\":1e-7", "\"small\": 1e-07")
        .replace("\"a\":[1,\"é\"]", "\"a\":[1,\"\\u00e9\"]");
    format!(
        "{{ \"signature\":{},\"source_node\":{nodes},\"extra\":null,\"payload\":{{{payload}}}",
        signature.trim_end_matches('}')
    )
}

#[test]
fn bodies_respelled_after_signing_verify_in_every_dialect() {
    let (alice, bob) = (node("alice"), node("bob"));
    for floats in [FloatStyle::Plus, FloatStyle::Bare] {
        let extras = ManifestExtras::Keep;
        let dialect = Dialect { floats, extras };
        let body = respelled(&alice, &bob, dialect);
        let message = open(&body, PayloadKind::Events, &alice, &bob).unwrap();
        assert_eq!(message.signed, SignedForm::Canonical(dialect));
        assert!(message.payload.has_manifest_extras());
    }
}

#[test]
fn manifest_members_that_were_not_signed_are_dropped() {
    let (alice, bob) = (node("alice"), node("bob"));
    for floats in [FloatStyle::Plus, FloatStyle::Bare] {
        let extras = ManifestExtras::Strip;
        let dialect = Dialect { floats, extras };
        let sealed = seal(&events(), &alice.rid, &bob.rid, &alice.key, dialect).unwrap();
        let body = sealed.replace(
            "\"sha256_hash\":\"00\"",
            "\"sha256_hash\":\"00\",\"@context\":\"orn:koi-net.context:manifest\"",
        );
        assert_ne!(body, sealed);
        let message = open(&body, PayloadKind::Events, &alice, &bob).unwrap();
        assert_eq!(message.signed, SignedForm::Canonical(dialect));
        assert!(!message.payload.has_manifest_extras());
    }
}

#[test]
fn a_payload_without_its_type_and_defaults_verifies_over_the_full_form() {
    let (alice, bob) = (node("alice"), node("bob"));
    let payload = Payload::PollEvents { limit: 0 };
    let body = seal(
        &payload,
        &alice.rid,
        &bob.rid,
        &alice.key,
        Dialect::default(),
    )
    .unwrap();
    let body = body.replace("{\"type\":\"poll_events\",\"limit\":0}", "{}");
    let message = open(&body, PayloadKind::PollEvents, &alice, &bob).unwrap();
    assert_eq!(message.payload, payload);
}

#[test]
fn malformed_bodies_are_told_apart_from_untrusted_ones() {
    let (alice, bob) = (node("alice"), node("bob"));
    let body = seal(
        &events(),
        &alice.rid,
        &bob.rid,
        &alice.key,
        Dialect::default(),
    )
    .unwrap();
    let wrong = [
        body.replace("\"z\":null", "\"z\":null,\"z\":1"),
        body.replace("\"events_payload\"", "\"rids_payload\""),
        body.replace("\"source_node\"", "\"source\""),
        body.replacen(alice.rid.as_str(), "orn:test.note:1", 1),
        body.replace("\"small\"", "\"\\ud800\""),
        body.replace("1e+16", "1e999"),
        body[..body.len() - 1].to_owned(),
        "[".repeat(10_000),
        "null".to_owned(),
        String::new(),
    ];
    for body in wrong {
        let error = open(&body, PayloadKind::Events, &alice, &bob).unwrap_err();
        assert_eq!(error.status(), 422, "{error}");
        assert!(error.body().starts_with("{\"detail\":["));
    }
    let long = vec![b' '; MAX_ENVELOPE_BYTES + 1];
    assert!(Envelope::parse(&long, PayloadKind::Events).is_err());
    assert!(Envelope::parse(b"\xff", PayloadKind::Events).is_err());
}

#[test]
fn an_event_that_carries_the_manifest_of_another_rid_is_refused() {
    let (alice, bob) = (node("alice"), node("bob"));
    let body = seal(
        &events(),
        &alice.rid,
        &bob.rid,
        &alice.key,
        Dialect::default(),
    )
    .unwrap();
    let body = body.replacen("orn:test.note:1", "orn:test.note:2", 1);
    let error = Envelope::parse(body.as_bytes(), PayloadKind::Events)
        .unwrap()
        .payload()
        .unwrap_err();
    assert!(error.to_string().contains("orn:test.note:2"));
}

#[test]
fn a_newcomer_is_found_by_its_introduction_and_nobody_by_an_event_about_another() {
    let (alice, bob) = (node("alice"), node("bob"));
    let profile = koi_wire::NodeProfile {
        base_url: Some("http://127.0.0.1:1/koi-net".to_owned()),
        node_type: koi_wire::NodeType::Full,
        provides: Default::default(),
        public_key: Some(alice.key.public_key().as_str().to_owned()),
    };
    let contents = profile.to_contents().unwrap();
    let events = |rid: &Rid, contents: &Contents| Payload::Events {
        events: vec![
            Event::of_rid(EventType::Forget, rid.clone()),
            Event::of_bundle(
                EventType::New,
                koi_rid::Bundle::generate(rid.clone(), contents.clone()),
            ),
        ],
    };
    let introduction = |payload: Payload| {
        let dialect = Dialect::default();
        let body = seal(&payload, &alice.rid, &bob.rid, &alice.key, dialect).unwrap();
        let envelope = Envelope::parse(body.as_bytes(), PayloadKind::Events).unwrap();
        envelope.introduction()
    };
    assert_eq!(introduction(events(&alice.rid, &contents)), Some(profile));
    assert_eq!(introduction(events(&bob.rid, &contents)), None);
    let no_profile = Contents::parse("{\"node_type\":\"full\"}").unwrap();
    assert_eq!(introduction(events(&alice.rid, &no_profile)), None);
}

#[test]
fn error_bodies_are_read_with_and_without_a_message_and_unknown_codes() {
    let error = WireError::unknown_node(&node("alice").rid);
    assert_eq!(error.status(), 400);
    let read = ErrorResponse::parse(error.body().as_bytes()).unwrap();
    assert_eq!(read.code(), Some(ErrorCode::UnknownNode));
    assert!(read.message.is_some());
    let bare = br#"{"type":"error_response","error":"something_new"}"#;
    let read = ErrorResponse::parse(bare).unwrap();
    assert_eq!((read.code(), read.message), (None, None));
    for body in ["Internal Server Error", "{\"detail\":[]}", "null"] {
        assert_eq!(ErrorResponse::parse(body.as_bytes()), None);
    }
}

const KINDS: [PayloadKind; 8] = [
    PayloadKind::PollEvents,
    PayloadKind::FetchRids,
    PayloadKind::FetchManifests,
    PayloadKind::FetchBundles,
    PayloadKind::Rids,
    PayloadKind::Manifests,
    PayloadKind::Bundles,
    PayloadKind::Events,
];

/// All that a body from outside goes through. Also the body of a fuzz target.
fn read_anything(body: &[u8], key: &NodeKey) {
    for kind in KINDS {
        if let Ok(envelope) = Envelope::parse(body, kind) {
            let _ = envelope.introduction();
            let _ = envelope.payload();
            let _ = envelope.verify(key.public_key());
        }
    }
    let _ = ErrorResponse::parse(body);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_anything(&bytes, &NodeKey::generate().unwrap());
    }

    #[test]
    fn no_damaged_envelope_panics_or_verifies(
        at in any::<prop::sample::Index>(),
        cut in 0_usize..8,
        insert in "[{}\\[\\]\",:0-9a-z\\\\]{0,4}",
    ) {
        let (alice, bob) = (node("alice"), node("bob"));
        let body = seal(&events(), &alice.rid, &bob.rid, &alice.key, Dialect::default()).unwrap();
        let chars: Vec<char> = body.chars().collect();
        let at = at.index(chars.len());
        let end = (at + cut).min(chars.len());
        let damaged: String = chars[..at]
            .iter()
            .copied()
            .chain(insert.chars())
            .chain(chars[end..].iter().copied())
            .collect();
        read_anything(damaged.as_bytes(), &alice.key);
        if let Ok(message) = open(&damaged, PayloadKind::Events, &alice, &bob) {
            let dialect = Dialect::default();
            let again = seal(&message.payload, &alice.rid, &bob.rid, &alice.key, dialect).unwrap();
            let signed = |text: &str| text.rsplit_once(",\"signature\"").unwrap().0.to_owned();
            prop_assert_eq!(signed(&again), signed(&body));
        }
    }
}
