//! Keys and signatures that openssl makes are understood here, and ours by openssl.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{COMPONENT, openssl, public, signature_by, text};
use crate::signature::oci;
use crate::{Attached, Digest, KeyError, PublicKey, Signature, SignatureError, SigningKey};

fn fits(signature: &Signature, component: &[u8], key: &PublicKey) -> bool {
    key.verifies(signature.message(component).unwrap(), signature.der())
}

#[test]
fn what_openssl_signs_is_verified_here() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("file"), COMPONENT).unwrap();
    openssl(
        at,
        &[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
            "key.pem",
        ],
    );
    openssl(
        at,
        &["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub"],
    );
    let der = openssl(at, &["dgst", "-sha256", "-sign", "key.pem", "file"]);
    let signature = Signature::parse(&STANDARD.encode(der)).unwrap();
    let key = public(at, "key.pub");
    assert!(fits(&signature, COMPONENT, &key));
    let mut tampered = COMPONENT.to_vec();
    tampered[3] ^= 1;
    assert!(!fits(&signature, &tampered, &key));
    assert!(!fits(
        &signature,
        COMPONENT,
        SigningKey::generate().unwrap().public()
    ));

    let spki = openssl(at, &["pkey", "-pubin", "-in", "key.pub", "-outform", "DER"]);
    assert_eq!(key.fingerprint(), Digest::of(&spki).to_hex());
    let signing = SigningKey::from_pem(&text(at, "key.pem")).unwrap();
    assert_eq!(signing.public(), &key);
}

#[test]
fn what_is_signed_here_is_verified_by_openssl() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let key = SigningKey::generate().unwrap();
    std::fs::write(at.join("file"), COMPONENT).unwrap();
    std::fs::write(at.join("sig"), key.sign(COMPONENT).unwrap()).unwrap();
    std::fs::write(at.join("key.pub"), key.public().to_pem().unwrap()).unwrap();
    openssl(
        at,
        &[
            "dgst",
            "-sha256",
            "-verify",
            "key.pub",
            "-signature",
            "sig",
            "file",
        ],
    );
    std::fs::write(at.join("key.pem"), key.to_pem().unwrap().as_str()).unwrap();
    openssl(
        at,
        &["pkey", "-in", "key.pem", "-pubout", "-out", "again.pub"],
    );
    assert_eq!(&public(at, "again.pub"), key.public());
}

#[test]
fn one_key_has_one_fingerprint_whatever_form_it_is_written_in() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let key = SigningKey::generate().unwrap();
    std::fs::write(at.join("key.pub"), key.public().to_pem().unwrap()).unwrap();
    openssl(
        at,
        &[
            "pkey",
            "-pubin",
            "-in",
            "key.pub",
            "-ec_conv_form",
            "compressed",
            "-out",
            "short.pub",
        ],
    );
    assert_ne!(text(at, "key.pub"), text(at, "short.pub"));
    assert_eq!(&public(at, "short.pub"), key.public());
}

#[test]
fn keys_that_do_not_serve_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let cosign = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJrZGYiOnsibmFtZSI6InNjcnlwdCJ9fQ==\n\
                  -----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";
    assert_eq!(SigningKey::from_pem(cosign).unwrap_err(), KeyError::Cosign);
    assert!(KeyError::Cosign.to_string().contains("cosign sign-blob"));
    openssl(
        at,
        &[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-384",
            "-out",
            "384.pem",
        ],
    );
    openssl(
        at,
        &["pkey", "-in", "384.pem", "-pubout", "-out", "384.pub"],
    );
    assert_eq!(
        SigningKey::from_pem(&text(at, "384.pem")).unwrap_err(),
        KeyError::NotP256
    );
    assert_eq!(
        PublicKey::from_pem(&text(at, "384.pub")).unwrap_err(),
        KeyError::NotP256
    );
    openssl(
        at,
        &[
            "pkcs8",
            "-topk8",
            "-in",
            "384.pem",
            "-passout",
            "pass:x",
            "-out",
            "locked.pem",
        ],
    );
    assert_eq!(
        SigningKey::from_pem(&text(at, "locked.pem")).unwrap_err(),
        KeyError::Encrypted
    );
    let public = PublicKey::from_pem(&text(at, "384.pem")).unwrap_err();
    assert!(public.to_string().contains("\"PRIVATE KEY\""), "{public}");
    assert!(matches!(
        PublicKey::from_pem("key"),
        Err(KeyError::Pem { .. })
    ));
}

/// A bundle as cosign writes it, over a component.
fn bundle(key: &SigningKey, component: &[u8]) -> Value {
    let digest = digest::digest(&digest::SHA256, component);
    let hint = hex::decode(key.public().fingerprint()).unwrap();
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "publicKey": {"hint": STANDARD.encode(hint)},
            "tlogEntries": [{"logIndex": "1"}],
        },
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode(digest)},
            "signature": STANDARD.encode(key.sign(component).unwrap()),
        },
    })
}

fn of_bundle(bundle: &Value) -> Result<Signature, SignatureError> {
    let attached = Attached {
        bundle: Some(bundle.to_string()),
        ..Attached::default()
    };
    Ok(attached.parse(COMPONENT)?.signatures.remove(0))
}

#[test]
fn a_bundle_says_which_key_signed_which_bytes() {
    let key = SigningKey::generate().unwrap();
    let signature = of_bundle(&bundle(&key, COMPONENT)).unwrap();
    assert!(fits(&signature, COMPONENT, key.public()));
    assert_eq!(signature.by(), Some(key.public().fingerprint()));
    let other = of_bundle(&bundle(&key, b"other")).unwrap_err();
    assert!(
        other.to_string().contains("changed after it was signed"),
        "{other}"
    );
}

#[test]
fn a_bundle_of_another_kind_is_refused_as_what_it_is() {
    let key = SigningKey::generate().unwrap();
    let changed = |pointer: &str, member: &str, value: Value| {
        let mut bundle = bundle(&key, COMPONENT);
        bundle.pointer_mut(pointer).unwrap()[member] = value;
        of_bundle(&bundle).unwrap_err().to_string()
    };
    let certificate = changed(
        "/verificationMaterial",
        "certificate",
        json!({"rawBytes": ""}),
    );
    assert!(certificate.contains("certificate"), "{certificate}");
    let attestation = changed("", "dsseEnvelope", json!({}));
    assert!(attestation.contains("attestation"), "{attestation}");
    let version = changed(
        "",
        "mediaType",
        json!("application/vnd.dev.sigstore.bundle.v9+json"),
    );
    assert!(version.contains("version"), "{version}");
    let algorithm = changed(
        "/messageSignature/messageDigest",
        "algorithm",
        json!("SHA2_512"),
    );
    assert!(algorithm.contains("SHA2_256"), "{algorithm}");
}

/// A manifest that names the component, and a signature of it as it lies in a registry.
fn of_manifest(key: &SigningKey, manifest: &[u8]) -> Signature {
    let reference = "oci://127.0.0.1:1/notes:1".parse().unwrap();
    let put = oci::sign(&reference, Digest::of(manifest), key, Vec::new()).unwrap();
    let signatures = crate::oci::Manifest::parse(&put.manifest).unwrap();
    let layers = oci::payloads(&signatures).map(|descriptor| oci::Layer {
        descriptor: descriptor.clone(),
        payload: put.blobs[0].clone(),
    });
    let mut signed = oci::signed(manifest, layers.collect());
    assert_eq!(signed.keys, std::slice::from_ref(key.public()));
    signed.signatures.remove(0)
}

fn manifest(component: &[u8]) -> Vec<u8> {
    let layer = json!({"mediaType": "application/wasm", "digest": Digest::of(component).to_string(), "size": 1});
    let config = json!({"mediaType": "a/b", "digest": "sha256:0", "size": 2});
    json!({"schemaVersion": 2, "config": config, "layers": [layer]})
        .to_string()
        .into_bytes()
}

#[test]
fn a_signature_of_a_manifest_leads_to_the_component_and_to_no_other() {
    let key = SigningKey::generate().unwrap();
    let signature = of_manifest(&key, &manifest(COMPONENT));
    assert!(fits(&signature, COMPONENT, key.public()));
    assert_eq!(
        signature.message(b"other"),
        Err(SignatureError::OtherComponent)
    );
    let Signature::Manifest { payload, der, .. } = signature else {
        panic!("it is of a manifest");
    };
    let swapped = Signature::Manifest {
        manifest: manifest(b"other"),
        payload,
        der,
    };
    let refused = swapped.message(b"other").unwrap_err();
    assert!(
        refused.to_string().contains("the manifest was swapped"),
        "{refused}"
    );
}

#[test]
fn a_signature_is_base64_of_der_with_or_without_a_line_end() {
    let key = SigningKey::generate().unwrap();
    let text = STANDARD.encode(key.sign(COMPONENT).unwrap());
    let line = Signature::parse(&format!("{text}\n")).unwrap();
    assert!(fits(&line, COMPONENT, key.public()));
    assert_eq!(signature_by(&key, COMPONENT).by(), None);
    for text in ["", "not base64!", "AAAA", &STANDARD.encode([0x30; 4096])] {
        assert_eq!(Signature::parse(text), Err(SignatureError::Malformed));
    }
}

#[test]
fn more_than_any_signature_is_refused_unread() {
    let attached = Attached {
        bundle: Some(" ".repeat(crate::MAX_ATTACHED + 1)),
        ..Attached::default()
    };
    assert_eq!(attached.parse(COMPONENT), Err(SignatureError::TooLarge));
}

proptest! {
    #[test]
    fn any_text_beside_a_component_is_a_signature_or_an_error(text in "\\PC{0,200}") {
        let some = Some(text);
        for attached in [
            Attached { signature: some.clone(), ..Attached::default() },
            Attached { bundle: some.clone(), ..Attached::default() },
            Attached { public_key: some.clone(), ..Attached::default() },
        ] {
            if let Err(error) = attached.parse(COMPONENT) {
                let words = error.to_string();
                prop_assert!(!words.is_empty() && words.len() < 1000);
            }
        }
    }

    #[test]
    fn a_bundle_with_a_byte_changed_never_fits_other_bytes(at in 0usize..2000, byte in any::<u8>()) {
        let key = SigningKey::generate().unwrap();
        let mut text = bundle(&key, b"other").to_string().into_bytes();
        let length = text.len();
        text[at % length] = byte;
        if let Ok(text) = String::from_utf8(text) {
            let attached = Attached { bundle: Some(text), ..Attached::default() };
            for signature in attached.parse(COMPONENT).map(|signed| signed.signatures).unwrap_or_default() {
                prop_assert!(!fits(&signature, COMPONENT, key.public()));
            }
        }
    }

    #[test]
    fn any_payload_names_a_manifest_or_is_refused(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        let signature = Signature::Manifest {
            manifest: manifest(COMPONENT),
            payload,
            der: vec![0x30],
        };
        prop_assert!(signature.message(COMPONENT).is_err());
    }
}
