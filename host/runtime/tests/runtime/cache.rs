//! Compiled code on disk is used again, and believed only under the key that it was written with.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use koi_runtime::{CompileLimits, Runtime, RuntimeConfig};

use crate::guest::{Guest, runtime_of};
use crate::ports::call;

fn runtime(folder: &Path, key: u8) -> Runtime {
    runtime_of(RuntimeConfig {
        cache_dir: Some(folder.to_owned()),
        cache_key: [key; 32],
        slots: 4,
        ..RuntimeConfig::default()
    })
}

/// The one entry of a cache.
fn entry(folder: &Path) -> PathBuf {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.remove(0)
}

async fn load_and_call(runtime: &Runtime) {
    let extension = Guest::default().load(runtime).await;
    let answer = extension.call_tool(call(), "t", "[1]").await;
    assert_eq!(answer.expect("an answer"), "[1]");
}

#[tokio::test]
async fn compiled_code_is_kept_for_its_owner_and_used_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("code");
    load_and_call(&runtime(&cache, 1)).await;
    let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!(mode(&cache), 0o700);
    let path = entry(&cache);
    assert_eq!(mode(&path), 0o600);
    // What is used again is not written again.
    let written = fs::metadata(&path)
        .expect("metadata")
        .modified()
        .expect("a time");
    load_and_call(&runtime(&cache, 1)).await;
    let now = fs::metadata(&path)
        .expect("metadata")
        .modified()
        .expect("a time");
    assert_eq!(now, written);
}

#[tokio::test]
async fn a_tampered_entry_is_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    load_and_call(&runtime(folder.path(), 1)).await;
    let path = entry(folder.path());
    let good = fs::read(&path).expect("an entry");
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for bad in [
        flipped,
        good[..good.len() - 1].to_vec(),
        good[..16].to_vec(),
        Vec::new(),
    ] {
        fs::write(&path, &bad).expect("a tampered entry");
        load_and_call(&runtime(folder.path(), 1)).await;
        let now = fs::read(&path).expect("an entry");
        assert!(now != bad, "the tampered entry is still there");
    }
}

#[tokio::test]
async fn an_entry_under_another_key_is_not_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    load_and_call(&runtime(folder.path(), 1)).await;
    let first = fs::read(entry(folder.path())).expect("an entry");
    load_and_call(&runtime(folder.path(), 2)).await;
    let second = fs::read(entry(folder.path())).expect("an entry");
    assert!(first != second, "it was not made again under another key");
}

#[tokio::test]
async fn an_entry_of_another_component_is_not_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    load_and_call(&runtime(&one, 1)).await;
    Guest::with_tool("(unreachable)")
        .load(&runtime(&other, 1))
        .await;
    // The code of the guest that crashes, under the name of the one that answers.
    fs::copy(entry(&other), entry(&one)).expect("a copy");
    load_and_call(&runtime(&one, 1)).await;
}

#[tokio::test]
async fn what_was_used_longest_ago_is_removed_when_there_is_too_much() {
    let folder = tempfile::tempdir().expect("a folder");
    let guests = [
        Guest::default(),
        Guest::with_tool("(unreachable)"),
        Guest::with_tool("(call $done)"),
    ];
    guests[0].load(&runtime(folder.path(), 1)).await;
    let first = entry(folder.path());
    guests[1].load(&runtime(folder.path(), 1)).await;
    // The first one is used again, so that the second one is now the oldest.
    guests[0].load(&runtime(folder.path(), 1)).await;
    let bounded = runtime_of(RuntimeConfig {
        cache_dir: Some(folder.path().to_owned()),
        cache_key: [1; 32],
        compile_limits: CompileLimits {
            cache: fs::metadata(&first).expect("metadata").len() * 5 / 2,
            ..CompileLimits::default()
        },
        ..RuntimeConfig::default()
    });
    guests[2].load(&bounded).await;
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);
    assert!(first.exists(), "what was used last is gone");
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let error = Runtime::new(RuntimeConfig {
        cache_dir: Some(file.path().to_owned()),
        ..RuntimeConfig::default()
    });
    let text = error.err().expect("a refusal").to_string();
    assert!(text.contains(&file.path().display().to_string()), "{text}");
}
