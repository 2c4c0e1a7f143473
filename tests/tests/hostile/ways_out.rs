//! Ways out of what was granted: paths that lead out of a folder, redirects that lead to a host that
//! was not granted. What is reached by right is in `tests/tests/extensions/reach.rs`.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;

use koi_tests::extension;
use serde_json::{Value, json};

use crate::host::{Host, Misfits, one_sentence};

/// What stands where nobody may come.
const OUTSIDE: &str = "nobody may read this";

fn install(host: &Host, grants: &[String]) {
    let file = extension("reach");
    let file = file.to_string_lossy();
    let mut args = vec!["extension", "install", &file];
    for grant in grants {
        args.extend(["--grant", grant]);
    }
    host.node.json(&args);
}

/// What the caller is told, while others are answered.
fn told(host: &Host, tool: &str, arguments: &Value) -> Result<String, String> {
    let arguments = arguments.to_string();
    let output = host.survives(&format!("{tool} {arguments}"), || {
        host.node
            .command(&["call", tool, "--args", &arguments, "--json"])
    });
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(one_sentence(&text(output.stderr))),
    }
}

/// A folder to read and one to write, with links that lead out of them, and something outside.
fn folders(root: &Path) -> Vec<String> {
    let (read, write) = (root.join("read"), root.join("write"));
    std::fs::create_dir_all(read.join("inner")).unwrap();
    std::fs::create_dir_all(&write).unwrap();
    std::fs::write(root.join("outside"), OUTSIDE).unwrap();
    symlink(root.join("outside"), read.join("absolute")).unwrap();
    symlink("../outside", read.join("relative")).unwrap();
    symlink("/", read.join("root")).unwrap();
    symlink("..", write.join("up")).unwrap();
    symlink("round", read.join("round")).unwrap();
    vec![
        format!("files=read:/read={}", read.display()),
        format!("files=write:/write={}", write.display()),
    ]
}

#[test]
fn no_path_leads_out_of_a_granted_folder() {
    let host = Host::start();
    let root = host.folder.path().to_owned();
    install(&host, &folders(&root));
    let outside = root.join("outside").to_string_lossy().into_owned();
    let mut misfits = Misfits::default();
    let paths = [
        "/read/../outside",
        "/read/inner/../../outside",
        "/read/./../outside",
        "/read//..//outside",
        "/read/absolute",
        "/read/relative",
        "/read/round",
        "/read/root/etc/passwd",
        "/write/up/outside",
        "/write/up/read/inner",
        "/read\0/../outside",
        "/outside",
        "../outside",
        "/etc/passwd",
        "/proc/self/environ",
        "/dev/zero",
        &outside,
    ];
    for path in paths {
        match told(&host, "read_file", &json!({ "path": path })) {
            Err(told) if !told.contains(OUTSIDE) => {}
            other => misfits.add(path, format!("{other:?}")),
        }
    }
    let paths = [
        "/read/new",
        "/read/inner/new",
        "/read/absolute",
        "/write/up/outside",
        "/write/up/new",
        "/write/../outside",
        "/write/../new",
        &outside,
    ];
    for path in paths {
        let told = told(&host, "write_file", &json!({ "path": path, "text": "new" }));
        if told.is_ok() {
            misfits.add(path, format!("{told:?}"));
        }
    }
    let link = json!({ "original": "/read/inner", "link": "/write/link" });
    if let Ok(told) = told(&host, "link", &link) {
        misfits.add("link", told);
    }
    misfits.are_none();
    assert_eq!(std::fs::read_to_string(outside).unwrap(), OUTSIDE);
    let mut left: Vec<_> = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name == "new")
        .collect();
    left.extend(
        std::fs::read_dir(root.join("read"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name == "new"),
    );
    assert!(left.is_empty(), "{left:?}");
}

/// Answers each request with a redirect.
fn redirecting_to(location: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 8192]);
            let _ = write!(
                stream,
                "HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\n\
                 connection: close\r\ncontent-length: 0\r\n\r\n"
            );
        }
    });
    port
}

#[test]
fn a_redirect_leads_to_no_host_that_was_not_granted() {
    let host = Host::start();
    let targets = [
        (
            "http://169.254.169.254/latest",
            "http=GET:http://169.254.169.254",
        ),
        ("http://127.0.0.1:1/", "http=GET:http://127.0.0.1:1"),
        ("http://[::1]:1/", "http=GET:http://[::1]:1"),
        (
            "https://elsewhere.example/",
            "http=GET:https://elsewhere.example",
        ),
    ];
    let servers = targets.map(|(location, _)| redirecting_to(location));
    let mut grants = servers
        .map(|port| format!("http=GET:http://localhost:{port}"))
        .to_vec();
    // Every public host in clear: none of the targets is one.
    grants.push("http=GET:http://*:*".to_owned());
    install(&host, &grants);
    let mut misfits = Misfits::default();
    for ((location, grant), port) in targets.into_iter().zip(servers) {
        let url = format!("http://localhost:{port}/");
        let fetch = |url: &str| told(&host, "fetch", &json!({ "method": "GET", "url": url }));
        match fetch(&url) {
            // The guest sees where it leads, and nobody has gone there.
            Ok(answer) => misfits.look(location, &answer, &["307", location]),
            Err(told) => misfits.add(location, told),
        }
        match fetch(location) {
            Err(told) => misfits.look(location, &told, &[grant]),
            Ok(answer) => misfits.add(location, answer),
        }
    }
    misfits.are_none();
}
