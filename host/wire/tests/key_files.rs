//! Key files as others write them, and our own.

// Fixtures are read here: a test may stop at the first thing that is not as it should be.
#![allow(clippy::unwrap_used)]

use koi_wire::{IdentityError, KeyError, NodeKey, PublicKey, node_rid};

/// Written by OpenSSL with scrypt: the key with the scalar 0x1111, password "test-password".
const SCRYPT: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHkME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAhSLKA1m1ZkoAICBAAC
AQgCAQEwHQYJYIZIAWUDBAEqBBDr6/295AviMMa62t/19P4lBIGQ4ie1CKmpaytU
AhhEv1ekTyFIsRPe702o+2r2XtJevnkR0rfkZgDF8RpuemNcMiFkA3lc0JNb/wkG
VneyPdTyqFcpQ6np3IJY7HHCBGwmv/IAtt/Q8ukKU2S7OM3YcfR2Jm0vpZejt3+u
XwsdRTj1Z0nz9uXTbVUfPLbabTZGo37qQieo1L3jcB2ZbGdB3EGb
-----END ENCRYPTED PRIVATE KEY-----
";

const PUBLIC: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDcx2SMeKMRjyYShm/oPvGfQDBPYjOZ4SEaEPKz0cBc8w6AJ2d7y5EpQ+mf9xFA6pvCRxO+G3XDH/QFRyTE+dAA==";

#[test]
fn a_key_file_of_openssl_with_scrypt_is_read() {
    let key = NodeKey::from_encrypted_pem(SCRYPT, "test-password").unwrap();
    assert_eq!(key.public_key().as_str(), PUBLIC);
}

#[test]
fn a_key_that_was_written_is_read_again_with_its_password_only() {
    let key = NodeKey::generate().unwrap();
    let pem = key.to_encrypted_pem("a password, é").unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    let read = NodeKey::from_encrypted_pem(&pem, "a password, é").unwrap();
    assert_eq!(read.public_key(), key.public_key());
    let wrong = NodeKey::from_encrypted_pem(&pem, "another").unwrap_err();
    assert_eq!(wrong, KeyError::Password);
}

#[test]
fn what_is_no_encrypted_key_file_is_refused_with_a_reason() {
    let unencrypted = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for text in ["", "no PEM", unencrypted, &SCRYPT[..200]] {
        let error = NodeKey::from_encrypted_pem(text, "test-password").unwrap_err();
        assert!(matches!(error, KeyError::File(_)), "{error}");
    }
}

#[test]
fn what_is_no_p256_public_key_is_refused() {
    let not_on_the_curve = PUBLIC.replace("DcxA", "DcxB").replace("AA==", "AQ==");
    let long = "A".repeat(100_000);
    for text in [
        "",
        "AAAA",
        "not base64",
        &PUBLIC[4..],
        &not_on_the_curve,
        &long,
    ] {
        assert_eq!(PublicKey::parse(text), Err(KeyError::PublicKey), "{text}");
    }
    assert!(PublicKey::parse(PUBLIC).is_ok());
}

#[test]
fn a_node_name_without_its_separator_makes_a_rid() {
    let key = PublicKey::parse(PUBLIC).unwrap();
    assert!(node_rid("alice", &key).is_ok());
    for name in ["", "a+b"] {
        let error = node_rid(name, &key).unwrap_err();
        assert!(matches!(error, IdentityError::Name(_)));
    }
}
