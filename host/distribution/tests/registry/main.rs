//! Components in a real registry, docker-registry, with oras and skopeo as the other clients.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod hostile;
mod peers;
mod server;
mod signatures;

use koi_distribution::{
    Artifact, Credentials, Digest, ManifestError, OciClient, OciError, OciOptions, Pulled,
    Reference,
};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use server::{PASSWORD, Server, USER};

const COMPONENT: &[u8] = b"\0asm: what is distributed, byte by byte";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn client() -> OciClient {
    OciClient::new(OciOptions::default()).unwrap()
}

fn at(server: &Server, rest: &str) -> Reference {
    format!("oci://{}/{rest}", server.address).parse().unwrap()
}

async fn push(server: &Server, rest: &str, component: &[u8]) -> Reference {
    let reference = at(server, rest);
    let artifact = Artifact {
        component: component.to_vec().into(),
        title: Some("notes.wasm"),
        ..Artifact::default()
    };
    let pushed = client().push(&reference, artifact, None).await;
    pushed.unwrap().reference
}

/// [`COMPONENT`] alone, with nothing said of it.
fn artifact() -> Artifact<'static> {
    Artifact {
        component: COMPONENT.into(),
        ..Artifact::default()
    }
}

async fn pull(reference: &Reference) -> Result<Pulled, OciError> {
    client().pull(reference).await
}

/// The digest under which a registry has what a reference names.
fn hex(reference: &Reference) -> String {
    reference.digest().unwrap().to_hex()
}

/// What lies in a registry, as any client reads it.
async fn raw(server: &Server, path: &str) -> Vec<u8> {
    let url = format!("http://{}/v2/{path}", server.address);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http
        .get(url)
        .header("accept", MANIFEST)
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer.bytes().await.unwrap().to_vec()
}

/// Puts a manifest into a registry, as any client does.
async fn put_manifest(server: &Server, path: &str, media_type: &str, text: Vec<u8>) {
    let url = format!("http://{}/v2/{path}", server.address);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let put = http.put(url).header(CONTENT_TYPE, media_type).body(text);
    let answer = put.send().await.unwrap();
    assert_eq!(answer.status(), 201, "{path}");
}

#[tokio::test]
async fn what_is_pushed_is_pulled_to_the_byte_by_tag_and_by_digest() {
    let server = Server::start();
    let pushed = push(&server, "team/notes:1.0", COMPONENT).await;
    let by_tag = pull(&at(&server, "team/notes:1.0")).await.unwrap();
    assert_eq!(by_tag.component, COMPONENT);
    assert_eq!(by_tag.reference, pushed);
    assert!(by_tag.signed.signatures.is_empty());
    let digest = pushed.digest().unwrap();
    let by_digest = pull(&at(&server, &format!("team/notes@{digest}")))
        .await
        .unwrap();
    assert_eq!(by_digest.component, COMPONENT);

    push(&server, "team/notes:1.0", b"\0asm: the next one").await;
    let next = pull(&at(&server, "team/notes:1.0")).await.unwrap();
    assert_eq!(next.component, b"\0asm: the next one");
    assert_eq!(pull(&pushed).await.unwrap().component, COMPONENT);
}

#[tokio::test]
async fn the_same_component_has_the_same_digest_whenever_it_is_pushed() {
    let server = Server::start();
    let one = push(&server, "notes:1", COMPONENT).await;
    let other = push(&server, "notes:2", COMPONENT).await;
    assert_eq!(one.digest(), other.digest());
}

#[tokio::test]
async fn a_large_component_goes_there_and_back() {
    let server = Server::start();
    let component: Vec<u8> = (0..20_000_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    push(&server, "large:1", &component).await;
    assert!(pull(&at(&server, "large:1")).await.unwrap().component == component);
}

#[tokio::test]
async fn it_lies_there_as_a_wasm_oci_artifact() {
    let server = Server::start();
    push(&server, "notes:1", COMPONENT).await;
    let manifest: Value = serde_json::from_slice(&raw(&server, "notes/manifests/1").await).unwrap();
    assert_eq!(
        manifest["config"]["mediaType"],
        "application/vnd.wasm.config.v0+json"
    );
    let digest = Digest::of(COMPONENT).to_string();
    let layer = json!({
        "mediaType": "application/wasm",
        "digest": digest,
        "size": COMPONENT.len(),
        "annotations": {"org.opencontainers.image.title": "notes.wasm"},
    });
    assert_eq!(manifest["layers"], json!([layer]));
    let config = manifest["config"]["digest"].as_str().unwrap();
    let config = raw(&server, &format!("notes/blobs/{config}")).await;
    let config: Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(config["architecture"], "wasm");
    assert_eq!(config["layerDigests"], json!([digest]));
}

#[tokio::test]
async fn a_changed_byte_in_the_registry_is_refused_with_both_digests() {
    let server = Server::start();
    let pushed = push(&server, "notes:1", COMPONENT).await;
    let mut tampered = COMPONENT.to_vec();
    tampered[7] ^= 1;
    std::fs::write(server.blob(&Digest::of(COMPONENT).to_hex()), &tampered).unwrap();
    let error = pull(&at(&server, "notes:1")).await.unwrap_err();
    let words = error.to_string();
    assert!(
        matches!(
            error,
            OciError::Digest {
                what: "the component",
                ..
            }
        ),
        "{words}"
    );
    assert!(
        words.contains(&Digest::of(COMPONENT).to_hex())
            && words.contains(&Digest::of(&tampered).to_hex()),
        "{words}"
    );

    let file = server.blob(&hex(&pushed));
    let manifest = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, manifest.replace("notes.wasm", "other.wasm")).unwrap();
    let error = pull(&pushed).await.unwrap_err();
    assert!(
        !matches!(
            error,
            OciError::Digest {
                what: "the component",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let server = Server::start();
    let missing = pull(&at(&server, "nothing:1")).await.unwrap_err();
    assert!(matches!(missing, OciError::NotFound(_)), "{missing}");
    let address = server.address.clone();
    drop(server);
    let gone = pull(&format!("oci://{address}/notes:1").parse().unwrap()).await;
    let gone = gone.unwrap_err();
    assert!(matches!(gone, OciError::Unreachable { .. }), "{gone}");
}

#[tokio::test]
async fn an_index_is_refused_as_an_index() {
    let server = Server::start();
    let pushed = push(&server, "notes:1", COMPONENT).await;
    let manifest = raw(&server, "notes/manifests/1").await;
    let kind = "application/vnd.oci.image.index.v1+json";
    let index = json!({
        "schemaVersion": 2,
        "mediaType": kind,
        "manifests": [{
            "mediaType": MANIFEST,
            "digest": pushed.digest().unwrap().to_string(),
            "size": manifest.len(),
            "platform": {"architecture": "amd64", "os": "linux"},
        }],
    });
    put_manifest(
        &server,
        "notes/manifests/index",
        kind,
        index.to_string().into_bytes(),
    )
    .await;
    let error = pull(&at(&server, "notes:index")).await.unwrap_err();
    let is_index = matches!(
        &error,
        OciError::Manifest {
            error: ManifestError::Index,
            ..
        }
    );
    assert!(is_index, "{error}");
}

#[tokio::test]
async fn a_name_and_a_password_are_shown_where_they_are_asked_for() {
    let server = Server::start_with_password();
    let reference = at(&server, "notes:1");
    let with = |password: &str| {
        let known = Credentials {
            username: USER.to_owned(),
            password: zeroize::Zeroizing::new(password.to_owned()),
        };
        let mut options = OciOptions::default();
        options.credentials.insert(server.address.clone(), known);
        OciClient::new(options).unwrap()
    };
    for client in [client(), with("wrong-password")] {
        let denied = client.push(&reference, artifact(), None).await;
        let denied = denied.unwrap_err();
        assert!(matches!(denied, OciError::Denied { .. }), "{denied}");
        assert!(!denied.to_string().contains("wrong-password"), "{denied}");
    }
    let client = with(PASSWORD);
    client.push(&reference, artifact(), None).await.unwrap();
    assert_eq!(client.pull(&reference).await.unwrap().component, COMPONENT);
}

#[tokio::test]
async fn what_is_said_of_a_component_is_there_for_who_looks_at_the_registry() {
    let server = Server::start();
    let said = ("org.opencontainers.image.licenses", "Apache-2.0");
    let artifact = Artifact {
        annotations: vec![(said.0.to_owned(), said.1.to_owned())],
        ..artifact()
    };
    let reference = at(&server, "notes:1");
    client().push(&reference, artifact, None).await.unwrap();
    let manifest = raw(&server, "notes/manifests/1").await;
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["annotations"], json!({said.0: said.1}));
    assert_eq!(pull(&reference).await.unwrap().component, COMPONENT);
}

#[tokio::test]
async fn a_digest_is_nothing_to_push_to() {
    let server = Server::start();
    let pushed = push(&server, "notes:1", COMPONENT).await;
    let error = client().push(&pushed, artifact(), None).await;
    let error = error.unwrap_err();
    assert!(matches!(error, OciError::NotATag(_)), "{error}");
}
