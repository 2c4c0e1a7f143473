//! What happens to the drop folder that nobody wants: files that are never left alone, files that are no
//! files, a folder that goes away, a disk that is full. Each time the operator is told once, and what
//! was installed before goes on serving.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use koi_tests::{CpuTime, Guest, Node, NodeBuilder, eventually, extension};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{says, start};

fn folder_of(node: &Node) -> PathBuf {
    node.data_dir.join("extensions")
}

/// A guest of that name and version, with a tool of that name.
fn guest(name: &str, version: &str) -> Vec<u8> {
    let description = format!(r#"{{"name":"{name}","version":"{version}"}}"#);
    let guest = Guest {
        description,
        ..Guest::named(name)
    };
    guest.bytes().to_vec()
}

/// Puts a file in the place of another at once.
fn replace(folder: &Path, name: &str, bytes: &[u8]) {
    let hidden = folder.join(format!(".{name}.new"));
    std::fs::write(&hidden, bytes).unwrap();
    std::fs::rename(hidden, folder.join(name)).unwrap();
}

fn version_of(node: &Node, name: &str) -> Option<String> {
    let list = node.json(&["extension", "list"]);
    let found = list.as_array().unwrap().iter();
    let mut found = found.filter(|extension| extension["name"] == name);
    Some(found.next()?["version"].as_str().unwrap().to_owned())
}

async fn serves(node: &Node, name: &str, version: &str) {
    eventually(&format!("{name} {version}"), async || {
        (version_of(node, name).as_deref() == Some(version)).then_some(())
    })
    .await;
}

fn dropped(node: &Node) -> Value {
    node.json(&["extension", "dropped"])
}

/// Why a file is not installed, as soon as that is known.
async fn refused(node: &Node, file: &str) -> String {
    eventually(&format!("{file} refused"), async || {
        let dropped = dropped(node);
        let refused = dropped["refused"].as_array().unwrap().iter();
        let mut refused = refused.filter(|of| of["file"] == file);
        Some(refused.next()?["reason"].as_str().unwrap().to_owned())
    })
    .await
}

async fn is_watched(node: &Node, watched: bool) -> Value {
    eventually(&format!("watched: {watched}"), async || {
        let dropped = dropped(node);
        (dropped["watched"] == watched).then_some(dropped)
    })
    .await
}

/// How many lines of the log have all of the parts.
fn logged(node: &Node, parts: &[&str]) -> usize {
    let log = node.log();
    let has_all = |line: &&str| parts.iter().all(|part| line.contains(part));
    log.lines().filter(has_all).count()
}

/// Somebody who does the same again and again until this is dropped.
struct Writing {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Writing {
    fn begin(mut step: impl FnMut() + Send + 'static) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let told = over.clone();
        let thread = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                step();
            }
        });
        Self {
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[tokio::test]
async fn a_file_that_is_replaced_all_the_time_is_told_of_once_and_holds_nobody_up() {
    let temporary = tempfile::tempdir().unwrap();
    let node = start(&temporary);
    let folder = folder_of(&node);
    replace(&folder, "busy.wasm", &guest("busy", "1.0.0"));
    serves(&node, "busy", "1.0.0").await;
    let (next, into) = (guest("busy", "2.0.0"), folder.clone());
    let writing = Writing::begin(move || {
        replace(&into, "busy.wasm", &next);
        std::thread::sleep(Duration::from_millis(10));
    });
    std::fs::copy(extension("echo"), folder.join("echo.wasm")).unwrap();
    serves(&node, "echo", "0.1.0").await;
    let cpu_time = || CpuTime::of(node.process.id()).own;
    let (before, since) = (cpu_time(), Instant::now());
    let reason = refused(&node, "busy.wasm").await;
    assert!(reason.contains("all the time"), "{reason}");
    // Most of it goes into answering this test's questions.
    let used = cpu_time() - before;
    assert!(used < since.elapsed() / 2, "{used:?}");
    drop(writing);
    serves(&node, "busy", "2.0.0").await;
    assert_eq!(dropped(&node)["refused"], json!([]));
    assert_eq!(logged(&node, &["busy.wasm", "not installed"]), 1);
}

#[tokio::test]
async fn two_that_write_one_file_in_turns_leave_the_last_good_revision_serving() {
    let temporary = tempfile::tempdir().unwrap();
    let node = start(&temporary);
    let file = folder_of(&node).join("pair.wasm");
    std::fs::write(&file, guest("pair", "1.0.0")).unwrap();
    serves(&node, "pair", "1.0.0").await;
    let writers = ["2.0.0", "3.0.0"].map(|version| {
        let (file, bytes) = (file.clone(), guest("pair", version));
        Writing::begin(move || {
            std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
            std::thread::sleep(Duration::from_millis(7));
            std::fs::write(&file, &bytes).unwrap();
            std::thread::sleep(Duration::from_millis(5));
        })
    });
    for _ in 0..20 {
        node.json(&["call", "pair"]);
    }
    drop(writers);
    node.json(&["call", "pair"]);
    std::fs::write(&file, guest("pair", "4.0.0")).unwrap();
    serves(&node, "pair", "4.0.0").await;
}

#[tokio::test]
async fn a_file_that_grows_is_installed_when_it_is_whole() {
    use std::io::Write;
    let temporary = tempfile::tempdir().unwrap();
    let node = start(&temporary);
    let bytes = std::fs::read(extension("echo")).unwrap();
    let mut file = std::fs::File::create(folder_of(&node).join("echo.wasm")).unwrap();
    for piece in bytes.chunks(bytes.len().div_ceil(20)) {
        file.write_all(piece).unwrap();
        file.flush().unwrap();
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(file);
    serves(&node, "echo", "0.1.0").await;
    assert_eq!(node.json(&["extension", "list"])[0]["revision"], 1);
    let none_refused = async || (dropped(&node)["refused"] == json!([])).then_some(());
    eventually("nothing is refused", none_refused).await;
}

#[tokio::test]
async fn what_is_no_component_is_refused_with_its_reason_and_once() {
    let temporary = tempfile::tempdir().unwrap();
    let node = start(&temporary);
    let folder = folder_of(&node);
    let zeros = |name: &str, length: u64| {
        let file = std::fs::File::create(folder.join(name)).unwrap();
        file.set_len(length).unwrap();
    };
    zeros("zeros.wasm", 500 << 20);
    zeros("fewer.wasm", 100 << 20);
    let made = Command::new("mkfifo")
        .arg(folder.join("pipe.wasm"))
        .status();
    assert!(made.unwrap().success());
    std::fs::create_dir(folder.join("folder.wasm")).unwrap();
    symlink("/etc/hostname", folder.join("outside.wasm")).unwrap();
    symlink("nothing", folder.join("nowhere.wasm")).unwrap();
    std::fs::write(folder.join(".hidden.wasm"), "a letter").unwrap();
    std::fs::write(folder.join("letter.txt"), "a letter").unwrap();
    for (file, reason) in [
        ("zeros.wasm", "at most 256 MiB"),
        ("fewer.wasm", "not WebAssembly"),
        ("pipe.wasm", "regular file"),
        ("folder.wasm", "regular file"),
        ("outside.wasm", "cannot look at the file"),
        ("nowhere.wasm", "is a link"),
    ] {
        let told = refused(&node, file).await;
        assert!(told.contains(reason), "{file}: {told}");
        assert_eq!(logged(&node, &[file, "not installed"]), 1, "{file}");
    }
    let table = says(&node, &["extension", "list"]);
    for part in ["DROPPED FILE", "zeros.wasm", "pipe.wasm"] {
        assert!(table.contains(part), "{table}");
    }
    assert!(
        !table.contains("hidden") && !table.contains("letter"),
        "{table}"
    );
    // What goes is not spoken of any more.
    std::fs::remove_file(folder.join("zeros.wasm")).unwrap();
    eventually("zeros.wasm is gone", async || {
        (!dropped(&node).to_string().contains("zeros.wasm")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_folder_that_goes_away_is_told_of_once_and_watched_when_it_is_back() {
    let temporary = tempfile::tempdir().unwrap();
    let node = start(&temporary);
    let (folder, away) = (folder_of(&node), temporary.path().join("away"));
    std::fs::write(folder.join("one.wasm"), guest("one", "1.0.0")).unwrap();
    serves(&node, "one", "1.0.0").await;

    std::fs::rename(&folder, &away).unwrap();
    let lost = is_watched(&node, false).await;
    assert!(lost["since"].is_string(), "{lost}");
    // What changes there meanwhile is not the node's.
    std::fs::remove_file(away.join("one.wasm")).unwrap();
    node.json(&["call", "one"]);
    let told = says(&node, &["extension", "list"]);
    assert!(told.contains("is not watched since"), "{told}");
    assert_eq!(logged(&node, &["the drop folder is not watched"]), 1);

    // It comes back, and in it what there is counts.
    std::fs::write(away.join("one.wasm"), guest("one", "2.0.0")).unwrap();
    std::fs::rename(&away, &folder).unwrap();
    is_watched(&node, true).await;
    serves(&node, "one", "2.0.0").await;
    std::fs::write(folder.join("two.wasm"), guest("two", "1.0.0")).unwrap();
    serves(&node, "two", "1.0.0").await;

    // A link to another folder takes its place.
    std::fs::rename(&folder, &away).unwrap();
    let other = temporary.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("one.wasm"), guest("one", "3.0.0")).unwrap();
    symlink(&other, &folder).unwrap();
    serves(&node, "one", "3.0.0").await;
    eventually("two is gone with its file", async || {
        version_of(&node, "two").is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_node_starts_where_there_is_a_file_in_the_place_of_the_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("dropped");
    std::fs::write(&folder, "a letter").unwrap();
    let node = with_folder(&temporary, &folder).start();
    is_watched(&node, false).await;
    node.install("echo");
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("one.wasm"), guest("one", "1.0.0")).unwrap();
    serves(&node, "one", "1.0.0").await;
    assert!(dropped(&node)["watched"] == true);
}

fn with_folder(temporary: &TempDir, folder: &Path) -> NodeBuilder {
    NodeBuilder::new("node", &temporary.path().join("node"))
        .env("KOI_MCP_EXTENSIONS__DROP_FOLDER", &folder.to_string_lossy())
}

/// Has root keep to rights as everybody else does.
const WITHOUT_PRIVILEGES: [&str; 2] = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

#[tokio::test]
async fn a_folder_without_rights_is_told_of_and_watched_when_it_has_them() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("dropped");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("one.wasm"), guest("one", "1.0.0")).unwrap();
    let allow = |mode: u32| {
        let rights = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&folder, rights).unwrap();
    };
    allow(0o000);
    let mut builder = with_folder(&temporary, &folder);
    if is_root() {
        let [program, argument] = WITHOUT_PRIVILEGES;
        let tried = Command::new(program).args([argument, "true"]).status();
        if !tried.is_ok_and(|status| status.success()) {
            println!("SKIPPED: root cannot give up its privileges here");
            return;
        }
        builder = builder.through(&WITHOUT_PRIVILEGES);
    }
    let node = builder.start();
    let lost = is_watched(&node, false).await;
    let reason = lost["reason"].as_str().unwrap();
    assert!(reason.contains("ermission denied"), "{reason}");
    assert_eq!(logged(&node, &["the drop folder is not watched"]), 1);
    allow(0o755);
    is_watched(&node, true).await;
    serves(&node, "one", "1.0.0").await;
}

/// A limit on the size of files that is met is an error of the write, and not the end of the process.
const SURVIVING: [&str; 4] = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"];

/// What no file of a process may grow beyond from now on, as if the disk were full.
fn limit_files(node: &Node, bytes: &str) {
    let limited = Command::new("prlimit")
        .args(["--pid", &node.process.id().to_string()])
        .arg(format!("--fsize={bytes}:"))
        .status()
        .unwrap();
    assert!(limited.success());
}

/// The component with so many bytes more that do nothing.
fn padded(mut component: Vec<u8>, bytes: usize) -> Vec<u8> {
    // A custom section: its id, its length in LEB128, its name of one byte, and whatever.
    component.push(0);
    let mut length = bytes + 2;
    while length > 0 {
        let more = if length > 0x7f { 0x80 } else { 0 };
        component.push(u8::try_from(length & 0x7f).unwrap() | more);
        length >>= 7;
    }
    component.extend([1, b'p']);
    component.resize(component.len() + bytes, b'x');
    component
}

#[tokio::test]
async fn on_a_full_disk_the_last_good_revision_serves_and_the_next_one_is_tried_again() {
    let temporary = tempfile::tempdir().unwrap();
    let node = NodeBuilder::new("node", &temporary.path().join("node"))
        .through(&SURVIVING)
        .start();
    let folder = folder_of(&node);
    replace(&folder, "one.wasm", &guest("one", "1.0.0"));
    serves(&node, "one", "1.0.0").await;
    limit_files(&node, "1048576");
    replace(&folder, "one.wasm", &padded(guest("one", "2.0.0"), 4 << 20));
    let reason = refused(&node, "one.wasm").await;
    assert!(reason.contains("could not be stored"), "{reason}");
    node.json(&["call", "one"]);
    assert_eq!(version_of(&node, "one").as_deref(), Some("1.0.0"));
    assert_eq!(logged(&node, &["one.wasm", "not installed"]), 1);
    limit_files(&node, "unlimited");
    serves(&node, "one", "2.0.0").await;
    let none_refused = async || (dropped(&node)["refused"] == json!([])).then_some(());
    eventually("nothing is refused", none_refused).await;
}
