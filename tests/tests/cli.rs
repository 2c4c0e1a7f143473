//! The program as its user meets it: what it prints, what it refuses, how it ends.

use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use koi_tests::{Guest, McpClient, Mode, Node, NodeBuilder, Transport, eventually, extension, program};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The program in an empty folder, so that no configuration is found.
fn koi_mcp(folder: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(program("koi-mcp"));
    command.args(args).current_dir(folder.path());
    command
}

fn run(folder: &TempDir, args: &[&str]) -> Output {
    koi_mcp(folder, args).output().unwrap()
}

/// What a command says that fails with exit code 1: one line.
fn failure(folder: &TempDir, args: &[&str]) -> String {
    let output = run(folder, args);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {text}");
    assert_eq!(text.lines().count(), 1, "{args:?}: {text}");
    assert!(text.starts_with("koi-mcp: "), "{text}");
    text
}

fn start(folder: &TempDir) -> Node {
    NodeBuilder::new("node", &folder.path().join("node")).start()
}

fn write(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

const FREE_PORTS: [&str; 4] = ["--koi-listen", "127.0.0.1:0", "--mcp-listen", "127.0.0.1:0"];

#[test]
fn a_port_that_is_taken_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for flag in ["--koi-listen", "--mcp-listen"] {
        let mut args = [["serve"].as_slice(), &FREE_PORTS].concat();
        args.extend([flag, &address]);
        // The last of two equal flags would be refused as well, as wrong usage.
        let place = args.iter().position(|arg| *arg == flag).unwrap();
        args.drain(place..place + 2);
        let error = failure(&folder, &args);
        assert!(error.contains(&address) && error.contains(flag), "{error}");
        assert!(error.contains("port 0 picks a free one"), "{error}");
    }
}

#[test]
fn a_data_folder_serves_one_node() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let data_dir = node.data_dir.to_string_lossy().into_owned();
    let error = failure(&folder, &[["serve", "--data-dir", &data_dir].as_slice(), &FREE_PORTS].concat());
    assert!(error.contains("another node is running") && error.contains(&data_dir), "{error}");
    assert!(error.contains("--data-dir"), "{error}");
    // The first one has not been disturbed.
    assert_eq!(node.json(&["extension", "list"]), json!([]));
}

#[test]
fn a_configuration_that_is_wrong_names_place_key_and_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = [
        ("a.toml", "[koi]\nlissten = \"127.0.0.1:0\"\n", ["koi.lissten", "listen"]),
        ("b.json", r#"{"runtime": {"slots": "many"}}"#, ["runtime.slots", "many"]),
        ("c.toml", "[node]\nrole = \"boss\"\n", ["node.role", "coordinator"]),
    ];
    for (name, text, expected) in wrong {
        let file = write(&folder, name, text);
        let error = failure(&folder, &["serve", "--config", &file]);
        for part in expected.into_iter().chain([name]) {
            assert!(error.contains(part), "{name}: no {part} in {error}");
        }
    }
    let missing = failure(&folder, &["serve", "--config", "nowhere.toml"]);
    assert!(missing.contains("nowhere.toml"), "{missing}");
    let output = koi_mcp(&folder, &["serve"]).env("KOI_MCP_MCP__LISSTEN", "x").output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("KOI_MCP_MCP__LISSTEN") && error.contains("listen"), "{error}");
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder, "node.toml", "[node]\nname = \"of-file\"\n[log]\nlevel = \"error\"\n");
    let data_dir = folder.path().join("one");
    let node = NodeBuilder::new("of-flag", &data_dir)
        .args(["--config", &file])
        .env("KOI_MCP_NODE__NAME", "of-environment")
        .start();
    assert!(node.rid.starts_with("orn:koi-net.node:of-flag+"), "{}", node.rid);
    drop(node);
    let output = koi_mcp(&folder, &["serve", "--config", &file, "--role", "boss"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn wrong_usage_ends_with_code_2_and_help_with_0() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in [
        ["sing"].as_slice(), &[], &["extension"], &["read"], &["serve", "--role", "boss"],
        &["serve", "--koi-listen", "here"], &["extension", "install", "x.wasm", "--grant-asked", "--grant", "read=orn:a"],
    ] {
        assert_eq!(run(&folder, wrong).status.code(), Some(2), "{wrong:?}");
    }
    for right in [["--help"].as_slice(), &["--version"], &["serve", "--help"], &["extension", "install", "--help"]] {
        let output = run(&folder, right);
        assert_eq!(output.status.code(), Some(0), "{right:?}");
        assert!(!output.stdout.is_empty());
    }
}

#[test]
fn commands_without_a_node_say_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let object = write(&folder, "object.json", r#"{"rid": "orn:a:1", "contents": {"b": 1}}"#);
    for args in [
        ["extension", "list"].as_slice(), &["read", "orn:a:1"], &["call", "echo"], &["publish", &object],
        &["forget", "orn:a:1"], &["dead-letters", "list"],
    ] {
        let error = failure(&folder, args);
        assert!(error.contains("no node is running") && error.contains("koi-mcp serve"), "{args:?}: {error}");
    }
}

#[test]
fn a_node_tells_in_one_line_that_it_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    for url in [&node.koi_url, &node.mcp_url, &node.admin_url] {
        assert!(url.starts_with("http://127.0.0.1:") && !url.contains(":0/"), "{url}");
    }
    assert!(node.koi_url.ends_with("/koi-net") && node.mcp_url.ends_with("/mcp"));
    assert!(node.rid.starts_with("orn:koi-net.node:node+"), "{}", node.rid);
    assert!(node.public_key.len() > 100, "{}", node.public_key);
    for secret in ["admin.token", "priv_key.pem", "node.json"] {
        let mode = std::fs::metadata(node.data_dir.join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
}

#[tokio::test]
async fn knowledge_is_published_from_files_and_standard_input_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let one = r#"{"rid": "orn:test.note:1", "contents": {"b": 1, "a": 2.50}}"#;
    let more = (2..=3).map(|n| format!(r#"{{"rid": "orn:test.note:{n}", "contents": {{"n": {n}}}}}"#));
    let more: Vec<String> = more.collect();
    let file = write(&folder, "one.json", one);
    let output = node.command(&["publish", &file]);
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "accepted orn:test.note:1\n");

    let mut publish = koi_mcp(&folder, &["publish", "-", "--data-dir", &node.data_dir.to_string_lossy()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    publish.stdin.take().unwrap().write_all(more.join("\n").as_bytes()).unwrap();
    let output = publish.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "accepted orn:test.note:2\naccepted orn:test.note:3\n");

    for n in 1..=3 {
        eventually("the note", async || node.read(&format!("orn:test.note:{n}"))).await;
    }
    // Contents are the text that came in, in its own order.
    let text = String::from_utf8(node.command(&["read", "orn:test.note:1"]).stdout).unwrap();
    assert!(text.contains(r#""contents":{"b": 1, "a": 2.50}"#), "{text}");

    let bad = write(&folder, "bad.json", r#"[{"rid": "no rid", "contents": {}}]"#);
    let refusal = node.refusal(&["publish", &bad]);
    assert!(refusal.contains("object 1 (no rid)"), "{refusal}");
    let text = write(&folder, "text.json", "hello");
    let refusal = node.refusal(&["publish", &text]);
    assert!(refusal.contains("text.json") && refusal.contains("expected"), "{refusal}");
    let refusal = node.refusal(&["publish", "nowhere.json"]);
    assert!(refusal.contains("nowhere.json"), "{refusal}");
    let refusal = node.refusal(&["read", "orn:test.note:4"]);
    assert!(refusal.contains("nothing is stored under orn:test.note:4"), "{refusal}");
}

#[test]
fn tools_are_called_with_arguments_that_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("echo");
    let output = node.command(&["call", "echo", "--args", r#"{"text":"hello"}"#]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer, json!({"text": "hello"}));
    for (args, expected) in [("{}", "text"), (r#"{"text":1}"#, "string"), ("[]", "JSON object"), ("{", "JSON object")] {
        let refusal = node.refusal(&["call", "echo", "--args", args]);
        assert!(refusal.contains(expected), "{args}: {refusal}");
    }
    let refusal = node.refusal(&["call", "sing"]);
    assert!(refusal.contains("no tool \"sing\""), "{refusal}");
}

#[tokio::test]
async fn dead_letters_are_listed_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("data-catalog");
    assert!(String::from_utf8(node.command(&["dead-letters", "list"]).stdout).unwrap().contains("no dead letters"));
    let file = write(&folder, "bad.json", r#"{"rid": "orn:data.dataset:lost", "contents": {"name": "lost"}}"#);
    assert!(node.command(&["publish", &file]).status.success());
    let letter = eventually("a dead letter", async || node.dead_letters().pop()).await;
    assert_eq!(letter["rid"], "orn:data.dataset:lost");
    let table = String::from_utf8(node.command(&["dead-letters", "list"]).stdout).unwrap();
    assert!(table.contains("orn:data.dataset:lost") && table.starts_with("ID"), "{table}");

    // Without the extension that refuses it, it is as good as any other.
    assert!(node.command(&["extension", "remove", "data-catalog"]).status.success());
    let id = letter["id"].to_string();
    assert!(node.command(&["dead-letters", "retry", &id]).status.success());
    eventually("the dataset", async || node.read("orn:data.dataset:lost")).await;
    assert_eq!(node.dead_letters(), Vec::<Value>::new());
    let refusal = node.refusal(&["dead-letters", "retry", &id]);
    assert!(refusal.contains(&id), "{refusal}");
}

#[tokio::test]
async fn the_admin_api_serves_its_token_and_no_web_page() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let token = std::fs::read_to_string(node.data_dir.join("admin.token")).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let status = async |headers: &[(&str, &str)]| {
        let mut request = http.get(format!("{}/v1/extensions", node.admin_url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        if status != 200 {
            let problem: Value = response.json().await.unwrap();
            assert!(problem["detail"].is_string(), "{problem}");
        }
        status
    };
    assert_eq!(status(&[("Authorization", &bearer)]).await, 200);
    assert_eq!(status(&[]).await, 401);
    assert_eq!(status(&[("Authorization", "Bearer 0000")]).await, 401);
    assert_eq!(status(&[("Authorization", &bearer), ("Origin", "http://127.0.0.1")]).await, 403);
    assert_eq!(status(&[("Authorization", &bearer), ("Host", "evil.example.com")]).await, 403);
    let response = http.get(format!("{}/v1/nothing", node.admin_url)).send().await.unwrap();
    assert_ne!(response.status().as_u16(), 200);
}

#[tokio::test]
async fn the_mcp_endpoint_serves_no_foreign_web_page() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for (name, value) in [("Origin", "https://evil.example.com"), ("Host", "evil.example.com")] {
        let request = http
            .post(&node.mcp_url)
            .header(name, value)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .body(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
        assert_eq!(request.send().await.unwrap().status().as_u16(), 403, "{name}");
    }
}

#[tokio::test]
async fn sigterm_lets_a_call_finish_and_ends_the_node_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    // Says that it has begun, and takes a while.
    let slow = Guest {
        call_tool: "(call $log (i32.const 2) (i32.const 48) (i32.const 4) (i32.const 16) (i32.const 18))
            (loop $l
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $l (i32.lt_u (local.get $i) (i32.const 300000000))))
            (call $text (local.get $args) (local.get $args-len))",
        ..Guest::named("slow")
    };
    let file = folder.path().join("slow.wasm");
    std::fs::write(&file, slow.bytes()).unwrap();
    node.json(&["extension", "install", &file.to_string_lossy()]);
    let mut clients = [(Mode::Legacy, Transport::Http), (Mode::Modern, Transport::Http), (Mode::Modern, Transport::Stdio)]
        .map(|way| McpClient::connect(&node, way));
    for client in &mut clients {
        assert_eq!(client.tools(), ["slow"]);
    }
    let call = koi_mcp(&folder, &["call", "slow", "--data-dir", &node.data_dir.to_string_lossy()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("the call begun", async || node.log().contains("orn:test.thing:one").then_some(())).await;
    let begun = Instant::now();
    assert_eq!(node.process.terminate(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let output = call.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = folder.path();
    assert!(!folder.join("node/node.json").exists());
}

#[test]
fn a_stdio_client_without_a_running_node_gets_one_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("own");
    std::fs::create_dir_all(data_dir.join("extensions")).unwrap();
    std::fs::copy(extension("echo"), data_dir.join("extensions/echo.wasm")).unwrap();
    let program = program("koi-mcp");
    let command = [&program.to_string_lossy(), "mcp", "--data-dir", &data_dir.to_string_lossy()]
        .map(str::to_owned);
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    for mode in [Mode::Auto, Mode::Legacy, Mode::Modern] {
        let mut client = McpClient::of_command(mode, &command);
        if client.tool("echo").is_null() {
            client.is_told_of_tool("echo");
        }
        assert_eq!(client.call("echo", &json!({"text": "hello"})), json!({"text": "hello"}));
        assert!(is_locked(&data_dir));
        assert_eq!(client.leave(), Some(0));
        // The node went with its client.
        let start = Instant::now();
        while is_locked(&data_dir) {
            assert!(start.elapsed() < Duration::from_secs(10), "the node lives on");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn is_locked(data_dir: &Path) -> bool {
    let lock = std::fs::File::open(data_dir.join("node.lock")).unwrap();
    lock.try_lock_shared().is_err()
}
