//! Signatures in a registry: skopeo signs and verifies as cosign does, and so do we.

use std::path::Path;
use std::process::{Command, Output};

use koi_distribution::{
    KeyError, PolicyMode, PublicKey, Pulled, Refusal, SignatureError, SignaturePolicy, SigningKey,
};
use serde_json::json;

use super::peers::run;
use super::server::{Server, program};
use super::{COMPONENT, MANIFEST, artifact, at, client, hex, pull, push, put_manifest, raw};

fn requiring(keys: &[&PublicKey]) -> SignaturePolicy {
    SignaturePolicy {
        mode: PolicyMode::Require,
        keys: keys.iter().map(|key| (*key).clone()).collect(),
        ..SignaturePolicy::default()
    }
}

fn judge(policy: &SignaturePolicy, pulled: &Pulled) -> Result<Option<String>, Refusal> {
    let verdict = policy.judge(&pulled.component, &pulled.signed, None)?;
    Ok(verdict.publisher)
}

async fn push_signed(server: &Server, rest: &str, key: &SigningKey) -> String {
    let reference = at(server, rest);
    let pushed = client().push(&reference, artifact(), Some(key)).await;
    let pushed = pushed.unwrap();
    assert_eq!(
        pushed.signed_by.as_deref(),
        Some(key.public().fingerprint())
    );
    hex(&pushed.reference)
}

/// Where skopeo keeps and looks for signatures of this registry: as cosign does.
fn attachments(folder: &Path, server: &Server) {
    let file = folder.join("registries.d/test.yaml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let text = format!(
        "docker:\n  {}:\n    use-sigstore-attachments: true\n",
        server.address
    );
    std::fs::write(file, text).unwrap();
}

/// Has skopeo take something from a registry, if that is signed by this key.
fn taken_by_skopeo(folder: &Path, server: &Server, rest: &str, key: &PublicKey) -> Output {
    attachments(folder, server);
    std::fs::write(folder.join("key.pub"), key.to_pem().unwrap()).unwrap();
    let policy = json!({
        "default": [{"type": "reject"}],
        "transports": {"docker": {"": [{
            "type": "sigstoreSigned",
            "keyPath": folder.join("key.pub"),
            "signedIdentity": {"type": "matchRepository"},
        }]}},
    });
    std::fs::write(folder.join("policy.json"), policy.to_string()).unwrap();
    Command::new(program("skopeo"))
        .current_dir(folder)
        .args([
            "--policy",
            "policy.json",
            "--registries.d",
            "registries.d",
            "copy",
        ])
        .args([
            "--src-tls-verify=false",
            &format!("docker://{}/{rest}", server.address),
        ])
        .arg("dir:taken")
        .output()
        .unwrap()
}

#[tokio::test]
async fn what_skopeo_signed_is_verified_here() {
    let server = Server::start();
    push(&server, "notes:1", COMPONENT).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    attachments(path, &server);
    std::fs::write(path.join("password"), "password").unwrap();
    let skopeo = || {
        let mut skopeo = Command::new(program("skopeo"));
        skopeo.current_dir(path);
        skopeo
    };
    run(skopeo().args([
        "generate-sigstore-key",
        "--output-prefix",
        "key",
        "--passphrase-file",
        "password",
    ]));
    let from = format!("docker://{}/notes:1", server.address);
    let to = format!("docker://{}/signed/notes:1", server.address);
    run(skopeo()
        .args([
            "--insecure-policy",
            "--registries.d",
            "registries.d",
            "copy",
        ])
        .args(["--src-tls-verify=false", "--dest-tls-verify=false"])
        .args(["--sign-by-sigstore-private-key", "key.private"])
        .args(["--sign-passphrase-file", "password", &from, &to]));
    let text = |name: &str| std::fs::read_to_string(path.join(name)).unwrap();
    let key = PublicKey::from_pem(&text("key.pub")).unwrap();
    let pulled = pull(&at(&server, "signed/notes:1")).await.unwrap();
    let publisher = judge(&requiring(&[&key]), &pulled).unwrap();
    assert_eq!(publisher.as_deref(), Some(key.fingerprint()));
    let other = SigningKey::generate().unwrap();
    let refused = judge(&requiring(&[other.public()]), &pulled).unwrap_err();
    assert!(matches!(refused, Refusal::FitsNoKey { .. }), "{refused}");
    let encrypted = SigningKey::from_pem(&text("key.private")).unwrap_err();
    assert_eq!(encrypted, KeyError::Cosign);
}

#[tokio::test]
async fn what_is_signed_here_is_verified_by_skopeo_and_by_no_other_key() {
    let server = Server::start();
    let key = SigningKey::generate().unwrap();
    push_signed(&server, "notes:1", &key).await;
    let folder = tempfile::tempdir().unwrap();
    let taken = taken_by_skopeo(folder.path(), &server, "notes:1", key.public());
    let said = String::from_utf8_lossy(&taken.stderr).into_owned();
    assert!(taken.status.success(), "{said}");
    let other = SigningKey::generate().unwrap();
    let refused = taken_by_skopeo(folder.path(), &server, "notes:1", other.public());
    assert!(!refused.status.success());
}

#[tokio::test]
async fn several_keys_sign_the_same_component_beside_each_other() {
    let server = Server::start();
    let keys = [
        SigningKey::generate().unwrap(),
        SigningKey::generate().unwrap(),
    ];
    for key in [&keys[0], &keys[1], &keys[0]] {
        push_signed(&server, "notes:1", key).await;
    }
    let pulled = pull(&at(&server, "notes:1")).await.unwrap();
    assert_eq!(pulled.signed.signatures.len(), 2);
    for key in &keys {
        let publisher = judge(&requiring(&[key.public()]), &pulled).unwrap();
        assert_eq!(publisher.as_deref(), Some(key.public().fingerprint()));
    }
    let other = SigningKey::generate().unwrap();
    judge(&requiring(&[other.public()]), &pulled).unwrap_err();
}

#[tokio::test]
async fn the_key_that_came_along_is_known_again_and_not_trusted() {
    let server = Server::start();
    let key = SigningKey::generate().unwrap();
    push_signed(&server, "notes:1", &key).await;
    let pulled = pull(&at(&server, "notes:1")).await.unwrap();
    let publisher = judge(&SignaturePolicy::default(), &pulled).unwrap();
    assert_eq!(publisher.as_deref(), Some(key.public().fingerprint()));
    let other = SigningKey::generate().unwrap();
    let refused = judge(&requiring(&[other.public()]), &pulled).unwrap_err();
    assert_eq!(
        refused,
        Refusal::Untrusted {
            by: key.public().fingerprint().to_owned(),
            trusted: other.public().fingerprint().to_owned(),
        }
    );
}

#[tokio::test]
async fn a_signature_moved_to_another_manifest_is_refused_as_swapped() {
    let server = Server::start();
    let key = SigningKey::generate().unwrap();
    let signed = push_signed(&server, "notes:1", &key).await;
    let other = push(&server, "notes:2", b"\0asm: not what was signed").await;
    let signatures = raw(&server, &format!("notes/manifests/sha256-{signed}.sig")).await;
    let moved = format!("notes/manifests/sha256-{}.sig", hex(&other));
    put_manifest(&server, &moved, MANIFEST, signatures).await;
    let pulled = pull(&at(&server, "notes:2")).await.unwrap();
    let refused = judge(&SignaturePolicy::default(), &pulled).unwrap_err();
    let named = matches!(&refused, Refusal::Signature(SignatureError::SwappedManifest { named, found })
        if named.contains(&signed) && found.contains(&hex(&other)));
    assert!(named, "{refused}");
}

#[tokio::test]
async fn a_tag_moved_to_what_is_not_signed_is_unsigned() {
    let server = Server::start();
    let key = SigningKey::generate().unwrap();
    push_signed(&server, "notes:1", &key).await;
    push(&server, "notes:1", b"\0asm: not what was signed").await;
    let pulled = pull(&at(&server, "notes:1")).await.unwrap();
    let refused = judge(&requiring(&[key.public()]), &pulled);
    assert_eq!(refused, Err(Refusal::Unsigned));
}
