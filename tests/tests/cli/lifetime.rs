//! How a node begins and ends.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use koi_tests::{Guest, McpClient, Mode, NodeBuilder, Transport, eventually, extension, program};
use serde_json::json;

use crate::{FREE_PORTS, koi_mcp, start};

/// Says that it has begun, and takes a while.
macro_rules! slow {
    () => {
        "(call $log (i32.const 2) (i32.const 48) (i32.const 4) (i32.const 16) (i32.const 18))
        (loop $l
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $l (i32.lt_u (local.get $i) (i32.const 300000000))))"
    };
}

#[test]
fn a_node_tells_in_one_line_that_it_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    for url in [&node.koi_url, &node.mcp_url, &node.admin_url] {
        assert!(
            url.starts_with("http://127.0.0.1:") && !url.contains(":0/"),
            "{url}"
        );
    }
    assert!(node.koi_url.ends_with("/koi-net") && node.mcp_url.ends_with("/mcp"));
    assert!(
        node.rid.starts_with("orn:koi-net.node:node+"),
        "{}",
        node.rid
    );
    assert!(node.public_key.len() > 100, "{}", node.public_key);
    for secret in ["admin.token", "priv_key.pem", "node.json"] {
        let mode = std::fs::metadata(node.data_dir.join(secret))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
}

#[tokio::test]
async fn sigterm_lets_a_call_finish_and_ends_the_node_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let slow = Guest {
        call_tool: concat!(
            slow!(),
            "(call $text (local.get $args) (local.get $args-len))"
        ),
        ..Guest::named("slow")
    };
    let file = folder.path().join("slow.wasm");
    std::fs::write(&file, slow.bytes()).unwrap();
    node.json(&["extension", "install", &file.to_string_lossy()]);
    let mut clients = [
        (Mode::Legacy, Transport::Http),
        (Mode::Modern, Transport::Http),
        (Mode::Modern, Transport::Stdio),
    ]
    .map(|way| McpClient::connect(&node, way));
    for client in &mut clients {
        assert_eq!(client.tools(), ["slow"]);
    }
    let call = koi_mcp(
        &folder,
        &[
            "call",
            "slow",
            "--data-dir",
            &node.data_dir.to_string_lossy(),
        ],
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut of_stdio = clients.into_iter().next_back().unwrap();
    let called = std::thread::spawn(move || of_stdio.try_call("slow", &json!({})));
    eventually("both calls begun", async || {
        (node.log().matches("orn:test.thing:one").count() >= 2).then_some(())
    })
    .await;
    let begun = Instant::now();
    assert_eq!(node.process.terminate(), Some(0));
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    let output = call.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(called.join().unwrap().unwrap()["isError"], false);
    let folder = folder.path();
    assert!(!folder.join("node/node.json").exists());
}

#[tokio::test]
async fn sigterm_ends_a_node_that_is_still_starting() {
    let folder = tempfile::tempdir().unwrap();
    // However long its counting takes on a busy machine.
    let patient = [
        ("KOI_MCP_LIMITS__CPU", "60000"),
        ("KOI_MCP_LIMITS__WALL", "60000"),
    ];
    let node = NodeBuilder::new("node", &folder.path().join("node"));
    let node = patient
        .iter()
        .fold(node, |node, (name, value)| node.env(name, value))
        .start();
    let slow = Guest {
        start: concat!("(local $i i32)", slow!(), "(call $done)"),
        ..Guest::named("slow")
    };
    let file = folder.path().join("slow.wasm");
    std::fs::write(&file, slow.bytes()).unwrap();
    node.json(&["extension", "install", &file.to_string_lossy()]);
    let data_dir = node.data_dir.to_string_lossy().into_owned();
    assert_eq!(node.process.terminate(), Some(0));

    let log = folder.path().join("starting.log");
    let serve = ["serve", "--json", "--data-dir", &data_dir];
    let serve = koi_mcp(&folder, &[serve.as_slice(), &FREE_PORTS].concat())
        .envs(patient)
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    eventually("the extension's start begun", async || {
        let log = std::fs::read_to_string(&log).unwrap();
        log.contains("orn:test.thing:one").then_some(())
    })
    .await;
    signal(serve.id(), "TERM");
    let output = serve.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

#[test]
fn a_stdio_client_hears_that_its_node_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let data_dir = node.data_dir.to_string_lossy().into_owned();
    let mut bridge = koi_mcp(&folder, &["mcp", "--data-dir", &data_dir])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It is answered, so it is connected; then its input stays open.
    let mut input = bridge.stdin.take().unwrap();
    writeln!(input, "{INITIALIZE}").unwrap();
    let mut output = BufReader::new(bridge.stdout.take().unwrap());
    let mut answer = String::new();
    output.read_line(&mut answer).unwrap();
    assert!(answer.contains("serverInfo"), "{answer}");
    node.process.kill();
    let ended = bridge.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let error = String::from_utf8_lossy(&ended.stderr);
    assert!(error.contains("has gone"), "{error}");
}

#[tokio::test]
async fn stdio_clients_that_come_at_once_share_one_node() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("own");
    let data_dir = data_dir.to_string_lossy().into_owned();
    let mut clients: Vec<_> = (0..3)
        .map(|_| {
            koi_mcp(&folder, &["mcp", "--data-dir", &data_dir])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for client in &mut clients {
        let mut answer = String::new();
        writeln!(client.stdin.as_mut().unwrap(), "{INITIALIZE}").unwrap();
        BufReader::new(client.stdout.as_mut().unwrap())
            .read_line(&mut answer)
            .unwrap();
        assert!(answer.contains("serverInfo"), "{answer}");
    }
    // Each ends when it is told to, and one of them takes the node along.
    for client in &clients {
        signal(client.id(), "TERM");
    }
    let codes: Vec<_> = clients
        .into_iter()
        .map(|client| client.wait_with_output().unwrap().status.code())
        .collect();
    assert!(
        codes.contains(&Some(0)) && !codes.contains(&None),
        "{codes:?}"
    );
    assert!(!std::path::Path::new(&data_dir).join("node.json").exists());
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}"#;

fn signal(process: u32, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &process.to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

#[tokio::test]
async fn a_stdio_client_without_a_running_node_gets_one_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("own");
    std::fs::create_dir_all(data_dir.join("extensions")).unwrap();
    std::fs::copy(extension("echo"), data_dir.join("extensions/echo.wasm")).unwrap();
    let program = program("koi-mcp");
    let command = [
        &program.to_string_lossy(),
        "mcp",
        "--data-dir",
        &data_dir.to_string_lossy(),
    ]
    .map(str::to_owned);
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    for mode in [Mode::Auto, Mode::Legacy, Mode::Modern] {
        let mut client = McpClient::of_command(mode, &command);
        if client.tool("echo").is_null() {
            client.is_told_of_tool("echo");
        }
        assert_eq!(
            client.call("echo", &json!({"text": "hello"})),
            json!({"text": "hello"})
        );
        assert!(is_locked(&data_dir));
        assert_eq!(client.leave(), Some(0));
        eventually("the node gone with its client", async || {
            (!is_locked(&data_dir)).then_some(())
        })
        .await;
    }
}

fn is_locked(data_dir: &Path) -> bool {
    let lock = std::fs::File::open(data_dir.join("node.lock")).unwrap();
    lock.try_lock_shared().is_err()
}
