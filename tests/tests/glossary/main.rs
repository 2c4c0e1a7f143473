//! The glossary in four languages: one extension, by `examples/glossary/SPEC.md`. Each goes through the same
//! exchanges on a node of its own, and has to answer to the letter, so that all answer alike.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod client;
mod server;
mod steps;

use koi_tests::{Node, NodeBuilder, eventually};
use tempfile::TempDir;

use steps::Exchanges;

/// A node with one of the glossaries, granted what it asks for and the server of the test.
fn node(folder: &TempDir, glossary: &str, server: &server::Server) -> Node {
    let node = NodeBuilder::new("glossary", &folder.path().join("node")).start();
    node.install(glossary);
    let grant = format!("http=GET:{}", server.url());
    node.json(&["extension", "grant", "glossary", &grant]);
    node
}

async fn answers_as_specified(glossary: &str) {
    let folder = tempfile::tempdir().unwrap();
    let server = server::Server::start();
    let node = node(&folder, glossary, &server);
    Exchanges::new(&node, &server).run().await;
    // What was stopped leaves nothing but its reason: one publication of the operator, one of a tool.
    eventually("two objects that were stopped", async || {
        let reason = "the vocabulary `private` stays where it is";
        (node.log().matches(reason).count() == 2).then_some(())
    })
    .await;
    assert_eq!(node.read("orn:glossary.term:private/event"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_glossary_in_rust_answers_as_specified() {
    answers_as_specified("glossary-rust").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_glossary_in_python_answers_as_specified() {
    answers_as_specified("glossary-python").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_glossary_in_typescript_answers_as_specified() {
    answers_as_specified("glossary-typescript").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_glossary_in_c_answers_as_specified() {
    answers_as_specified("glossary-c").await;
}
