//! An extension uses secrets and never sees them; who changed what it may do is recorded.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use koi_tests::{Guest, eventually, program};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{says, start};

const VALUE: &str = "hunter2-hunter2";
const BASE64: &str = "aHVudGVyMi1odW50ZXIy";
const HEX: &str = "68756e746572322d68756e74657232";

/// With a value on standard input, as an operator's script would give it.
fn set_secret(data_dir: &Path, name: &str, value: &str) -> bool {
    let mut child = Command::new(program("koi-mcp"))
        .args(["secret", "set", name, "--data-dir"])
        .arg(data_dir)
        .current_dir(data_dir.parent().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{value}").unwrap();
    drop(input);
    child.wait().unwrap().success()
}

/// A guest that asks for the secret `KEY`, with a tool of its name.
fn guest(folder: &TempDir, name: &str, call_tool: &'static str) -> String {
    let guest = Guest {
        call_tool,
        description: json!({"name": name, "version": "1.0.0", "asks": {"secrets": ["KEY"]}})
            .to_string(),
        ..Guest::named(name)
    };
    let file = folder.path().join(format!("{name}.wasm"));
    std::fs::write(&file, guest.bytes()).unwrap();
    file.to_string_lossy().into_owned()
}

#[tokio::test]
async fn a_secret_is_not_heard_from_an_extension_that_has_got_hold_of_it() {
    let folder = tempfile::tempdir().unwrap();
    // Before there is a node, and while there is one.
    assert!(set_secret(&folder.path().join("node"), "KEY", VALUE));
    let node = start(&folder);
    assert!(set_secret(&node.data_dir, "OTHER", "another-secret"));
    assert!(!set_secret(&node.data_dir, "SHORT", "short"));

    let says_again = "(call $text (local.get $args) (local.get $args-len))";
    let fails = "(call $fail (i32.const 1) (local.get $args) (local.get $args-len))";
    let logs = "(call $log (i32.const 2) (i32.const 48) (i32.const 4) (local.get $args) (local.get $args-len)) \
                (call $text (i32.const 0) (i32.const 2))";
    for (name, call_tool) in [
        ("echoing", says_again),
        ("failing", fails),
        ("logging", logs),
    ] {
        let file = guest(&folder, name, call_tool);
        let grant = ["--grant", "secret=KEY@api.example.com"];
        let install = ["extension", "install", &file];
        node.json(&[&install[..], &grant[..]].concat());
    }
    let args = json!({"structuredContent": {"plain": VALUE, "base64": BASE64, "hex": HEX}});
    let args = args.to_string();
    let answer = node.json(&["call", "echoing", "--args", &args]);
    let hidden = json!({"plain": "[secret:KEY]", "base64": "[secret:KEY]", "hex": "[secret:KEY]"});
    assert_eq!(answer["structuredContent"], hidden);
    let told = node.refusal(&["call", "failing", "--args", &args]);
    assert!(told.contains("[secret:KEY]"), "{told}");
    says(&node, &["call", "logging", "--args", &args]);
    eventually("the log line", async || {
        node.log().contains("[secret:KEY]").then_some(())
    })
    .await;
    for said in [told, node.log()] {
        for form in [VALUE, BASE64, HEX] {
            assert!(!said.contains(form), "{form} in {said}");
        }
    }

    let listed = node.json(&["secret", "list"]);
    assert_eq!(listed[0]["name"], "KEY");
    assert_eq!(
        listed[0]["granted"]["echoing"],
        json!(["secret=KEY@api.example.com"])
    );
    assert_eq!(listed[1]["granted"], json!({}));
    assert!(!listed.to_string().contains(VALUE));
    says(&node, &["secret", "remove", "OTHER"]);
    let log = node.json(&["audit"]);
    let actions: Vec<&str> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    let installs = ["install"; 3];
    let expected = [&["secret-remove"][..], &installs, &["secret-set"; 2]].concat();
    assert_eq!(actions, expected);
    assert!(
        log.as_array()
            .unwrap()
            .iter()
            .all(|entry| entry["who"] == "operator")
    );
}

#[tokio::test]
async fn grants_are_shown_recorded_and_proposed_from_what_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    // The tool asks for a RID to be forgotten, which it has not been granted.
    let forgets = "(call $forget (i32.const 16) (i32.const 18) (i32.const 1024)) (i32.const 1024)";
    let guest = Guest {
        call_tool: forgets,
        description: json!({"name": "tidy", "version": "1.0.0", "asks": {
            "forget": ["orn:test.thing"], "read": ["orn:test.thing"]}})
        .to_string(),
        ..Guest::named("tidy")
    };
    let file = folder.path().join("tidy.wasm");
    std::fs::write(&file, guest.bytes()).unwrap();
    let file = file.to_string_lossy();
    node.json(&["extension", "install", &file, "--learn"]);
    // What the tool answers with is no matter here.
    let _ = node.command(&["call", "tidy"]);
    let learned = node.json(&["extension", "learned", "tidy"]);
    assert_eq!(learned["propose"], json!(["forget=orn:test.thing:one"]));
    assert_eq!(learned["tried"], json!([["forget=orn:test.thing:one", 1]]));
    let shown = says(&node, &["extension", "learned", "tidy"]);
    let command = "koi-mcp extension grant tidy forget=orn:test.thing:one";
    assert!(shown.contains(command), "{shown}");

    let grant = [
        "extension",
        "grant",
        "tidy",
        "forget=orn:test.thing:one",
        "handle=orn:x.y",
    ];
    says(&node, &grant);
    let grants = node.json(&["extension", "grants", "tidy"]);
    assert_eq!(grants["in-force"], json!(["forget=orn:test.thing:one"]));
    assert_eq!(
        grants["missing"],
        json!(["read=orn:test.thing", "forget=orn:test.thing"])
    );
    assert_eq!(
        node.json(&["extension", "learned", "tidy"])["propose"],
        json!([])
    );
    says(&node, &["extension", "revoke", "tidy", "handle=orn:x.y"]);

    let log = node.json(&["audit", "--extension", "tidy"]);
    let changes: Vec<(&Value, &Value)> = log
        .as_array()
        .unwrap()
        .iter()
        .take(2)
        .map(|entry| (&entry["before"], &entry["after"]))
        .collect();
    let one = json!(["forget=orn:test.thing:one"]);
    let both = json!(["forget=orn:test.thing:one", "handle=orn:x.y"]);
    assert_eq!(changes, [(&both, &one), (&json!([]), &both)]);
}
