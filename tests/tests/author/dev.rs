//! `koi-mcp dev`: a change of a source is in the running node without anybody installing it.

use std::fs;
use std::process::Command;

use koi_tests::Process;
use serde_json::Value;

use crate::{failure, koi_mcp, new, source_with, start, tools};

/// The language that builds fastest.
const LANGUAGE: &str = "c";

#[test]
fn a_change_of_a_source_is_swapped_in_and_a_broken_one_keeps_the_old_serving() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let project = new(folder.path(), "notes", LANGUAGE);
    tools::lend(&project, LANGUAGE);
    let source = source_with(&project, "\"0.1.0\"");
    let text = fs::read_to_string(&source).unwrap();
    let data_dir = node.data_dir.to_string_lossy().into_owned();
    let mut command = koi_mcp(&project, &["dev", "--json", "--data-dir", &data_dir]);
    let (mut dev, watching) = Process::start(&mut command);
    assert_eq!(watching["event"], "watching");

    assert_eq!(dev.line()["event"], "built");
    let first = installed(&mut dev);
    assert_eq!(first["version"], "0.1.0");
    assert_eq!(first["missing"], serde_json::json!([]), "{first}");
    assert!(first["swap"]["from"].is_null(), "{first}");

    fs::write(&source, text.replace("\"0.1.0\"", "\"0.2.0\"")).unwrap();
    assert_eq!(dev.line()["event"], "built");
    let second = installed(&mut dev);
    assert_eq!(second["version"], "0.2.0");
    assert_eq!(
        second["swap"]["from"]["revision"], first["revision"],
        "{second}"
    );

    fs::write(&source, format!("{text}\n}}}} broken (\n")).unwrap();
    let failed = dev.line();
    assert_eq!(failed["event"], "failed", "{failed}");
    assert!(
        failed["error"].as_str().unwrap().contains("broken"),
        "{failed}"
    );
    let list = node.json(&["extension", "list"]);
    assert_eq!(list[0]["version"], "0.2.0");

    // The same component as the one that serves, so nothing is swapped.
    fs::write(&source, text.replace("\"0.1.0\"", "\"0.2.0\"")).unwrap();
    assert_eq!(dev.line()["event"], "unchanged");
    let interrupted = Command::new("kill")
        .args(["-INT", &dev.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    assert_eq!(dev.finish(), Some(0));
}

fn installed(dev: &mut Process) -> Value {
    let mut event = dev.line();
    assert_eq!(event["event"], "installed", "{event}");
    event["report"].take()
}

#[test]
fn without_a_node_it_says_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let project = new(folder.path(), "notes", LANGUAGE);
    let error = failure(&mut koi_mcp(&project, &["dev", "--data-dir", "nowhere"]));
    assert!(error.contains("koi-mcp serve"), "{error}");
}
