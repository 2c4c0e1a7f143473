//! A sensor brings outside data in: the entries of feeds that a server of the test has.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};

use koi_tests::{Node, Process, eventually, extension, program};
use serde_json::{Value, json};

use crate::{says, start};

/// What a server has under its paths, and what it was asked.
#[derive(Default)]
struct Served {
    bodies: BTreeMap<String, String>,
    /// For each request the path, and whether it was answered with 304.
    asked: Vec<(String, bool)>,
}

struct Server {
    port: u16,
    served: Arc<Mutex<Served>>,
}

impl Server {
    /// Answers each request with the body of its path, or says that it is known.
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = Arc::new(Mutex::new(Served::default()));
        let shared = served.clone();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                let path = head.first().and_then(|line| line.split(' ').nth(1));
                let path = path.unwrap_or_default().to_owned();
                let mut served = shared.lock().unwrap();
                let body = served.bodies.get(&path).cloned();
                let body = body.unwrap_or_else(|| "<html>".to_owned());
                // As it is written in the answer, with the length of the body for a version.
                let etag = format!("\"{}\"", body.len());
                let is_known = head.iter().any(|line| {
                    let line = line.to_ascii_lowercase();
                    line.starts_with("if-none-match:") && line.ends_with(&etag)
                });
                served.asked.push((path, is_known));
                drop(served);
                let (status, body) = match is_known {
                    true => ("304 Not Modified", ""),
                    false => ("200 OK", body.as_str()),
                };
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\netag: {etag}\r\nconnection: close\r\n\
                     content-length: {}\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Self { port, served }
    }

    fn has(&self, path: &str, body: &str) {
        let mut served = self.served.lock().unwrap();
        served.bodies.insert(path.to_owned(), body.to_owned());
    }

    fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    fn last_asked(&self) -> (String, bool) {
        self.served.lock().unwrap().asked.last().unwrap().clone()
    }
}

fn rss(items: &[(&str, &str)]) -> String {
    let items: String = items
        .iter()
        .map(|(id, title)| format!("<item><guid>{id}</guid><title>{title}</title></item>"))
        .collect();
    format!("<rss version=\"2.0\"><channel>{items}</channel></rss>")
}

/// Installs the sensor with these feeds of a server, and with what it needs.
fn install(node: &Node, server: &Server, feeds: &[&str], further: &[&str]) {
    let feeds: Vec<Value> = feeds
        .iter()
        .map(|name| json!({"name": name, "url": server.url(&format!("/{name}"))}))
        .collect();
    let file = extension("feed");
    let feeds = format!("feeds={}", json!(feeds));
    let http = format!("http=GET:http://localhost:{}", server.port);
    let needed = [
        "capability=config",
        "capability=keyvalue",
        "read=orn:feed.entry",
        "publish=orn:feed.entry",
        &http,
    ];
    let file = file.to_string_lossy();
    let mut args = vec!["extension", "install", &file, "--set", &feeds];
    for grant in needed.iter().chain(further) {
        args.extend(["--grant", grant]);
    }
    node.json(&args);
}

const SCHEDULE: &str = "capability=schedule";

fn fetch(node: &Node) -> Value {
    node.json(&["jobs", "run", "feed", "fetch"])["result"].clone()
}

async fn title(node: &Node, rid: &str, title: &str) -> Value {
    eventually(&format!("{rid} with the title {title}"), async || {
        node.read(rid)
            .filter(|stored| stored["contents"]["title"] == title)
    })
    .await
}

#[tokio::test]
async fn entries_of_a_feed_come_in_as_knowledge_and_resources_and_are_kept_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let server = Server::start();
    server.has("/news", &rss(&[("2", "second"), ("1", "first")]));
    install(&node, &server, &["news"], &[]);
    let mut command = Command::new(program("koi-mcp"));
    command
        .args(["watch", "--json", "--type", "orn:feed.entry", "--data-dir"])
        .arg(&node.data_dir);
    let (mut watch, _) = Process::start(&mut command);

    // By itself, as soon as it may.
    says(&node, &["extension", "grant", "feed", SCHEDULE]);
    title(&node, "orn:feed.entry:news/1", "first").await;
    let stored = title(&node, "orn:feed.entry:news/2", "second").await;
    assert!(stored.to_string().contains("feed"), "{stored}");
    let mut events: Vec<(String, String)> = Vec::new();
    let mut event = || {
        let event = watch.line();
        let of = |member: &str| event[member].as_str().unwrap_or_default().to_owned();
        (of("event"), of("rid"))
    };
    events.extend([event(), event()]);
    events.sort();
    let new = |id: &str| ("NEW".to_owned(), format!("orn:feed.entry:news/{id}"));
    assert_eq!(events, [new("1"), new("2")]);

    let resource = node
        .mcp_url
        .replace("/mcp", "/resources/read/orn:feed.entry:news/2");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let resource = http.get(resource).send().await.unwrap();
    let resource = resource.text().await.unwrap();
    assert!(resource.contains("second"), "{resource}");
    let newest = node.json(&[
        "call",
        "newest_entries",
        "--args",
        r#"{"feed": "news", "title": "fir"}"#,
    ]);
    let newest = &newest["structuredContent"]["entries"];
    assert_eq!(newest[0]["rid"], "orn:feed.entry:news/1", "{newest}");
    assert_eq!(newest.as_array().unwrap().len(), 1, "{newest}");
    let run = eventually("the end of the run", async || {
        let history = node.json(&["jobs", "history", "feed", "fetch"]);
        Some(history[0].clone()).filter(|run| run["outcome"] == "ok")
    });
    assert_eq!(run.await["result"]["new"], 2);

    // The server has nothing new, and says so.
    let report = fetch(&node);
    assert_eq!(
        (&report["unchanged"], &report["new"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(server.last_asked(), ("/news".to_owned(), true));

    server.has(
        "/news",
        &rss(&[("3", "third"), ("2", "changed"), ("1", "first")]),
    );
    let report = fetch(&node);
    assert_eq!((&report["updated"], &report["new"]), (&json!(1), &json!(1)));
    title(&node, "orn:feed.entry:news/2", "changed").await;
    let mut events = vec![event(), event()];
    events.sort();
    let update = ("UPDATE".to_owned(), "orn:feed.entry:news/2".to_owned());
    assert_eq!(events, [new("3"), update]);
}

#[tokio::test]
async fn a_broken_feed_is_told_of_and_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let server = Server::start();
    let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>a1</id><title>atom</title></entry></feed>"#;
    server.has("/atom", atom);
    install(&node, &server, &["broken", "atom"], &[SCHEDULE]);
    title(&node, "orn:feed.entry:atom/a1", "atom").await;
    let run = eventually("the end of the run", async || {
        let history = node.json(&["jobs", "history", "feed", "fetch"]);
        Some(history[0].clone()).filter(|run| run["outcome"] == "ok")
    })
    .await;
    assert_eq!(run["result"]["failed"], 1, "{run}");
    let problem = run["result"]["problems"]["broken"].as_str().unwrap();
    assert!(problem.contains("no XML"), "{problem}");
    let log = node.log();
    assert!(
        log.contains(&format!("the feed broken ({})", server.url("/broken"))),
        "{log}"
    );

    // Without the grant the run fails, and says which one is missing.
    let http = format!("http=GET:http://localhost:{}", server.port);
    says(&node, &["extension", "revoke", "feed", &http]);
    let refusal = node.refusal(&["jobs", "run", "feed", "fetch"]);
    assert!(refusal.contains(&http), "{refusal}");
}
