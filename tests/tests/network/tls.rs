//! Nodes that speak with each other over TLS, with an authority of their own.

use std::path::{Path, PathBuf};

use koi_tests::{Kind, Node, NodeBuilder, PeerBuilder, eventually};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde_json::json;

/// The files of an authority, and of a certificate for the loopback from it.
struct Files {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn make(folder: &Path, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let authority = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);

        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &issuer).unwrap();

        let file = |part: &str, text: String| {
            let path = folder.join(format!("{name}-{part}.pem"));
            std::fs::write(&path, text).unwrap();
            path
        };
        Self {
            authority: file("authority", authority.pem()),
            certificate: file("certificate", certificate.pem()),
            key: file("key", key.serialize_pem()),
        }
    }

    /// A node that shows the certificate, and believes an authority.
    fn node(&self, name: &str, folder: &Path, believes: &Self) -> NodeBuilder {
        NodeBuilder::new(name, &folder.join(name))
            .env("KOI_MCP_KOI__TLS__CERTIFICATE", text(&self.certificate))
            .env("KOI_MCP_KOI__TLS__KEY", text(&self.key))
            .env("KOI_MCP_KOI__TLS__ROOTS", text(&believes.authority))
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn joining(builder: NodeBuilder, hub: &Node) -> NodeBuilder {
    builder.args([
        "--first-contact",
        &hub.koi_url,
        "--first-contact-rid",
        &hub.rid,
    ])
}

async fn says(node: &Node, expected: &str) {
    eventually(&format!("{expected:?} in the log"), async || {
        node.log().contains(expected).then_some(())
    })
    .await;
}

#[tokio::test]
async fn nodes_with_an_authority_of_their_own_meet_over_tls_and_no_other_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let (own, foreign) = (
        Files::make(folder.path(), "own"),
        Files::make(folder.path(), "foreign"),
    );
    let hub = own
        .node("hub", folder.path(), &own)
        .args(["--role", "coordinator"])
        .start();
    assert!(
        hub.koi_url.starts_with("https://127.0.0.1:"),
        "{}",
        hub.koi_url
    );
    hub.install("agent-personality");

    // Each is server to the other: the newcomer's profile tells its own https URL.
    let alpha = joining(own.node("alpha", folder.path(), &own), &hub).start();
    alpha.install("agent-personality");
    let personality = "orn:agent.personality:alpha/1.0";
    alpha.json(&[
        "call",
        "update_traits",
        "--args",
        r#"{"traits":{"mood":"calm"}}"#,
    ]);
    eventually("the newcomer's personality at the hub", async || {
        hub.read(personality)
    })
    .await;

    // Whoever does not know the authority is not fooled by who is there, and says what to do.
    let stray = joining(own.node("stray", folder.path(), &foreign), &hub).start();
    says(&stray, "its certificate is not accepted").await;
    says(&stray, "koi.tls.roots").await;
    assert!(hub.read(&stray.rid).is_none());
    // Nor is who shows another authority's certificate.
    let impostor = joining(foreign.node("impostor", folder.path(), &own), &hub).start();
    eventually("the impostor at the hub", async || hub.read(&impostor.rid)).await;
    says(&hub, "its certificate is not accepted").await;
}

#[tokio::test]
async fn a_python_node_that_is_told_the_authority_joins_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::make(folder.path(), "own");
    let hub = files
        .node("hub", folder.path(), &files)
        .args(["--role", "coordinator"])
        .start();
    hub.install("agent-personality");
    let partial = PeerBuilder::new(Kind::Partial, "partial", folder.path())
        .env("SSL_CERT_FILE", text(&files.authority))
        .interest("orn:koi-net.node")
        .interest("orn:agent.personality")
        .first_contact(&hub.rid, &hub.koi_url)
        .start();
    partial
        .subscribes_to(&hub.rid, "orn:agent.personality")
        .await;
    let bob = "orn:agent.personality:bob/1.0";
    partial.push(bob, json!({"rid": bob, "traits": []})).await;
    eventually("the hub's profile at the Python node", async || {
        partial.bundle(&hub.rid).await
    })
    .await;
    hub.json(&[
        "call",
        "update_traits",
        "--args",
        r#"{"traits":{"mood":"calm"}}"#,
    ]);
    partial.receives("orn:agent.personality:hub/1.0").await;
}

#[tokio::test]
async fn a_server_with_tls_answers_nobody_without() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::make(folder.path(), "own");
    let hub = files.node("hub", folder.path(), &files).start();
    let plain = hub.koi_url.replace("https://", "http://");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{plain}/events/poll");
    assert!(http.post(&url).body("{}").send().await.is_err());
    // Connections that say nothing keep nobody out.
    let address = plain
        .trim_start_matches("http://")
        .trim_end_matches("/koi-net");
    let mut idle = Vec::new();
    for _ in 0..50 {
        idle.push(tokio::net::TcpStream::connect(address).await.unwrap());
    }
    let alpha = joining(files.node("alpha", folder.path(), &files), &hub).start();
    eventually("the newcomer at the hub", async || hub.read(&alpha.rid)).await;
    assert_eq!(hub.process.terminate(), Some(0));
}

#[test]
fn a_file_that_does_not_serve_is_named_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (
        Files::make(folder.path(), "own"),
        Files::make(folder.path(), "other"),
    );
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    let missing = folder.path().join("missing.pem");
    for (variable, path, key, expected) in [
        (
            "CERTIFICATE",
            &missing,
            "koi.tls.certificate",
            "missing.pem",
        ),
        ("CERTIFICATE", &empty, "koi.tls.certificate", "empty.pem"),
        ("KEY", &missing, "koi.tls.key", "missing.pem"),
        ("KEY", &empty, "koi.tls.key", "empty.pem"),
        ("KEY", &other.key, "koi.tls.key", "own-certificate.pem"),
        ("ROOTS", &missing, "koi.tls.roots", "missing.pem"),
        ("ROOTS", &empty, "koi.tls.roots", "empty.pem"),
    ] {
        let node = own.node("node", folder.path(), &own);
        let refusal = node
            .env(&format!("KOI_MCP_KOI__TLS__{variable}"), text(path))
            .refusal();
        assert!(
            refusal.contains(key) && refusal.contains(expected),
            "{refusal}"
        );
    }
}
