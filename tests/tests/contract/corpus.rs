//! Guests that were compiled for the frozen contract load into a real node and answer as they did then.

use std::io::Read;
use std::path::{Path, PathBuf};

use koi_tests::{Node, NodeBuilder, eventually, repository};
use lzma_rust2::XzReader;
use serde::Deserialize;
use serde_json::Value;

/// What guests did when they were frozen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exercise {
    /// File names, without endings.
    guests: Vec<String>,
    /// The names of its tools.
    tools: Vec<String>,
    /// Calls in their order.
    calls: Vec<ToolCall>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolCall {
    tool: String,
    arguments: Value,
    answer: Value,
    /// What is stored afterwards, once handlers have seen it.
    stored: Option<Stored>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    rid: String,
    contents: Value,
}

fn corpus() -> PathBuf {
    repository().join("tests/corpus/0.1")
}

fn exercises() -> Vec<Exercise> {
    let text = std::fs::read(corpus().join("exercises.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The component, unpacked into a folder.
fn component(name: &str, folder: &Path) -> PathBuf {
    let plain = corpus().join(format!("{name}.wasm"));
    if plain.exists() {
        return plain;
    }
    let packed = corpus().join(format!("{name}.wasm.xz"));
    let packed = std::fs::read(&packed).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `cargo xtask corpus` writes it",
            packed.display()
        )
    });
    let mut bytes = Vec::new();
    XzReader::new(packed.as_slice(), false)
        .read_to_end(&mut bytes)
        .unwrap();
    let path = folder.join(format!("{name}.wasm"));
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The names of an extension's tools, in alphabetical order.
fn tools(node: &Node) -> Vec<String> {
    let listed = node.json(&["extension", "list"]);
    let tools = listed[0]["tools"].as_array().unwrap();
    let mut names: Vec<String> = tools
        .iter()
        .map(|tool| tool.as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

async fn goes_on_to_answer(name: &str, exercise: &Exercise) {
    let folder = tempfile::tempdir().unwrap();
    let node = NodeBuilder::new("node", &folder.path().join("node")).start();
    let file = component(name, folder.path());
    let file = file.to_string_lossy();
    // It describes itself, lists its tools and is started.
    node.json(&["extension", "install", &file, "--grant-asked"]);
    assert_eq!(tools(&node), exercise.tools, "{name}");
    for call in &exercise.calls {
        let arguments = call.arguments.to_string();
        let answer = node.json(&["call", &call.tool, "--args", &arguments]);
        assert_eq!(
            answer["structuredContent"], call.answer,
            "{name}: {} {arguments}",
            call.tool
        );
        if let Some(Stored { rid, contents }) = &call.stored {
            let stored = eventually(rid, async || node.read(rid)).await;
            assert_eq!(stored["contents"], *contents, "{name}: {rid}");
        }
    }
    assert_eq!(node.process.terminate(), Some(0));
}

#[tokio::test]
async fn guests_of_the_frozen_contract_go_on_to_answer_the_same() {
    for exercise in exercises() {
        for name in &exercise.guests {
            goes_on_to_answer(name, &exercise).await;
        }
    }
}

#[test]
fn the_corpus_has_a_guest_of_each_language_and_stays_small() {
    let guests: Vec<String> = exercises()
        .into_iter()
        .flat_map(|exercise| exercise.guests)
        .collect();
    for language in ["rust", "python", "typescript", "c"] {
        let ending = format!("-{language}");
        assert!(
            guests.iter().any(|name| name.ends_with(&ending)),
            "{language}"
        );
    }
    let files = std::fs::read_dir(corpus()).unwrap();
    let bytes: u64 = files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    assert!(bytes < 9 << 20, "{bytes} bytes");
}
