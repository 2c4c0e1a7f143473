//! What is taken and what is refused.

use std::collections::BTreeSet;

use super::{COMPONENT, signature_by, signed_by};
use crate::{Digest, PolicyMode, Refusal, SignaturePolicy, Signed, SigningKey};

fn policy(mode: PolicyMode, keys: &[&SigningKey]) -> SignaturePolicy {
    SignaturePolicy {
        mode,
        keys: keys.iter().map(|key| key.public().clone()).collect(),
        revoked: BTreeSet::new(),
    }
}

fn fingerprint(key: &SigningKey) -> String {
    key.public().fingerprint().to_owned()
}

#[test]
fn under_require_only_what_a_trusted_key_signed_is_taken() {
    let (trusted, other) = (
        SigningKey::generate().unwrap(),
        SigningKey::generate().unwrap(),
    );
    let policy = policy(PolicyMode::Require, &[&trusted]);
    let taken = policy.judge(COMPONENT, &signed_by(&trusted), None).unwrap();
    assert_eq!(taken.publisher, Some(fingerprint(&trusted)));
    assert_eq!(taken.warning, None);
    assert_eq!(
        policy.judge(COMPONENT, &Signed::default(), None),
        Err(Refusal::Unsigned)
    );
    let wrong = policy
        .judge(COMPONENT, &signed_by(&other), None)
        .unwrap_err();
    let words = wrong.to_string();
    assert!(
        words.contains(&fingerprint(&trusted)) && words.contains(&fingerprint(&other)),
        "{words}"
    );
    let without_its_key = Signed {
        keys: Vec::new(),
        ..signed_by(&other)
    };
    let wrong = policy.judge(COMPONENT, &without_its_key, None).unwrap_err();
    assert!(matches!(wrong, Refusal::FitsNoKey { .. }), "{wrong}");
    let allowed = Signed {
        allow_publisher: Some("none".to_owned()),
        ..Signed::default()
    };
    assert_eq!(
        policy.judge(COMPONENT, &allowed, None),
        Err(Refusal::Unsigned)
    );
}

#[test]
fn a_changed_byte_is_refused_also_where_signatures_only_warn() {
    let key = SigningKey::generate().unwrap();
    for mode in [PolicyMode::Warn, PolicyMode::Require] {
        for trusted in [vec![], vec![&key]] {
            let refused = policy(mode, &trusted).judge(b"changed", &signed_by(&key), None);
            assert_eq!(refused, Err(Refusal::Broken(fingerprint(&key))), "{mode:?}");
        }
    }
    let off = policy(PolicyMode::Off, &[]).judge(b"changed", &signed_by(&key), None);
    assert_eq!(off.unwrap().publisher, None);
}

#[test]
fn what_is_unsigned_is_taken_with_a_warning_until_a_publisher_is_known() {
    let key = SigningKey::generate().unwrap();
    let policy = policy(PolicyMode::Warn, &[]);
    let unsigned = policy.judge(COMPONENT, &Signed::default(), None).unwrap();
    assert_eq!(
        (unsigned.publisher, unsigned.warning.is_some()),
        (None, true)
    );
    let signed = policy.judge(COMPONENT, &signed_by(&key), None).unwrap();
    assert_eq!(
        (signed.publisher, signed.warning),
        (Some(fingerprint(&key)), None)
    );

    let before = fingerprint(&key);
    let refused = policy
        .judge(COMPONENT, &Signed::default(), Some(&before))
        .unwrap_err();
    let words = refused.to_string();
    assert!(
        words.contains(&before) && words.contains("--allow-publisher none"),
        "{words}"
    );
    let allowed = Signed {
        allow_publisher: Some("none".to_owned()),
        ..Signed::default()
    };
    let taken = policy.judge(COMPONENT, &allowed, Some(&before)).unwrap();
    assert_eq!(taken.publisher, None);
}

#[test]
fn a_publisher_stays_the_same_unless_the_operator_names_another() {
    let (first, second) = (
        SigningKey::generate().unwrap(),
        SigningKey::generate().unwrap(),
    );
    let policy = policy(PolicyMode::Warn, &[&first, &second]);
    let before = fingerprint(&first);
    policy
        .judge(COMPONENT, &signed_by(&first), Some(&before))
        .unwrap();
    let refused = policy
        .judge(COMPONENT, &signed_by(&second), Some(&before))
        .unwrap_err();
    assert_eq!(
        refused,
        Refusal::OtherPublisher {
            before: before.clone(),
            now: fingerprint(&second),
            allow: fingerprint(&second),
        }
    );
    let mut allowed = signed_by(&second);
    allowed.allow_publisher = Some("none".to_owned());
    policy
        .judge(COMPONENT, &allowed, Some(&before))
        .unwrap_err();
    allowed.allow_publisher = Some(fingerprint(&second));
    let taken = policy.judge(COMPONENT, &allowed, Some(&before)).unwrap();
    assert_eq!(taken.publisher, Some(fingerprint(&second)));
}

#[test]
fn of_two_signatures_the_publisher_of_before_counts() {
    let (first, second) = (
        SigningKey::generate().unwrap(),
        SigningKey::generate().unwrap(),
    );
    let both = Signed {
        signatures: vec![
            signature_by(&first, COMPONENT),
            signature_by(&second, COMPONENT),
        ],
        keys: vec![first.public().clone(), second.public().clone()],
        allow_publisher: None,
    };
    let policy = policy(PolicyMode::Warn, &[]);
    for key in [&first, &second] {
        let before = fingerprint(key);
        let taken = policy.judge(COMPONENT, &both, Some(&before)).unwrap();
        assert_eq!(taken.publisher, Some(before));
    }
}

#[test]
fn of_two_signatures_one_that_is_trusted_is_enough() {
    let (other, trusted) = (
        SigningKey::generate().unwrap(),
        SigningKey::generate().unwrap(),
    );
    let mut keys = [&other, &trusted];
    for mode in [PolicyMode::Warn, PolicyMode::Require] {
        keys.reverse();
        let both = Signed {
            signatures: keys.map(|key| signature_by(key, COMPONENT)).to_vec(),
            keys: keys.map(|key| key.public().clone()).to_vec(),
            allow_publisher: None,
        };
        let taken = policy(mode, &[&trusted])
            .judge(COMPONENT, &both, None)
            .unwrap();
        assert_eq!(
            (taken.publisher, taken.warning),
            (Some(fingerprint(&trusted)), None)
        );
    }
}

#[test]
fn what_is_revoked_is_refused_whatever_the_policy() {
    let key = SigningKey::generate().unwrap();
    for mode in [PolicyMode::Off, PolicyMode::Warn, PolicyMode::Require] {
        let mut policy = policy(mode, &[&key]);
        let digest = Digest::of(COMPONENT).to_hex();
        policy.revoked = BTreeSet::from([digest.clone()]);
        assert_eq!(
            policy.judge(COMPONENT, &signed_by(&key), None),
            Err(Refusal::RevokedComponent(digest.clone()))
        );
        policy.may_run(&digest, None).unwrap_err();
        policy.revoked = BTreeSet::from([fingerprint(&key)]);
        policy
            .may_run(&digest, Some(&fingerprint(&key)))
            .unwrap_err();
        policy.may_run(&digest, None).unwrap();
    }
    let mut policy = policy(PolicyMode::Warn, &[]);
    policy.revoked = BTreeSet::from([fingerprint(&key)]);
    assert_eq!(
        policy.judge(COMPONENT, &signed_by(&key), None),
        Err(Refusal::RevokedKey(fingerprint(&key)))
    );
}

#[test]
fn a_signature_without_any_key_is_told_and_pins_nobody() {
    let key = SigningKey::generate().unwrap();
    let signed = Signed {
        keys: Vec::new(),
        ..signed_by(&key)
    };
    let taken = policy(PolicyMode::Warn, &[])
        .judge(COMPONENT, &signed, None)
        .unwrap();
    assert_eq!(taken.publisher, None);
    assert!(taken.warning.unwrap().contains("FILE.pub"));
}
