//! A call is recorded on the running node and runs again the same to the byte, with all that it asked
//! gone.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use koi_tests::{Guest, Node, NodeBuilder, eventually, extension, program};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{says, start};

/// A web server that can go away.
struct Server {
    port: u16,
    asked: Arc<AtomicUsize>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers each request with what it was asked; one for `/late` once two were asked for `/early`.
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, ending) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (counter, end) = (asked.clone(), ending.clone());
        let thread = std::thread::spawn(move || {
            let mut late = Vec::new();
            while let Ok((mut stream, _)) = listener.accept() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                counter.fetch_add(1, Ordering::SeqCst);
                let request = request(&mut stream);
                match request.starts_with("GET /late") {
                    // Held, and so unanswered, until the server ends.
                    true => late.push(stream),
                    false => answer(&mut stream, &request),
                }
            }
        });
        Self {
            port,
            asked,
            ending,
            thread: Some(thread),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// Ends it; how often it was asked.
    fn end(mut self) -> usize {
        self.stop();
        self.asked.load(Ordering::SeqCst)
    }

    fn stop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The head of a request and, where it says so, its body.
fn request(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return text,
            Ok(count) => seen.extend_from_slice(&part[..count]),
        }
    }
}

fn answer(stream: &mut TcpStream, request: &str) {
    let body = format!("you asked: {request}");
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
}

fn install(node: &Node, name: &str, grants: &[&str]) {
    let file = extension(name);
    let file = file.to_string_lossy();
    let mut args = vec!["extension", "install", &file];
    for grant in grants {
        args.extend(["--grant", grant]);
    }
    node.json(&args);
}

const ALL: [&str; 7] = [
    "read=orn:journey.note",
    "handle=orn:journey.note",
    "publish=orn:journey.note",
    "capability=keyvalue",
    "capability=config",
    "capability=network",
    "http=*:http://localhost:*",
];

fn file(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_string_lossy().into_owned()
}

/// Records a call of a tool into a file; the recording.
fn record(node: &Node, file: &str, tool: &str, arguments: &Value) -> Value {
    let arguments = arguments.to_string();
    node.json(&["record", tool, "--args", &arguments, "--out", file]);
    read(file)
}

fn read(file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn ports(recording: &Value) -> Vec<&str> {
    let steps = recording["steps"].as_array().unwrap().iter();
    steps.map(|step| step["port"].as_str().unwrap()).collect()
}

/// The exit code of a replay without a node, and what it says.
fn replay_alone(folder: &TempDir, recording: &str, component: &str) -> (Option<i32>, String) {
    let output = Command::new(program("koi-mcp"))
        .args(["replay", recording, "--component", component])
        .current_dir(folder.path())
        .output()
        .unwrap();
    said(&output)
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout) + &text(&output.stderr);
    (output.status.code(), said)
}

async fn publish_note(node: &Node, folder: &TempDir) {
    let note = file(folder, "note.json");
    let object = json!({"rid": "orn:journey.note:one", "contents": {"text": "find me"}});
    std::fs::write(&note, object.to_string()).unwrap();
    says(node, &["publish", &note]);
    eventually("the note", async || node.read("orn:journey.note:one")).await;
}

#[tokio::test]
async fn a_call_runs_again_the_same_to_the_byte_when_all_that_it_asked_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    install(&node, "journey", &ALL);
    publish_note(&node, &folder).await;
    let server = Server::start();
    let route = json!({"note": "orn:journey.note:one", "url": server.url("/a?b=c")});
    let recorded = file(&folder, "wander.json");
    let recording = record(&node, &recorded, "wander", &route);
    assert_eq!(server.end(), 1);
    let mode = std::fs::metadata(&recorded).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    for port in [
        "caller.who",
        "caller.progress",
        "key-value.increment",
        "key-value.set",
        "key-value.get",
        "knowledge.dereference",
        "knowledge.publish",
        "knowledge.query",
        "knowledge.read",
        "schemas.transform",
        "log.log",
        "http.begin",
        "http.exchange",
        "clock.wall",
        "clock.monotonic",
        "random.fill",
        "network.this-node",
        "network.neighbours",
        "config.get",
        "environment.variables",
    ] {
        assert!(
            ports(&recording).contains(&port),
            "{port} in {:?}",
            ports(&recording)
        );
    }
    let answer = recording["ended"]["answer"].as_str().unwrap();
    for seen in [
        "find me",
        "you asked: GET /a?b=c",
        "\"times\":1",
        "\"words\":2",
    ] {
        assert!(
            answer.contains(seen) || answer.contains(&seen.replace('"', "\\\"")),
            "{answer}"
        );
    }
    // Nobody can connect, whatever is granted.
    assert!(!answer.contains("\"socket\":\"open\""), "{answer}");

    // What it published is there: the call was a real one. The replay changes nothing more.
    eventually("the copy", async || node.read("orn:journey.note:copy-1")).await;
    let told = says(&node, &["replay", &recorded]);
    assert!(told.starts_with("the same to the byte: "), "{told}");
    let report = node.json(&["replay", &recorded]);
    assert_eq!(report["same"], true);
    assert_eq!(report["digest"], recording["digest"]);
    assert!(node.read("orn:journey.note:copy-2").is_none());
    // The node has the component by its digest, also when the extension is gone.
    says(&node, &["extension", "remove", "journey"]);
    says(&node, &["replay", &recorded]);
    drop(node);
    let component = extension("journey");
    let (code, told) = replay_alone(&folder, &recorded, &component.to_string_lossy());
    assert_eq!(code, Some(0), "{told}");
    assert!(told.starts_with("the same to the byte: "), "{told}");
}

#[tokio::test]
async fn a_tampered_recording_and_another_component_are_told_with_the_step() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    install(&node, "journey", &ALL);
    publish_note(&node, &folder).await;
    let server = Server::start();
    let route = json!({"note": "orn:journey.note:one", "url": server.url("/")});
    let recorded = file(&folder, "wander.json");
    let recording = record(&node, &recorded, "wander", &route);

    // A sum of the key-value store: it is in the name under which the guest publishes.
    let at = |port: &str| ports(&recording).iter().position(|p| *p == port).unwrap();
    let mut tampered = recording.clone();
    tampered["steps"][at("key-value.increment")]["answered"] = json!({"ok": 41});
    let forged = file(&folder, "forged.json");
    std::fs::write(&forged, tampered.to_string()).unwrap();
    let (code, told) = said(&node.command(&["replay", &forged]));
    assert_eq!(code, Some(3), "{told}");
    let step = format!("at step {}:", at("knowledge.publish") + 1);
    assert!(told.contains(&step), "{step} {told}");
    assert!(
        told.contains("copy-1") && told.contains("copy-41"),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1, "{told}");
    let (code, text) = said(&node.command(&["replay", &forged, "--json"]));
    assert_eq!(code, Some(3), "{text}");
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["same"], false);
    assert_eq!(report["divergence"]["step"], at("knowledge.publish") + 1);

    let other = extension("echo");
    let (code, told) = replay_alone(&folder, &recorded, &other.to_string_lossy());
    assert_eq!(code, Some(3), "{told}");
    assert!(
        told.contains("step") && told.contains("another component"),
        "{told}"
    );

    std::fs::write(&forged, "{\"form\": 7}").unwrap();
    let (code, told) = said(&node.command(&["replay", &forged]));
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("form 7"), "{told}");
    let mut unknown = recording.clone();
    unknown["digest"] = "0".repeat(64).into();
    std::fs::write(&forged, unknown.to_string()).unwrap();
    let refusal = node.refusal(&["replay", &forged]);
    assert!(refusal.contains("--component"), "{refusal}");
}

#[tokio::test]
async fn what_comes_first_of_several_comes_first_again() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    install(&node, "journey", &ALL);
    let server = Server::start();
    // The first request is never answered; in a replay all answers are there at once.
    let host = format!("localhost:{}", server.port);
    for (paths, first) in [(["/late", "/early"], 1), (["/early", "/late"], 0)] {
        let recorded = file(&folder, "race.json");
        let recording = record(
            &node,
            &recorded,
            "race",
            &json!({"host": host, "paths": paths}),
        );
        let answer = recording["ended"]["answer"].as_str().unwrap();
        assert!(answer.contains(&format!("[{first}]")), "{answer}");
        says(&node, &["replay", &recorded]);
    }
    // Both are answered; which comes first is as it was.
    let recorded = file(&folder, "race.json");
    let paths = ["/one", "/two"];
    for _ in 0..5 {
        record(
            &node,
            &recorded,
            "race",
            &json!({"host": host, "paths": paths}),
        );
        says(&node, &["replay", &recorded]);
    }
}

#[test]
fn a_call_that_ran_out_of_instructions_runs_again_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    let node = NodeBuilder::new("node", &folder.path().join("node"))
        .env("KOI_MCP_RUNTIME__FUEL", "true")
        .start();
    let guest = Guest {
        call_tool: "(loop $l (br $l)) (unreachable)",
        ..Guest::named("spinning")
    };
    let component = file(&folder, "spinning.wasm");
    std::fs::write(&component, guest.bytes()).unwrap();
    node.json(&["extension", "install", &component]);
    says(
        &node,
        &["extension", "grant", "spinning", "limit=fuel:1000000"],
    );
    let told = node.refusal(&["call", "spinning"]);
    let met = "limit of 1000000 instructions fuel (setting `limits.fuel`)";
    assert!(told.contains(met), "{told}");
    let recorded = file(&folder, "spinning.json");
    let recording = record(&node, &recorded, "spinning", &json!({}));
    assert_eq!(recording["ended"]["limit"]["setting"], "limits.fuel");
    let told = says(&node, &["replay", &recorded]);
    assert!(told.starts_with("the same to the byte: "), "{told}");
    drop(node);
    let (code, told) = replay_alone(&folder, &recorded, &component);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.starts_with("the same to the byte: "), "{told}");
}

#[test]
fn an_extension_with_folders_is_not_recorded_and_told_which() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let notes = folder.path().join("notes");
    std::fs::create_dir(&notes).unwrap();
    let grant = format!("files=read:/read={}", notes.display());
    install(&node, "reach", &[&grant, "environment=HOME"]);
    let recorded = file(&folder, "environment.json");
    let args = ["record", "environment", "--out", &recorded];
    let refusal = node.refusal(&args);
    assert!(
        refusal.contains("/read") && refusal.contains("reach"),
        "{refusal}"
    );
    assert!(!folder.path().join("environment.json").exists());
    says(&node, &["extension", "revoke", "reach", &grant]);
    says(&node, &args);
    says(&node, &["replay", &recorded]);
}

#[test]
fn a_singleton_is_recorded_from_its_saved_state_and_goes_on_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("counter");
    let count = || node.json(&["call", "count"])["structuredContent"]["count"].clone();
    assert_eq!([count(), count()], [1, 2]);
    let recorded = file(&folder, "count.json");
    let recording = record(&node, &recorded, "count", &json!({}));
    assert_eq!(ports(&recording)[0], "saved-state.load");
    let answer = recording["ended"]["answer"].as_str().unwrap();
    assert!(answer.contains("\"count\":3"), "{answer}");
    assert_eq!(count(), 3, "the live one does not know of it");
    says(&node, &["replay", &recorded]);
    // A crash is as good a recording as any.
    record(&node, &recorded, "crash", &json!({}));
    says(&node, &["replay", &recorded]);
    assert_eq!(count(), 4);
}

const VALUE: &str = "hunter2-hunter2";

#[test]
fn a_recording_holds_no_value_of_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let mut set = Command::new(program("koi-mcp"))
        .args(["secret", "set", "TOKEN", "--data-dir"])
        .arg(&node.data_dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(set.stdin.take().unwrap(), "{VALUE}").unwrap();
    assert!(set.wait().unwrap().success());
    let secret = "secret=TOKEN@localhost";
    install(&node, "journey", &[&ALL[..], &[secret]].concat());
    let server = Server::start();
    let recorded = file(&folder, "spend.json");
    // The server sends back what it got, the value.
    record(&node, &recorded, "spend", &json!({"url": server.url("/")}));
    let text = std::fs::read_to_string(&recorded).unwrap();
    assert!(text.contains("[secret:TOKEN]"), "the server got it: {text}");
    assert!(!text.contains(VALUE), "{text}");
    assert_eq!(server.end(), 1);
    says(&node, &["replay", &recorded]);

    // One that has got hold of it by another way says it to the host: nothing is written.
    std::fs::remove_file(&recorded).unwrap();
    let guest = Guest {
        description: json!({"name": "echoing", "version": "1.0.0", "asks": {"secrets": ["TOKEN"]}})
            .to_string(),
        ..Guest::named("echoing")
    };
    let component = file(&folder, "echoing.wasm");
    std::fs::write(&component, guest.bytes()).unwrap();
    says(
        &node,
        &["extension", "install", &component, "--grant", secret],
    );
    let arguments = json!({ "a": VALUE }).to_string();
    let refusal = node.refusal(&[
        "record", "echoing", "--args", &arguments, "--out", &recorded,
    ]);
    assert!(refusal.contains("secret TOKEN"), "{refusal}");
    assert!(!folder.path().join("spend.json").exists());
}

#[test]
fn the_reading_of_a_resource_is_recorded_too() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("agent-personality");
    let recorded = file(&folder, "resource.json");
    let refusal = node.refusal(&["record", "no:where", "--resource", "--out", &recorded]);
    assert!(refusal.contains("no:where"), "{refusal}");
    // It stands for any agent, and of this one nothing is stored.
    says(
        &node,
        &["record", "agent:nobody", "--resource", "--out", &recorded],
    );
    let recording = read(&recorded);
    assert_eq!(
        recording["called"],
        json!({"resource": {"uri": "agent:nobody"}})
    );
    assert_eq!(recording["ended"]["failure"]["kind"], "invalid-input");
    assert!(
        ports(&recording).contains(&"knowledge.query"),
        "{recording}"
    );
    says(&node, &["replay", &recorded]);
}
