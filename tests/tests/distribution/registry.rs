//! From a file into a registry, and from there into nodes.

use serde_json::json;

use super::server::{PASSWORD, Server, USER};
use super::{builder, copy, echoes, key, start, text};

#[test]
fn a_component_is_pushed_pulled_and_installed_from_a_registry() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let node = start(&folder);
    let file = copy(folder.path(), "echo");
    let tag = format!("oci://{}/team/echo:1.0", server.address);
    let pushed = node.json(&["extension", "push", &file, &tag]);
    let resolved = pushed["reference"].as_str().unwrap().to_owned();
    assert!(
        resolved.starts_with(&format!("{tag}@sha256:")),
        "{resolved}"
    );
    assert_eq!(pushed["signed-by"], json!(null));

    let pulled = text(&folder.path().join("pulled.wasm"));
    let report = node.json(&["extension", "pull", &tag, "-o", &pulled]);
    assert_eq!(report["reference"], json!(resolved));
    assert_eq!(
        std::fs::read(&pulled).unwrap(),
        std::fs::read(&file).unwrap()
    );
    let again = node.refusal(&["extension", "pull", &tag, "-o", &pulled]);
    assert!(again.contains("is there already"), "{again}");

    let report = node.json(&["extension", "install", &tag]);
    assert_eq!(
        (&report["name"], &report["outcome"]),
        (&json!("echo"), &json!("new"))
    );
    assert_eq!(
        report["digest"],
        node.json(&["extension", "list"])[0]["digest"]
    );
    assert_eq!(
        node.json(&["extension", "list"])[0]["source"],
        json!(resolved)
    );
    assert!(echoes(&node));
}

#[test]
fn what_a_registry_does_not_have_or_has_changed_leaves_what_runs_alone() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let node = start(&folder);
    let file = copy(folder.path(), "echo");
    let tag = format!("oci://{}/echo:1.0", server.address);
    node.json(&["extension", "push", &file, &tag]);
    let digest = node.json(&["extension", "install", &tag])["digest"].clone();
    let before = node.json(&["extension", "list"]);

    let missing = format!("oci://{}/echo:2.0", server.address);
    let missing = node.refusal(&["extension", "install", &missing]);
    assert!(missing.contains("is not there"), "{missing}");
    let unspecific = format!("oci://{}/echo", server.address);
    let unspecific = node.refusal(&["extension", "install", &unspecific]);
    assert!(unspecific.contains("expected a tag"), "{unspecific}");

    let blob = server.blob(digest.as_str().unwrap());
    let mut bytes = std::fs::read(&blob).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&blob, bytes).unwrap();
    let tampered = node.refusal(&["extension", "install", &tag]);
    assert!(
        tampered.contains("is not what its digest names"),
        "{tampered}"
    );

    drop(server);
    let gone = node.refusal(&["extension", "install", &tag]);
    assert!(gone.contains("cannot be reached"), "{gone}");
    assert_eq!(node.json(&["extension", "list"]), before);
    assert!(echoes(&node));
}

#[test]
fn a_registry_that_asks_for_a_password_is_shown_the_nodes_secret_and_nobody_else() {
    let (server, folder) = (Server::start_with_password(), tempfile::tempdir().unwrap());
    let config = folder.path().join("koi-mcp.toml");
    let account = format!(
        "[extensions.oci.registries.\"{}\"]\nusername = \"{USER}\"\nsecret = \"REGISTRY\"\n",
        server.address
    );
    std::fs::write(&config, account).unwrap();
    // Commands read the same file: they run in the folder that it is in.
    let node = builder(&folder).args(["--config", &text(&config)]).start();
    let file = copy(folder.path(), "echo");
    let tag = format!("oci://{}/echo:1.0", server.address);
    let missing = node.refusal(&["extension", "push", &file, &tag]);
    assert!(missing.contains("koi-mcp secret set REGISTRY"), "{missing}");
    let secrets = node.data_dir.join("secrets.json");
    let write = |password: &str| {
        std::fs::write(&secrets, json!({"REGISTRY": password}).to_string()).unwrap();
    };
    write("wrong-password");
    let denied = node.refusal(&["extension", "install", &tag]);
    assert!(denied.contains("does not let this node"), "{denied}");
    write(PASSWORD);
    node.json(&["extension", "push", &file, &tag]);
    node.json(&["extension", "install", &tag]);
    assert!(echoes(&node));
    assert!(!node.log().contains(PASSWORD) && !node.log().contains("wrong-password"));
}

#[test]
fn a_signed_component_comes_from_a_registry_with_its_publisher() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let (private, public) = key(folder.path(), "trusted");
    let node = builder(&folder)
        .env("KOI_MCP_EXTENSIONS__SIGNATURES__POLICY", "require")
        .env(
            "KOI_MCP_EXTENSIONS__SIGNATURES__KEYS",
            &format!("[{:?}]", text(&public)),
        )
        .start();
    let file = copy(folder.path(), "echo");
    let tag = format!("oci://{}/echo:1.0", server.address);
    node.json(&["extension", "push", &file, &tag]);
    let unsigned = node.refusal(&["extension", "install", &tag]);
    assert!(unsigned.contains("is not signed"), "{unsigned}");
    let (other, _) = key(folder.path(), "other");
    let wrong = format!("oci://{}/echo:wrong", server.address);
    node.json(&[
        "extension",
        "push",
        &copy(folder.path(), "first-extension"),
        &wrong,
        "--sign",
        &text(&other),
    ]);
    let wrong = node.refusal(&["extension", "install", &wrong]);
    assert!(wrong.contains("and trusted are"), "{wrong}");
    assert_eq!(node.json(&["extension", "list"]), json!([]));

    node.json(&["extension", "push", &file, &tag, "--sign", &text(&private)]);
    node.json(&["extension", "install", &tag]);
    assert!(echoes(&node));
}
