//! Signatures and what follows from them, with openssl as the other side.

mod policy;
mod signatures;

use std::path::Path;
use std::process::Command;

use crate::{PublicKey, Signature, Signed, SigningKey, encode_signature};

const COMPONENT: &[u8] = b"\0asm, as it is distributed";

fn signature_by(key: &SigningKey, component: &[u8]) -> Signature {
    Signature::parse(&encode_signature(&key.sign(component).unwrap())).unwrap()
}

/// A component's signature by a key, with the key beside it.
fn signed_by(key: &SigningKey) -> Signed {
    Signed {
        signatures: vec![signature_by(key, COMPONENT)],
        keys: vec![key.public().clone()],
        allow_publisher: None,
    }
}

/// Runs openssl in a folder; its standard output.
fn openssl(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let run = Command::new("openssl")
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "openssl {arguments:?}: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    run.stdout
}

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn public(folder: &Path, name: &str) -> PublicKey {
    PublicKey::from_pem(&text(folder, name)).unwrap()
}
