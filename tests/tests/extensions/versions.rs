//! Versions of an extension beside each other, and what becomes of those that fail.

use koi_tests::{McpClient, Mode, Node, NodeBuilder, Transport, eventually, extension};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{says, start};

/// Installs `moody` with further flags.
fn install(node: &Node, flags: &[&str]) -> Value {
    let moody = extension("moody");
    let moody = moody.to_string_lossy();
    let fixed = ["extension", "install", &moody, "--grant-asked"];
    node.json(&[&fixed, flags].concat())
}

/// Asks question `n`: what is said, or that it failed.
fn ask(node: &Node, n: u64, flags: &[&str]) -> Result<Value, String> {
    let args = json!({ "n": n }).to_string();
    let output = node.command(&[&["call", "mood", "--json", "--args", &args], flags].concat());
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    Ok(answer["structuredContent"].clone())
}

fn health(node: &Node) -> Value {
    node.json(&["extension", "health", "moody"])
}

/// What a version is said to be in `extension health`.
fn version(node: &Node, role: &str) -> Option<Value> {
    let health = health(node);
    let mut versions = health["versions"].as_array().unwrap().iter();
    versions.find(|version| version["role"] == role).cloned()
}

#[tokio::test]
async fn a_canary_that_fails_one_call_in_three_goes_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    install(&node, &["--set", "says=old"]);
    let canary = [
        "--set",
        "says=new",
        "--set",
        "fails-every=3",
        "--canary",
        "100%",
    ];
    assert_eq!(install(&node, &canary)["outcome"], json!("beside"));
    let mut failed = 0;
    for n in 1..=21 {
        match ask(&node, n, &[]) {
            Ok(answer) => assert_eq!(answer["says"], "new"),
            Err(error) => {
                assert!(error.contains("not the moment"), "{error}");
                failed += 1;
            }
        }
        if version(&node, "canary").is_none() {
            break;
        }
    }
    assert!(failed > 0, "it never failed");
    let health = eventually("the canary to go", async || {
        let health = health(&node);
        health["rolled-back"].is_object().then_some(health)
    })
    .await;
    assert_eq!(health["rolled-back"]["role"], "canary");
    let reason = health["rolled-back"]["reason"].as_str().unwrap();
    assert!(reason.contains("calls failed"), "{reason}");
    assert!(version(&node, "canary").is_none(), "{health}");
    for n in 1..=6 {
        assert_eq!(ask(&node, n, &[]).unwrap()["says"], "old");
    }
    let audit = says(&node, &["audit", "--extension", "moody"]);
    assert!(audit.contains("rollback"), "{audit}");
}

#[tokio::test]
async fn a_revision_that_fails_in_its_first_calls_gives_way_to_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    install(&node, &["--set", "says=old"]);
    assert_eq!(ask(&node, 1, &[]).unwrap()["says"], "old");
    install(&node, &["--set", "says=new", "--set", "crashes-every=2"]);
    for n in 1..=10 {
        let _ = ask(&node, n, &[]);
    }
    eventually("the revision before to serve", async || {
        let serving = version(&node, "serving")?;
        (serving["revision"] == 1).then_some(())
    })
    .await;
    assert_eq!(ask(&node, 2, &[]).unwrap()["says"], "old");
    eventually("the reason", async || {
        let gone = &health(&node)["rolled-back"];
        let reason = gone["reason"].as_str()?;
        (gone["role"] == "serving" && reason.contains("crashed")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_shadow_that_answers_otherwise_is_told_of_and_none_of_its_writes_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    install(&node, &["--set", "says=old"]);
    install(&node, &["--set", "says=new", "--shadow"]);
    for n in 1..=5 {
        let answer = ask(&node, n, &[]).unwrap();
        assert_eq!(answer["says"], "old");
        assert_ne!(answer["last"], "new", "the shadow has written");
    }
    let shadow = eventually("the answers to be compared", async || {
        let shadow = version(&node, "shadow")?["shadow"].clone();
        (shadow["compared"] == 5).then_some(shadow)
    })
    .await;
    assert_eq!(shadow["differing"], 5);
    assert_eq!(shadow["writes-dropped"], 5);
    let difference = &shadow["differences"][0];
    assert_eq!(difference["call"], "tool mood");
    assert!(difference["serving"].as_str().unwrap().contains("old"));
    assert!(difference["shadow"].as_str().unwrap().contains("new"));
    let told = says(&node, &["extension", "health", "moody"]);
    assert!(told.contains("5 of 5 answers differ"), "{told}");
    assert_eq!(ask(&node, 6, &[]).unwrap()["last"], "old");
}

/// A plain HTTP call, with a query: status, body and `Retry-After`.
async fn over_http(node: &Node, query: &str) -> (u16, Value, Option<u64>) {
    let path = format!("/tools/call/mood{query}");
    let answer = reqwest::Client::new()
        .post(node.mcp_url.replace("/mcp", &path))
        .header("content-type", "application/json")
        .body(r#"{"n":1}"#)
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    let retry_after = answer.headers().get("retry-after");
    let retry_after = retry_after.map(|value| value.to_str().unwrap().parse().unwrap());
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap(), retry_after)
}

#[tokio::test]
async fn calls_that_pin_a_version_reach_it_and_others_the_one_that_serves() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    install(&node, &["--set", "says=one"]);
    install(&node, &["--set", "says=two", "--beside"]);
    assert_eq!(ask(&node, 1, &[]).unwrap()["says"], "one");
    assert_eq!(
        ask(&node, 1, &["--version", "revision:2"]).unwrap()["says"],
        "two"
    );
    assert_eq!(
        ask(&node, 1, &["--version", "revision:1"]).unwrap()["says"],
        "one"
    );
    let (status, body, _) = over_http(&node, "?version=revision:2").await;
    assert_eq!(
        (status, &body["structuredContent"]["says"]),
        (200, &json!("two"))
    );
    let (status, body, _) = over_http(&node, "?version=9.0").await;
    let detail = body["detail"].as_str().unwrap();
    assert!(status == 404 && detail.contains("revision 2"), "{detail}");
    let refusal = ask(&node, 1, &["--version", "^7"]).unwrap_err();
    assert!(
        refusal.contains("there are") && refusal.contains("revision 1"),
        "{refusal}"
    );

    // What was beside is so again after a restart, and goes when it is retired.
    drop(node);
    let node = start(&folder);
    assert_eq!(
        ask(&node, 1, &["--version", "revision:2"]).unwrap()["says"],
        "two"
    );
    says(&node, &["extension", "promote", "moody", "2"]);
    assert_eq!(ask(&node, 1, &[]).unwrap()["says"], "two");
    says(&node, &["extension", "activate", "moody", "1"]);
    assert_eq!(
        ask(&node, 1, &["--version", "revision:1"]).unwrap()["says"],
        "one"
    );
    says(&node, &["extension", "retire", "moody", "1"]);
    assert!(ask(&node, 1, &["--version", "revision:1"]).is_err());
}

fn with_breaker(folder: &TempDir) -> Node {
    NodeBuilder::new("node", &folder.path().join("node"))
        .env("KOI_MCP_BREAKER__FAILURES", "3")
        .env("KOI_MCP_BREAKER__RECOVERY", "5000")
        .env("KOI_MCP_BREAKER__HALF_OPEN_CALLS", "2")
        .env("KOI_MCP_ROLLBACK__CALLS", "0")
        .start()
}

#[tokio::test]
async fn an_open_breaker_answers_at_once_with_the_reason_and_closes_when_calls_go_well() {
    let folder = tempfile::tempdir().unwrap();
    let node = with_breaker(&folder);
    install(&node, &["--set", "says=well", "--set", "crashes-every=2"]);
    let mut client = McpClient::connect(&node, (Mode::Modern, Transport::Http));
    for _ in 0..3 {
        let told = client.failure("mood", &json!({"n": 2}));
        assert!(told.contains("crashed"), "{told}");
    }
    let told = client.failure("mood", &json!({"n": 1}));
    assert!(
        told.contains("not called") && told.contains("crashed"),
        "{told}"
    );
    assert!(told.contains("again in"), "{told}");
    assert_eq!(client.tools(), ["mood"]);
    let (status, body, retry_after) = over_http(&node, "").await;
    assert_eq!(status, 503, "{body}");
    assert!((1..=5).contains(&retry_after.unwrap()));
    assert_eq!(version(&node, "serving").unwrap()["breaker"], "open");

    eventually("calls to be tried again", async || {
        let answer = client.try_call("mood", &json!({"n": 1})).unwrap();
        (answer["isError"] == false).then_some(())
    })
    .await;
    assert_eq!(version(&node, "serving").unwrap()["breaker"], "half-open");
    assert_eq!(client.call("mood", &json!({"n": 1}))["says"], "well");
    assert_eq!(version(&node, "serving").unwrap()["breaker"], "closed");
}
