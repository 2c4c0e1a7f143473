//! References of registries are printed as they were read, and what lies beside a component is its signature
//! by nobody who did not sign it.
//!
//! The input is what may lie there: a reference, a signature, a bundle or a key.

use std::sync::OnceLock;

use koi_distribution::{Attached, Reference, SignaturePolicy, SigningKey};

use super::assert_is_a_sentence;

/// Longest sentence: an error may repeat a digest or a label of the input, cut off.
const SENTENCE: usize = 1024;

pub(super) fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    match text.parse::<Reference>() {
        Ok(reference) => assert_eq!(reference.to_string().parse(), Ok(reference)),
        Err(error) => assert_is_a_sentence(&error.to_string(), SENTENCE),
    }
    static POLICY: OnceLock<SignaturePolicy> = OnceLock::new();
    let policy = POLICY.get_or_init(|| SignaturePolicy {
        keys: vec![SigningKey::generate().unwrap().public().clone()],
        ..SignaturePolicy::default()
    });
    let some = Some(text.to_owned());
    for attached in [
        Attached {
            signature: some.clone(),
            ..Attached::default()
        },
        Attached {
            bundle: some.clone(),
            ..Attached::default()
        },
        Attached {
            public_key: some.clone(),
            ..Attached::default()
        },
    ] {
        match policy.read(&attached, input) {
            Ok(signed) => match policy.judge(input, &signed, None) {
                Ok(verdict) => assert_eq!(verdict.publisher, None),
                Err(error) => assert_is_a_sentence(&error.to_string(), SENTENCE),
            },
            Err(error) => assert_is_a_sentence(&error.to_string(), SENTENCE),
        }
    }
}
