//! Every key, identity and signed message that was taken from the Python reference.

// Reading golden files: a test may stop at the first thing that is not as it should be.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashMap;

use koi_rid::{Bundle, Rid};
use koi_wire::{
    Dialect, EdgeProfile, Endpoint, Envelope, NodeKey, NodeProfile, PayloadKind, PublicKey,
    SignedForm, edge_rid, node_rid, seal,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    identities: HashMap<String, Identity>,
    bundles: Vec<BundleVector>,
    edge_rid: EdgeVector,
    envelopes: Vec<EnvelopeVector>,
}

#[derive(Deserialize)]
struct Identity {
    priv_key_pem_as_koi_net_writes_it: String,
    password: String,
    public_key_der_base64: String,
    sha256_of_that_base64_text: String,
    node_rid: String,
}

#[derive(Deserialize)]
struct BundleVector {
    what: String,
    json: String,
}

#[derive(Deserialize)]
struct EdgeVector {
    source: String,
    target: String,
    rid: String,
}

#[derive(Deserialize)]
struct EnvelopeVector {
    r#type: String,
    signer: String,
    signed_text: String,
    wire: String,
}

#[derive(Deserialize)]
struct Transcript {
    public_keys: HashMap<String, String>,
    exchanges: Vec<Exchange>,
}

#[derive(Deserialize)]
struct Exchange {
    path: String,
    status: u16,
    request_body: String,
    response_body: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../rid/tests/golden/vectors.json")).unwrap()
}

fn transcript() -> Transcript {
    serde_json::from_str(include_str!("golden/transcript.json")).unwrap()
}

fn key(identity: &Identity) -> NodeKey {
    NodeKey::from_encrypted_pem(
        &identity.priv_key_pem_as_koi_net_writes_it,
        &identity.password,
    )
    .unwrap()
}

/// The signed text of a body whose signature is its last member.
fn without_signature(body: &str) -> String {
    let (signed, _) = body.rsplit_once(",\"signature\":").unwrap();
    format!("{signed}}}")
}

/// Verifies a message and prints it again, which has to give the text that was signed.
fn check(body: &str, kind: PayloadKind, key: &PublicKey, any_key: &NodeKey) {
    let envelope = Envelope::parse(body.as_bytes(), kind).unwrap();
    let target = envelope.target().clone();
    let message = envelope.open(key, &target).unwrap();
    assert_eq!(message.signed, SignedForm::Raw);
    assert_eq!(message.payload.kind(), kind);
    let sealed = seal(
        &message.payload,
        &message.source,
        &message.target,
        any_key,
        Dialect::default(),
    )
    .unwrap();
    assert_eq!(without_signature(&sealed), without_signature(body));
}

#[test]
fn identities_of_the_reference_are_derived_and_its_key_files_read() {
    let vectors = vectors();
    assert_eq!(vectors.identities.len(), 2);
    for (name, identity) in &vectors.identities {
        let key = key(identity);
        let public = key.public_key();
        assert_eq!(public.as_str(), identity.public_key_der_base64);
        assert_eq!(public.hash(), identity.sha256_of_that_base64_text);
        assert_eq!(node_rid(name, public).unwrap().as_str(), identity.node_rid);
    }
}

#[test]
fn the_edge_rid_of_the_reference_is_derived() {
    let vector = vectors().edge_rid;
    let source = Rid::parse(&vector.source).unwrap();
    let target = Rid::parse(&vector.target).unwrap();
    let rid = edge_rid(&source, &target);
    assert_eq!(rid.as_str(), vector.rid);
    assert_eq!(rid.type_str(), "orn:koi-net.edge");
    assert_eq!(Rid::parse(&vector.rid).unwrap(), rid);
}

#[test]
fn profiles_of_the_reference_are_read_and_written_without_loss() {
    let mut profiles = 0;
    for vector in vectors().bundles {
        let contents = Bundle::parse(&vector.json).unwrap().contents;
        let written = match vector.what.as_str() {
            "full node profile" | "partial node profile" => {
                NodeProfile::parse(&contents).unwrap().to_contents()
            }
            "edge" => EdgeProfile::parse(&contents).unwrap().to_contents(),
            _ => continue,
        };
        assert_eq!(written.unwrap(), contents);
        profiles += 1;
    }
    assert_eq!(profiles, 3);
}

#[test]
fn every_envelope_vector_verifies_and_is_printed_again_as_it_was_signed() {
    let vectors = vectors();
    assert_eq!(vectors.envelopes.len(), 15);
    for vector in &vectors.envelopes {
        let kind = Endpoint::ALL
            .into_iter()
            .flat_map(|endpoint| [Some(endpoint.request()), endpoint.response()])
            .flatten()
            .find(|kind| kind.as_str() == vector.r#type)
            .unwrap();
        let key = key(&vectors.identities[&vector.signer]);
        assert_eq!(without_signature(&vector.wire), vector.signed_text);
        check(&vector.wire, kind, key.public_key(), &key);
    }
}

#[test]
fn every_signed_message_of_the_transcript_verifies_and_is_printed_again_as_it_was_signed() {
    let transcript = transcript();
    let any_key = NodeKey::generate().unwrap();
    let keys: HashMap<Rid, PublicKey> = transcript
        .public_keys
        .iter()
        .map(|(rid, key)| (Rid::parse(rid).unwrap(), PublicKey::parse(key).unwrap()))
        .collect();
    let mut checked = 0;
    for exchange in &transcript.exchanges {
        let path = exchange.path.strip_prefix("/koi-net").unwrap();
        let endpoint = Endpoint::ALL
            .into_iter()
            .find(|e| e.path() == path)
            .unwrap();
        let response = endpoint.response().filter(|_| exchange.status == 200);
        let bodies = [
            (&exchange.request_body, Some(endpoint.request())),
            (&exchange.response_body, response),
        ];
        for (body, kind) in bodies {
            let Some(kind) = kind else {
                assert!(!body.contains("\"signature\""));
                continue;
            };
            let envelope = Envelope::parse(body.as_bytes(), kind).unwrap();
            check(body, kind, &keys[envelope.source()], &any_key);
            checked += 1;
        }
    }
    assert_eq!(checked, 202);
}
