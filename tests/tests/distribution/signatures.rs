//! Files with signatures beside them, as cosign's users have them: openssl writes the same bytes.

use std::path::Path;
use std::process::Command;

use base64::{Engine, engine::general_purpose::STANDARD};
use koi_tests::eventually;
use serde_json::json;

use super::{builder, copy, echoes, key, openssl, start, text};

/// Signs a file as `cosign sign-blob --key --output-signature` does.
fn sign(file: &str, private: &Path) {
    let mut sign = Command::new("openssl");
    sign.args(["dgst", "-sha256", "-sign"])
        .arg(private)
        .arg(file);
    std::fs::write(format!("{file}.sig"), STANDARD.encode(openssl(&mut sign))).unwrap();
}

#[test]
fn what_a_trusted_key_signed_is_installed_and_nothing_else_where_that_is_required() {
    let folder = tempfile::tempdir().unwrap();
    let (private, public) = key(folder.path(), "trusted");
    let node = builder(&folder)
        .env("KOI_MCP_EXTENSIONS__SIGNATURES__POLICY", "require")
        .env(
            "KOI_MCP_EXTENSIONS__SIGNATURES__KEYS",
            &format!("[{:?}]", text(&public)),
        )
        .start();
    let file = copy(folder.path(), "echo");
    let refusal = || node.refusal(&["extension", "install", &file]);
    let unsigned = refusal();
    assert!(
        unsigned.contains("is not signed") && unsigned.contains("cosign sign-blob"),
        "{unsigned}"
    );
    let (other, other_public) = key(folder.path(), "other");
    sign(&file, &other);
    let wrong = refusal();
    assert!(wrong.contains("fits none of the keys"), "{wrong}");
    std::fs::copy(other_public, format!("{file}.pub")).unwrap();
    let wrong = refusal();
    assert!(
        wrong.contains("is signed by the key") && wrong.contains("trusted are"),
        "{wrong}"
    );
    std::fs::remove_file(format!("{file}.pub")).unwrap();

    sign(&file, &private);
    node.json(&["extension", "install", &file]);
    assert!(echoes(&node));

    let mut bytes = std::fs::read(&file).unwrap();
    // A byte of the component's end: it still is one.
    bytes.extend([0, 1, 0]);
    std::fs::write(&file, bytes).unwrap();
    let tampered = refusal();
    assert!(
        tampered.contains("changed after it was signed"),
        "{tampered}"
    );
    std::fs::write(format!("{file}.sig"), "no signature").unwrap();
    let nonsense = refusal();
    assert!(nonsense.contains("no base64 text"), "{nonsense}");
    assert!(echoes(&node));
}

#[test]
fn a_publisher_is_known_again_without_any_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let file = copy(folder.path(), "echo");
    let keys = ["first", "second"].map(|name| {
        let file = folder.path().join(name);
        node.json(&["extension", "keygen", &text(&file)]);
        text(&file)
    });
    let signed = node.json(&["extension", "sign", &file, "--key", &keys[0]]);
    let public = format!("{file}.pub");
    let verified = node.json(&["extension", "verify", &file, "--key", &public]);
    assert_eq!(verified["publisher"], signed["signed-by"]);
    node.json(&["extension", "install", &file]);

    // The same with other grants is a revision of its own.
    let again = [
        "extension",
        "install",
        &file,
        "--grant",
        "capability=config",
    ];
    let by_second = node.json(&["extension", "sign", &file, "--key", &keys[1]]);
    let by_second = by_second["signed-by"].as_str().unwrap();
    let refused = node.refusal(&again);
    let allow = format!("--allow-publisher {by_second}");
    assert!(refused.contains(&allow), "{refused}");
    for suffix in ["sig", "pub"] {
        std::fs::remove_file(format!("{file}.{suffix}")).unwrap();
    }
    let unsigned = node.refusal(&again);
    assert!(unsigned.contains("--allow-publisher none"), "{unsigned}");
    assert_eq!(node.json(&["extension", "list"])[0]["revision"], json!(1));
    node.json(&[&again[..], &["--allow-publisher", "none"]].concat());
    assert!(echoes(&node));
}

#[tokio::test]
async fn a_signature_beside_a_dropped_in_file_counts_whether_it_comes_before_or_after() {
    let folder = tempfile::tempdir().unwrap();
    let (private, public) = key(folder.path(), "trusted");
    let node = builder(&folder)
        .env("KOI_MCP_EXTENSIONS__SIGNATURES__POLICY", "require")
        .env(
            "KOI_MCP_EXTENSIONS__SIGNATURES__KEYS",
            &format!("[{:?}]", text(&public)),
        )
        .start();
    let dropped = node.data_dir.join("extensions");
    let file = copy(&dropped, "echo");
    eventually("the refusal", async || {
        node.log().contains("is not signed").then_some(())
    })
    .await;
    assert!(!echoes(&node));
    sign(&file, &private);
    eventually("the extension", async || echoes(&node).then_some(())).await;

    let other = copy(folder.path(), "first-extension");
    sign(&other, &private);
    for suffix in [".sig", ""] {
        std::fs::rename(
            format!("{other}{suffix}"),
            dropped.join(format!("first-extension.wasm{suffix}")),
        )
        .unwrap();
    }
    let glossary = async || {
        let list = node.json(&["extension", "list"]);
        let mut names = list.as_array().unwrap().iter().map(|one| &one["name"]);
        names.any(|name| name == "glossary").then_some(())
    };
    eventually("the other extension", glossary).await;
}

#[test]
fn a_revoked_key_keeps_what_it_signed_from_running_and_the_rest_of_the_node_runs() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let file = copy(folder.path(), "echo");
    let (private, _) = key(folder.path(), "stolen");
    let signed = node.json(&["extension", "sign", &file, "--key", &text(&private)]);
    let fingerprint = signed["signed-by"].as_str().unwrap();
    node.json(&["extension", "install", &file]);
    node.install("first-extension");
    assert_eq!(node.process.terminate(), Some(0));

    let node = builder(&folder)
        .env(
            "KOI_MCP_EXTENSIONS__SIGNATURES__REVOKED",
            &format!("[{fingerprint:?}]"),
        )
        .start();
    let list = node.json(&["extension", "list"]);
    let of = |name: &str| {
        list.as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == name)
            .unwrap()
    };
    assert_eq!(of("echo")["state"], "failed");
    assert!(
        of("echo")["error"].as_str().unwrap().contains(fingerprint),
        "{list}"
    );
    assert_eq!(of("glossary")["state"], "active");
    assert!(!echoes(&node));
    let refused = node.refusal(&["extension", "install", &file]);
    assert!(refused.contains("is revoked"), "{refused}");
}

#[test]
fn a_private_key_of_cosign_is_refused_with_what_to_do_instead() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let file = copy(folder.path(), "echo");
    let private = folder.path().join("cosign.key");
    let label = "ENCRYPTED SIGSTORE PRIVATE KEY";
    std::fs::write(
        &private,
        format!("-----BEGIN {label}-----\ne30=\n-----END {label}-----\n"),
    )
    .unwrap();
    let refused = node.refusal(&["extension", "sign", &file, "--key", &text(&private)]);
    assert!(refused.contains("cosign sign-blob"), "{refused}");
    let missing = node.refusal(&["extension", "verify", &file, "--key", &text(&private)]);
    assert!(missing.contains("cosign.pub"), "{missing}");
}
