//! A thousand clients that hear of an extension that is installed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use koi_tests::{Guest, Node, NodeBuilder};
use reqwest::Method;
use serde_json::json;

use crate::client::{MODERN, meta};
use crate::http::{ACCEPT, Connection, post, split};
use crate::legacy;
use crate::listener::Listener;
use crate::report::{Report, Unit};
use crate::rounds::Series;

const INSTALL: &str = "list-changed.install";
const LAST: &str = "list-changed.last";

const ROUNDS: usize = 11;
const CLIENTS: usize = 1000;
/// Within which the last client has to hear of it, in milliseconds.
const WITHIN: f64 = 250.0;

const NAME: &str = "newcomer";
const NOTICE: &str = "notifications/tools/list_changed";
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// How long all clients may take to hear of something before they have failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Rows: milliseconds from the request to install until its answer, and until the last of the clients
/// is told, half of them of either era. The extension is a new one each time, which is compiled and
/// started within that time.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[INSTALL, LAST]) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let node = NodeBuilder::new("bench", &folder.path().join("node"))
        .env("KOI_MCP_LOG__LEVEL", "info")
        .start();
    let operator = Operator::of(&node)?;
    let count = report.pace().count(CLIENTS);
    let mut listeners = Vec::with_capacity(count);
    for number in 0..count {
        listeners.push(listen(&node.mcp_url, number % 2 == 0).await?);
    }
    let (mut installs, mut last) = (Series::default(), Series::default());
    for round in 0..=report.pace().rounds(ROUNDS) {
        for listener in &mut listeners {
            ensure!(!listener.has_heard(NOTICE)?, "a client was told twice");
        }
        let newcomer = Guest {
            description: format!(r#"{{"name":"{NAME}","version":"1.0.{round}"}}"#),
            ..Guest::named(NAME)
        };
        let component = newcomer.bytes().to_vec();
        let start = Instant::now();
        let installing = async {
            operator.install(component).await?;
            anyhow::Ok(start.elapsed())
        };
        let hearing = async {
            all_hear(&mut listeners).await?;
            Ok(start.elapsed())
        };
        let (installed, heard) = tokio::try_join!(installing, hearing)?;
        // The first one warms up.
        if round > 0 {
            installs.add(installed.as_secs_f64() * 1e3);
            last.add(heard.as_secs_f64() * 1e3);
        }
        tokio::try_join!(operator.remove(), all_hear(&mut listeners))?;
    }
    report.figure(INSTALL, Unit::Milliseconds, &installs);
    report.within(LAST, Unit::Milliseconds, &last, WITHIN);
    Ok(())
}

/// A client that hears of changes of the list of tools from now on.
async fn listen(url: &str, modern: bool) -> Result<Listener> {
    let (address, path) = split(url)?;
    if modern {
        let lines =
            format!("mcp-protocol-version: {MODERN}\r\nmcp-method: subscriptions/listen\r\n");
        let wanted = json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {
            "notifications": {"toolsListChanged": true}, "_meta": meta(),
        }});
        let request = post(path, &format!("{ACCEPT}{lines}"), &wanted.to_string());
        let mut listener = Listener::open(address, &request).await?;
        listener.hear(ACKNOWLEDGED).await?;
        return Ok(listener);
    }
    let session = legacy::begin(&mut Connection::open(address).await?, path).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n{session}\r\n"
    );
    Listener::open(address, request.as_bytes()).await
}

async fn all_hear(listeners: &mut [Listener]) -> Result<()> {
    let all = try_join_all(listeners.iter_mut().map(|listener| listener.hear(NOTICE)));
    let heard = tokio::time::timeout(PATIENCE, all).await;
    heard.context("not all clients were told")?.map(drop)
}

/// Who installs and removes, without a program that would have to be started for it.
struct Operator {
    http: reqwest::Client,
    extensions: String,
    token: String,
}

impl Operator {
    fn of(node: &Node) -> Result<Self> {
        let token = std::fs::read_to_string(node.data_dir.join("admin.token"))?;
        Ok(Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            extensions: format!("{}/v1/extensions", node.admin_url),
            token: token.trim().to_owned(),
        })
    }

    async fn install(&self, component: Vec<u8>) -> Result<()> {
        let options = json!({"source": "bench"}).to_string();
        let request = self.http.request(Method::POST, &self.extensions);
        let request = request.query(&[("options", options)]).body(component);
        self.send(request).await
    }

    async fn remove(&self) -> Result<()> {
        let url = format!("{}/{NAME}", self.extensions);
        self.send(self.http.request(Method::DELETE, url)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<()> {
        let answer = request.bearer_auth(&self.token).send().await?;
        let status = answer.status();
        let said = answer.text().await?;
        ensure!(status.is_success(), "the node refuses: {status} {said}");
        Ok(())
    }
}
