//! How long it takes until what is published on one node is stored on one that subscribes to it.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use koi_tests::{Node, NodeBuilder, eventually};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::report::{Report, Unit};
use crate::rounds::Series;

const STORED: &str = "publish.stored";
const RID_TYPE: &str = "orn:agent.personality";

const PUBLICATIONS: usize = 200;
/// The reference sends what has gathered in a second.
const AT_MOST_MS: f64 = 50.0;

/// From the request to publish until the subscriber says that it has stored it.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[STORED]) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let provider = start(folder.path(), "provider", None);
    let subscriber = start(folder.path(), "subscriber", Some(&provider.koi_url));
    eventually("the subscription", async || {
        let edges = provider.json(&["network", "edges"]);
        let approved = edges.as_array()?.iter().any(|edge| {
            edge["source"] == provider.rid
                && edge["target"] == subscriber.rid
                && edge["status"] == "APPROVED"
        });
        approved.then_some(())
    })
    .await;

    let client = Client::builder().no_proxy().build()?;
    let watching = admin(&client, &subscriber, reqwest::Method::GET, "events")?
        .query(&[("rid_type", RID_TYPE)]);
    let mut news = News {
        response: watching.send().await?.error_for_status()?,
        read: Vec::new(),
    };
    ensure!(
        news.next().await?["event"] == "watching",
        "the node does not let itself be watched"
    );
    let mut took = Series::default();
    for number in 0..report.pace().count(PUBLICATIONS) {
        let rid = format!("{RID_TYPE}:bench-{number}/1.0");
        let contents = json!({"rid": rid, "traits": []});
        let publish = admin(&client, &provider, reqwest::Method::POST, "bundles")?
            .json(&json!([{"rid": rid, "contents": contents}]));
        let start = Instant::now();
        publish.send().await?.error_for_status()?;
        let told = news.next().await?;
        ensure!(
            told["rid"] == *rid,
            "{rid} was published, and this came: {told}"
        );
        took.add(start.elapsed().as_secs_f64() * 1e3);
    }
    report.within(STORED, Unit::Milliseconds, &took, AT_MOST_MS);
    Ok(())
}

fn start(folder: &Path, name: &str, contact: Option<&str>) -> Node {
    let contact = contact.map(|url| ["--first-contact", url]);
    let node = NodeBuilder::new(name, &folder.join(name))
        .args(contact.into_iter().flatten())
        .env("KOI_MCP_LOG__LEVEL", "info")
        .start();
    node.install("agent-personality");
    node
}

fn admin(
    client: &Client,
    node: &Node,
    method: reqwest::Method,
    path: &str,
) -> Result<RequestBuilder> {
    let token = std::fs::read_to_string(node.data_dir.join("admin.token"))?;
    let url = format!("{}/v1/{path}", node.admin_url);
    Ok(client.request(method, url).bearer_auth(token.trim()))
}

/// What the node says passes, line by line.
struct News {
    response: Response,
    read: Vec<u8>,
}

impl News {
    async fn next(&mut self) -> Result<Value> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Ok(serde_json::from_slice(&line)?);
            }
            let piece = self.response.chunk().await?;
            self.read.extend(piece.context("the node stopped telling")?);
        }
    }
}
