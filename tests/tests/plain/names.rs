//! What plain components are called, and what of them is refused by name.

use koi_tests::{Guest, Node, eventually, extension};
use serde_json::json;

use crate::start;

/// A component whose one function is at its root, and gives a number.
fn seven() -> Vec<u8> {
    component(
        r#"(func $seven (result u32) (canon lift (core func $i "seven")))
        (export "seven" (func $seven))"#,
    )
}

fn component(rest: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
        (core module $m (func (export "seven") (result i32) (i32.const 7)))
        (core instance $i (instantiate $m)) {rest})"#
    );
    wat::parse_str(text).unwrap()
}

fn refused(node: &Node, file: &std::path::Path, more: &[&str]) -> String {
    let file = file.to_string_lossy();
    node.refusal(&[&["extension", "install", &file], more].concat())
}

#[tokio::test]
async fn the_drop_folder_calls_a_component_after_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let dropped = node.data_dir.join("extensions/lucky_number.wasm");
    std::fs::write(&dropped, seven()).unwrap();
    eventually("the component is installed", async || {
        let list = node.json(&["extension", "list"]);
        let mut extensions = list.as_array()?.iter();
        extensions
            .any(|extension| extension["name"] == "lucky-number")
            .then_some(())
    })
    .await;
    let answer = node.json(&["call", "seven"]);
    assert!(answer.to_string().contains('7'), "{answer}");
}

#[tokio::test]
async fn its_operator_says_what_a_component_is_called_and_an_extension_itself() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let file = folder.path().join("7.wasm");
    std::fs::write(&file, seven()).unwrap();
    assert!(refused(&node, &file, &[]).contains("--name NAME"));
    assert!(refused(&node, &file, &["--name", "Seven!"]).contains("no name for an extension"));
    let path = file.to_string_lossy();
    let named = node.json(&["extension", "install", &path, "--name", "numbers"]);
    assert_eq!(named["name"], "numbers");
    assert_eq!(named["tools"], json!(["seven"]));
    // The same name again is its next revision.
    let again = node.json(&["extension", "install", &path, "--name", "numbers"]);
    assert_eq!(again["outcome"], "unchanged");
    let diff = node.json(&["extension", "diff", "numbers", "--file", &path]);
    assert_eq!(diff["extension"], "numbers");
    assert_eq!(
        diff["tools"],
        json!({"added": [], "removed": [], "changed": []})
    );
    assert!(
        node.refusal(&["extension", "diff", "--file", &path])
            .contains("--name NAME")
    );

    let told = refused(&node, &extension("echo"), &["--name", "other"]);
    assert!(told.contains("calls itself `echo`"), "{told}");
}

#[tokio::test]
async fn resources_and_streams_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let file = folder.path().join("refused.wasm");
    let resource = r#"(type $counter' (resource (rep i32)))
        (export $counter "counter" (type $counter'))
        (func $make (result (own $counter)) (canon lift (core func $i "seven")))
        (instance $store (export "counter" (type $counter)) (export "make" (func $make)))
        (export "test:counters/store" (instance $store))"#;
    std::fs::write(&file, component(resource)).unwrap();
    let told = refused(&node, &file, &[]);
    assert!(told.contains("`make` of `test:counters/store`"), "{told}");
    assert!(told.contains("resource"), "{told}");

    let stream = r#"(type $bytes (stream u8))
        (func $read (result $bytes) (canon lift (core func $i "seven")))
        (export "read" (func $read))"#;
    std::fs::write(&file, component(stream)).unwrap();
    let told = refused(&node, &file, &[]);
    assert!(
        told.contains("its function `read` has a stream in its result"),
        "{told}"
    );

    // What exports nothing at all is no component of any kind.
    std::fs::write(&file, component("")).unwrap();
    assert!(refused(&node, &file, &[]).contains("no koi-mcp extension"));
    let guest = Guest::named("own");
    std::fs::write(&file, guest.bytes()).unwrap();
    let named = node.json(&[
        "extension",
        "install",
        &file.to_string_lossy(),
        "--name",
        "own",
    ]);
    assert_eq!(named["name"], "own");
}
