//! What other clients push is pulled here, and what is pushed here by them.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::server::{Server, program};
use super::{COMPONENT, at, client, pull, push};

/// Of the environment that `cargo xtask test` makes.
fn python() -> PathBuf {
    let tools = std::env::var_os("KOI_TEST_TOOLS");
    let tools = tools.expect("KOI_TEST_TOOLS is not set: run cargo xtask test");
    Path::new(&tools).join("oras/bin/python")
}

pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        said(&output.stdout),
        said(&output.stderr)
    );
    said(&output.stdout)
}

fn oras(folder: &Path, script: &str) {
    let script =
        format!("import oras.client\nclient = oras.client.OrasClient(insecure=True)\n{script}");
    run(Command::new(python())
        .current_dir(folder)
        .args(["-c", &script]));
}

#[tokio::test]
async fn a_component_that_oras_pushed_among_other_layers_is_pulled() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.wasm"), COMPONENT).unwrap();
    std::fs::write(folder.path().join("about.json"), "{}").unwrap();
    let push = format!(
        "client.push(target='{}/team/notes:1', files=[\n\
         'about.json:application/vnd.example.description+json', 'notes.wasm:application/wasm'])",
        server.address
    );
    oras(folder.path(), &push);
    let pulled = pull(&at(&server, "team/notes:1")).await.unwrap();
    assert_eq!(pulled.component, COMPONENT);
}

#[tokio::test]
async fn what_is_pushed_here_is_pulled_by_oras() {
    let server = Server::start();
    push(&server, "team/notes:1", COMPONENT).await;
    let folder = tempfile::tempdir().unwrap();
    let pull = format!(
        "client.pull(target='{}/team/notes:1', outdir='.')",
        server.address
    );
    oras(folder.path(), &pull);
    assert_eq!(
        std::fs::read(folder.path().join("notes.wasm")).unwrap(),
        COMPONENT
    );
}

#[tokio::test]
async fn what_skopeo_copies_is_the_same_component_of_the_same_digest() {
    let server = Server::start();
    let pushed = push(&server, "notes:1", COMPONENT).await;
    let from = format!("docker://{}/notes:1", server.address);
    let to = format!("docker://{}/mirror/notes:1", server.address);
    run(Command::new(program("skopeo")).args([
        "--insecure-policy",
        "copy",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        &from,
        &to,
    ]));
    let pulled = client().pull(&at(&server, "mirror/notes:1")).await.unwrap();
    assert_eq!(pulled.component, COMPONENT);
    assert_eq!(pulled.reference.digest(), pushed.digest());
}
