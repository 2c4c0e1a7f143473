//! Envelopes: reading one never panics, a foreign signature is never believed, and what we send
//! arrives as it was.

use std::sync::OnceLock;

use koi_rid::Rid;
use koi_wire::{
    Dialect, Envelope, FloatStyle, ManifestExtras, NodeKey, Payload, PayloadKind, node_rid, seal,
};

use super::assert_is_a_sentence;

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

pub(super) fn check(input: &[u8]) {
    for kind in KINDS {
        let envelope = match Envelope::parse(input, kind) {
            Ok(envelope) => envelope,
            Err(error) => {
                assert_is_a_sentence(&error.to_string(), 8192);
                continue;
            }
        };
        let (key, me) = node();
        envelope.introduction();
        assert!(envelope.verify(key.public_key()).is_err(), "a forgery");
        match envelope.payload() {
            Ok(payload) => {
                // Once printed by us it has our form, which must not change any more.
                let printed = sent_and_received(&payload, key, me);
                assert_eq!(sent_and_received(&printed, key, me), printed);
            }
            Err(error) => assert_is_a_sentence(&error.to_string(), 8192),
        }
    }
}

/// A node that has never signed what a fuzzer thinks of.
fn node() -> (&'static NodeKey, &'static Rid) {
    static NODE: OnceLock<(NodeKey, Rid)> = OnceLock::new();
    let (key, rid) = NODE.get_or_init(|| {
        let key = NodeKey::generate().unwrap();
        let rid = node_rid("fuzzed", key.public_key()).unwrap();
        (key, rid)
    });
    (key, rid)
}

fn sent_and_received(payload: &Payload, key: &NodeKey, me: &Rid) -> Payload {
    let dialect = Dialect {
        floats: FloatStyle::Plus,
        extras: ManifestExtras::Keep,
    };
    let text = seal(payload, me, me, key, dialect).unwrap();
    let envelope = Envelope::parse(text.as_bytes(), payload.kind()).unwrap();
    envelope.open(key.public_key(), me).unwrap().payload
}
