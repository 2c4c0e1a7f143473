//! A thousand tools that are listed, beside a native server with the same tools.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use koi_tests::{Node, NodeBuilder, Process};
use serde_json::{Value, json};

use crate::catalogue;
use crate::client::{MODERN, meta};
use crate::http::{ACCEPT, Connection, post, split};
use crate::report::{Report, Target, Unit};
use crate::rounds::{Series, interleaved};

const FIRST: &str = "tools-list.first";
const ALL: &str = "tools-list.all";
const ALL_IN_PAGES: &str = "tools-list.all.in-pages";

const TOOLS: usize = 1000;
/// On a page of koi-mcp, and of the native server that has pages.
const PAGE: usize = 200;
/// How long the first page may take, in milliseconds.
const AT_MOST: f64 = 1.0;

const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(500);
const FIRST_PAGES: usize = 200;
const CONNECTIONS: usize = 4;
/// How much longer than planned a round may take before it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Rows: milliseconds until the first page has come; and how often a second all tools are listed,
/// beside a native server that has them all on one page, and beside one whose pages are as large as
/// koi-mcp's.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[FIRST, ALL, ALL_IN_PAGES]) {
        return Ok(());
    }
    let count = report.pace().count(TOOLS);
    let page = PAGE.min(count.div_ceil(TOOLS / PAGE));
    let folder = tempfile::tempdir()?;
    let node = node(folder.path(), count)?;
    let (_whole, whole) = native(count, count)?;
    let (_paged, paged) = native(count, page)?;
    let mut sides = Vec::new();
    for url in [&whole, &paged, &node.mcp_url] {
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            clients.push(Client::connect(url, count).await?);
        }
        sides.push(clients);
    }

    let mut first = Series::default();
    for _ in 0..report.pace().rounds(ROUNDS) {
        let mut times = Series::default();
        for _ in 0..report.pace().count(FIRST_PAGES) {
            let start = Instant::now();
            sides[2][0].page(None).await?;
            times.add(start.elapsed().as_secs_f64() * 1e3);
        }
        first.add(times.median());
    }
    report.within(FIRST, Unit::Milliseconds, &first, AT_MOST);

    let rounds = report.pace().rounds(ROUNDS);
    let round = report.pace().time(ROUND);
    let [whole, paged, koi] = interleaved(rounds, async |side| {
        all_per_second(&mut sides[side], round).await
    })
    .await?;
    let target = Target::AtLeast { times: 1.0 };
    report.compared(ALL, Unit::PerSecond, &koi, &whole, target);
    report.compared(ALL_IN_PAGES, Unit::PerSecond, &koi, &paged, target);
    Ok(())
}

/// A node with so many tools.
fn node(folder: &Path, count: usize) -> Result<Node> {
    let node = NodeBuilder::new("bench", &folder.join("node"))
        .env("KOI_MCP_LOG__LEVEL", "info")
        .start();
    for guest in catalogue::guests(count) {
        let file = folder.join("guest.wasm");
        std::fs::write(&file, guest)?;
        let file = file.to_str().context("a folder's name that is no text")?;
        node.json(&["extension", "install", file]);
    }
    Ok(node)
}

/// A native server with so many tools on pages of such a size, and its URL.
fn native(count: usize, page: usize) -> Result<(Process, String)> {
    let (count, page) = (count.to_string(), page.to_string());
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["native-server", "--tools", &count, "--page", &page]);
    let (process, ready) = Process::start(&mut command);
    let url = ready["url"].as_str();
    Ok((
        process,
        url.context("the native server told no URL")?.to_owned(),
    ))
}

/// A client that lists tools.
struct Client {
    connection: Connection,
    path: String,
    headers: String,
}

impl Client {
    /// Connects; the server has to have so many tools.
    async fn connect(url: &str, count: usize) -> Result<Self> {
        let (address, path) = split(url)?;
        let mut client = Self {
            connection: Connection::open(address).await?,
            path: path.to_owned(),
            headers: format!(
                "{ACCEPT}mcp-protocol-version: {MODERN}\r\nmcp-method: tools/list\r\n"
            ),
        };
        let mut listed = Vec::new();
        let mut cursor = None;
        loop {
            let page: Value = serde_json::from_str(client.body(cursor.as_deref()).await?)?;
            let result = &page["result"];
            let tools = result["tools"].as_array();
            listed.extend(tools.with_context(|| page.to_string())?.clone());
            match result["nextCursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        let expected = catalogue::tools(count);
        ensure!(listed.len() == count, "{} tools", listed.len());
        for (listed, expected) in listed.iter().zip(&expected) {
            for member in ["name", "title", "description", "inputSchema"] {
                ensure!(
                    listed[member] == expected[member],
                    "{listed} for {expected}"
                );
            }
        }
        Ok(client)
    }

    /// All pages.
    async fn all(&mut self) -> Result<()> {
        let mut cursor = self.page(None).await?;
        while cursor.is_some() {
            cursor = self.page(cursor.as_deref()).await?;
        }
        Ok(())
    }

    /// A page; the cursor of the next one.
    async fn page(&mut self, cursor: Option<&str>) -> Result<Option<String>> {
        let body = self.body(cursor).await?;
        let Some((_, next)) = body.split_once("\"nextCursor\":\"") else {
            return Ok(None);
        };
        let (next, _) = next.split_once('"').context("half a cursor")?;
        Ok(Some(next.to_owned()))
    }

    async fn body(&mut self, cursor: Option<&str>) -> Result<&str> {
        let mut params = json!({"_meta": meta()});
        if let Some(cursor) = cursor {
            params["cursor"] = json!(cursor);
        }
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params});
        let request = post(&self.path, &self.headers, &request.to_string());
        let answer = self.connection.exchange(&request).await?;
        ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
        Ok(answer.body)
    }
}

/// How often a second the clients together list all tools.
async fn all_per_second(clients: &mut [Client], duration: Duration) -> Result<f64> {
    let start = Instant::now();
    let each = clients.iter_mut().map(async |client| {
        let mut lists = 0_u64;
        while start.elapsed() < duration {
            client.all().await?;
            lists += 1;
        }
        anyhow::Ok(lists)
    });
    let all = tokio::time::timeout(duration + PATIENCE, try_join_all(each)).await;
    let lists: u64 = all.context("lists do not come")??.iter().sum();
    Ok(lists as f64 / start.elapsed().as_secs_f64())
}
