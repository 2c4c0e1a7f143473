//! HTTP, folders and environment variables are reached where they were granted, and nothing beside
//! them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;

use koi_tests::{Node, NodeBuilder, extension};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{says, start};

/// Answers each request with a redirect to the cloud's metadata, and its own first line.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut seen = [0; 8192];
            let count = stream.read(&mut seen).unwrap_or_default();
            let seen = String::from_utf8_lossy(&seen[..count]);
            let line = seen.lines().next().unwrap_or_default();
            let _ = write!(
                stream,
                "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\n\
                 connection: close\r\ncontent-length: {}\r\n\r\n{line}",
                line.len()
            );
        }
    });
    port
}

fn install(node: &Node, grants: &[&str]) {
    let file = extension("reach");
    let file = file.to_string_lossy();
    let mut args = vec!["extension", "install", &file];
    for grant in grants {
        args.extend(["--grant", grant]);
    }
    node.json(&args);
}

fn call<'a>(tool: &'a str, arguments: &'a str) -> [&'a str; 4] {
    ["call", tool, "--args", arguments]
}

fn fetch(url: &str) -> String {
    json!({ "method": "GET", "url": url }).to_string()
}

#[tokio::test]
async fn a_guest_sends_the_requests_that_it_was_granted() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let port = server();
    install(&node, &[]);
    let url = format!("http://localhost:{port}/a?b=c");
    let here = fetch(&url);
    // The denial names the grant and its command, for the caller and in the log.
    let command = format!("koi-mcp extension grant reach http=GET:http://localhost:{port}");
    let denial = node.refusal(&call("fetch", &here));
    assert!(denial.contains(&command), "{denial}");
    assert!(node.log().contains(&command), "{}", node.log());

    let grant = format!("http=GET:http://localhost:{port}");
    says(&node, &["extension", "grant", "reach", &grant]);
    let answer = says(&node, &call("fetch", &here));
    assert!(answer.contains("GET /a?b=c HTTP/1.1"), "{answer}");
    assert!(answer.contains("302"), "{answer}");
    // Where the redirect leads has to be granted, too; what is not public, by its address.
    says(&node, &["extension", "grant", "reach", "http=GET:http://*"]);
    let elsewhere = fetch("http://169.254.169.254/latest");
    let denial = node.refusal(&call("fetch", &elsewhere));
    assert!(
        denial.contains("http=GET:http://169.254.169.254"),
        "{denial}"
    );

    says(&node, &["extension", "revoke", "reach", &grant]);
    assert!(node.refusal(&call("fetch", &here)).contains(&command));
}

fn files(folder: &TempDir) -> (String, String) {
    let (read, write) = (folder.path().join("read"), folder.path().join("write"));
    std::fs::create_dir_all(read.join("inner")).unwrap();
    std::fs::create_dir_all(&write).unwrap();
    std::fs::write(read.join("inner/file"), "inside").unwrap();
    std::fs::write(folder.path().join("secret"), "outside").unwrap();
    symlink(folder.path().join("secret"), read.join("absolute")).unwrap();
    symlink("../secret", read.join("relative")).unwrap();
    symlink("..", write.join("up")).unwrap();
    symlink("inner/file", read.join("within")).unwrap();
    (
        format!("files=read:/read={}", read.display()),
        format!("files=write:/write={}", write.display()),
    )
}

fn read(node: &Node, path: &str) -> Result<String, String> {
    let arguments = json!({ "path": path }).to_string();
    let output = node.command(&call("read_file", &arguments));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}

#[tokio::test]
async fn a_guest_sees_the_folders_that_it_was_granted_and_finds_no_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let (to_read, to_write) = files(&folder);
    install(&node, &[&to_read, &to_write]);
    assert!(read(&node, "/read/inner/file").unwrap().contains("inside"));
    assert!(read(&node, "/read/within").unwrap().contains("inside"));
    let secret = folder.path().join("secret");
    let ways_out = [
        "/read/../secret",
        "/read/inner/../../secret",
        "/read/absolute",
        "/read/relative",
        "/write/up/secret",
        "/write/up/read/inner/file",
        "/secret",
        "/etc/passwd",
        "/proc/self/environ",
        &secret.to_string_lossy(),
    ];
    for path in ways_out {
        let told = read(&node, path).unwrap_err();
        assert!(!told.contains("outside"), "{path}: {told}");
    }

    let write = |path: &str| {
        let arguments = json!({ "path": path, "text": "new" }).to_string();
        node.command(&call("write_file", &arguments))
            .status
            .success()
    };
    assert!(write("/write/file"));
    assert_eq!(
        std::fs::read(folder.path().join("write/file")).unwrap(),
        b"new"
    );
    for path in [
        "/read/inner/file",
        "/read/new",
        "/write/up/secret",
        "/write/../secret",
    ] {
        assert!(!write(path), "{path}");
    }
    let link = json!({ "original": "/read/inner/file", "link": "/write/link" }).to_string();
    assert!(!node.command(&call("link", &link)).status.success());
    assert_eq!(std::fs::read(&secret).unwrap(), b"outside");
    assert_eq!(
        std::fs::read(folder.path().join("read/inner/file")).unwrap(),
        b"inside"
    );

    says(&node, &["extension", "revoke", "reach", &to_read]);
    assert!(read(&node, "/read/inner/file").is_err());
}

#[tokio::test]
async fn what_is_sent_and_written_is_bounded_together() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let (_, to_write) = files(&folder);
    let port = server();
    let to_send = format!("http=POST:http://localhost:{port}");
    install(&node, &[&to_write, &to_send, "limit=sent:1000"]);
    let text = "x".repeat(1001);
    let write = json!({ "path": "/write/file", "text": text }).to_string();
    let url = format!("http://localhost:{port}/");
    let send = json!({ "method": "POST", "url": url, "body": text }).to_string();
    for arguments in [call("write_file", &write), call("fetch", &send)] {
        let refusal = node.refusal(&arguments);
        assert!(
            refusal.contains("1000 bytes sent data (setting `limits.sent`)"),
            "{refusal}"
        );
    }
    let written = std::fs::read(folder.path().join("write/file")).unwrap();
    assert_eq!(written, b"");
}

#[tokio::test]
async fn a_folder_that_is_asked_for_and_not_given_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let report = node.install("reach");
    let granted: Vec<&str> = report["grants"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(Value::as_str)
        .collect();
    assert!(
        !granted.iter().any(|grant| grant.starts_with("files=")),
        "{report}"
    );
    assert_eq!(
        report["missing"],
        json!(["files=read:/read", "files=write:/write", "secret=TOKEN"])
    );
}

#[tokio::test]
async fn a_guest_sees_the_environment_variables_that_it_was_granted() {
    let folder = tempfile::tempdir().unwrap();
    let node = NodeBuilder::new("node", &folder.path().join("node"))
        .env("HOME", "/nowhere")
        .start();
    install(&node, &["environment=HOME", "environment=LANG"]);
    let answer = says(&node, &call("environment", "{}"));
    assert!(answer.contains("/nowhere"), "{answer}");
    // Neither what was asked for alone nor what was granted alone.
    assert!(
        !answer.contains("PATH") && !answer.contains("LANG"),
        "{answer}"
    );
    says(&node, &["extension", "revoke", "reach", "environment=HOME"]);
    assert!(!says(&node, &call("environment", "{}")).contains("/nowhere"));
    let refusal = node.refusal(&[
        "extension",
        "grant",
        "reach",
        "environment=KOI_MCP_SECRET_X",
    ]);
    assert!(refusal.contains("the node's own"), "{refusal}");
}
