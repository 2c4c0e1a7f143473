//! Whose components are taken.

use std::collections::BTreeSet;

use koi_distribution::{PolicyMode, Refusal, Signature, Signed, SigningKey, encode_signature};

use super::*;

/// A version of an extension.
fn version(number: &str) -> Value {
    script("one", json!({"version": number}))
}

/// What a key has signed of it, with the key beside it.
fn signed(key: &SigningKey, script: &Value) -> Signed {
    let der = key.sign(script.to_string().as_bytes()).unwrap();
    Signed {
        signatures: vec![Signature::parse(&encode_signature(&der)).unwrap()],
        keys: vec![key.public().clone()],
        allow_publisher: None,
    }
}

fn fingerprint(key: &SigningKey) -> String {
    key.public().fingerprint().to_owned()
}

impl Fixture {
    async fn install_signed(
        &self,
        script: &Value,
        signed: Signed,
    ) -> Result<InstallReport, InstallError> {
        let install = component(script, GrantRequest::Keep);
        self.registry
            .install_as(install, Role::Serving, signed)
            .await
    }

    /// The publishers of the revisions of the extension, the first one first.
    async fn publishers(&self) -> Vec<Option<String>> {
        let stored = self.stores.extensions.revisions("one").await.unwrap();
        stored
            .into_iter()
            .map(|revision| revision.publisher)
            .collect()
    }

    /// The same node after a restart with another policy.
    async fn again(self, signatures: SignaturePolicy) -> Self {
        let (stores, stage, full) = (&self.stores, &self.stage, &self.full);
        let watch = WatchOptions::default();
        let registry = open_judging(signatures, 10, watch, stores, stage, full).await;
        Self { registry, ..self }
    }
}

fn refused(outcome: Result<InstallReport, InstallError>) -> Refusal {
    match outcome.unwrap_err() {
        InstallError::Signature(refusal) => refusal,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_publisher_is_kept_with_the_revision_and_the_next_one_is_by_the_same() {
    let f = fixture().await;
    let (first, second) = (
        SigningKey::generate().unwrap(),
        SigningKey::generate().unwrap(),
    );
    let one = version("1.0.0");
    f.install_signed(&one, signed(&first, &one)).await.unwrap();
    let before = f.registry.snapshot();
    let two = version("2.0.0");
    for other in [signed(&second, &two), Signed::default()] {
        let refusal = refused(f.install_signed(&two, other).await);
        assert!(
            matches!(refusal, Refusal::OtherPublisher { .. }),
            "{refusal}"
        );
        assert!(refusal.to_string().contains(&fingerprint(&first)));
    }
    assert!(Arc::ptr_eq(&before, &f.registry.snapshot()));
    let report = f.install_signed(&two, signed(&first, &two)).await;
    let report = report.unwrap();
    assert_eq!(
        (report.publisher, report.warning),
        (Some(fingerprint(&first)), None)
    );

    let three = version("3.0.0");
    let mut allowed = signed(&second, &three);
    allowed.allow_publisher = Some(fingerprint(&second));
    f.install_signed(&three, allowed).await.unwrap();
    let kept = [&first, &first, &second].map(|key| Some(fingerprint(key)));
    assert_eq!(f.publishers().await, kept);
}

#[tokio::test]
async fn an_unsigned_extension_takes_up_the_publisher_of_its_next_revision() {
    let f = fixture().await;
    let report = f.install(&version("1.0.0")).await.unwrap();
    assert_eq!(report.warning.as_deref(), Some("it is not signed"));
    let key = SigningKey::generate().unwrap();
    let two = version("2.0.0");
    f.install_signed(&two, signed(&key, &two)).await.unwrap();
    assert_eq!(f.publishers().await, [None, Some(fingerprint(&key))]);
    refused(f.install(&version("3.0.0")).await);
}

#[tokio::test]
async fn a_signature_that_comes_after_the_component_makes_its_publisher_known() {
    let f = fixture().await;
    let (one, key) = (version("1.0.0"), SigningKey::generate().unwrap());
    f.install(&one).await.unwrap();
    let signed = signed(&key, &one);
    let report = f.install_signed(&one, signed.clone()).await.unwrap();
    assert_eq!(report.outcome, Installed::Replaced);
    for again in [signed, Signed::default()] {
        let report = f.install_signed(&one, again).await.unwrap();
        assert_eq!(report.outcome, Installed::Unchanged);
    }
    assert_eq!(f.publishers().await, [None, Some(fingerprint(&key))]);
}

#[tokio::test]
async fn what_is_not_to_be_trusted_is_not_even_asked_what_it_is() {
    let trusted = SigningKey::generate().unwrap();
    let policy = SignaturePolicy {
        mode: PolicyMode::Require,
        keys: vec![trusted.public().clone()],
        ..SignaturePolicy::default()
    };
    let f = fixture().await.again(policy).await;
    // No component at all: asking it would have failed otherwise.
    let nonsense = json!("no extension");
    assert_eq!(refused(f.install(&nonsense).await), Refusal::Unsigned);
    let one = version("1.0.0");
    let mut tampered = signed(&trusted, &version("1.0.1"));
    assert_eq!(
        refused(f.install_signed(&one, tampered.clone()).await),
        Refusal::Broken(fingerprint(&trusted))
    );
    tampered.keys.clear();
    let refusal = refused(f.install_signed(&one, tampered).await);
    assert!(matches!(refusal, Refusal::FitsNoKey { .. }), "{refusal}");
    f.install_signed(&one, signed(&trusted, &one))
        .await
        .unwrap();
    assert_eq!(f.tools(), ["one"]);
}

#[tokio::test]
async fn a_revoked_revision_is_not_started_again_and_gives_way_to_a_good_one() {
    let f = fixture().await;
    let (stolen, fresh) = (
        SigningKey::generate().unwrap(),
        SigningKey::generate().unwrap(),
    );
    let one = version("1.0.0");
    f.install_signed(&one, signed(&stolen, &one)).await.unwrap();
    let policy = SignaturePolicy {
        revoked: BTreeSet::from([fingerprint(&stolen)]),
        ..SignaturePolicy::default()
    };
    let f = f.again(policy).await;
    assert!(f.tools().is_empty());
    let listed = f.registry.list();
    assert_eq!(listed[0].state, ExtensionState::Failed);
    let why = listed[0].error.clone().unwrap();
    assert!(
        why.contains("revoked") && why.contains(&fingerprint(&stolen)),
        "{why}"
    );

    let two = version("2.0.0");
    assert_eq!(
        refused(f.install_signed(&two, signed(&stolen, &two)).await),
        Refusal::RevokedKey(fingerprint(&stolen))
    );
    let mut good = signed(&fresh, &two);
    good.allow_publisher = Some(fingerprint(&fresh));
    f.install_signed(&two, good).await.unwrap();
    assert_eq!(f.tools(), ["one"]);
}

#[tokio::test]
async fn a_revoked_component_is_not_started_again_though_nobody_signed_it() {
    let f = fixture().await;
    let report = f.install(&version("1.0.0")).await.unwrap();
    let policy = SignaturePolicy {
        mode: PolicyMode::Off,
        revoked: BTreeSet::from([report.digest.clone()]),
        ..SignaturePolicy::default()
    };
    let f = f.again(policy).await;
    assert!(f.tools().is_empty());
    assert_eq!(
        refused(f.install(&version("1.0.0")).await),
        Refusal::RevokedComponent(report.digest)
    );
}
