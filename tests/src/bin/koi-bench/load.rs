//! Clients that call one tool of an MCP server, each on its own connection, as fast as they are
//! answered.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::http::{Connection, post, split};
use crate::rounds::Series;

/// The tool, which gives back what it is given.
pub const TOOL: &str = "echo";

/// The protocol of the modern era.
pub const MODERN: &str = "2026-07-28";
const LEGACY: &str = "2025-11-25";

/// How much longer than planned a round may take before it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Request numbers have as many digits each, so that requests have the same length.
const FIRST_NUMBER: u64 = 10_000_000;

/// The two ways to speak MCP over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// Each request for itself, answered with JSON.
    Modern,
    /// In a session, answered with an event stream.
    Legacy,
}

/// Clients of one server.
#[derive(Debug)]
pub struct Clients(Vec<Client>);

#[derive(Debug)]
struct Client {
    connection: Connection,
    path: String,
    headers: String,
    era: Era,
    number: u64,
}

impl Clients {
    /// Connects so many clients; those of the legacy era begin a session each.
    pub async fn connect(url: &str, era: Era, count: usize) -> Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..count {
            clients.push(Client::connect(url, era).await?);
        }
        Ok(Self(clients))
    }

    /// Calls the tool for so long, one client after the other; milliseconds until each answer.
    pub async fn times(&mut self, duration: Duration) -> Result<Series> {
        let start = Instant::now();
        let mut times = Series::default();
        while start.elapsed() < duration {
            for client in &mut self.0 {
                let call = Instant::now();
                client.call().await?;
                times.add(call.elapsed().as_secs_f64() * 1e3);
            }
        }
        Ok(times)
    }

    /// Calls the tool for so long; calls answered per second.
    pub async fn calls_per_second(&mut self, duration: Duration) -> Result<f64> {
        let start = Instant::now();
        let mut running = JoinSet::new();
        for mut client in self.0.drain(..) {
            running.spawn(async move {
                let mut calls = 0_u64;
                while start.elapsed() < duration {
                    client.call().await?;
                    calls += 1;
                }
                anyhow::Ok((client, calls))
            });
        }
        let mut calls = 0;
        let all = async {
            while let Some(ended) = running.join_next().await {
                let (client, answered) = ended??;
                self.0.push(client);
                calls += answered;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(duration + PATIENCE, all)
            .await
            .context("calls are not answered")??;
        Ok(calls as f64 / start.elapsed().as_secs_f64())
    }
}

impl Client {
    async fn connect(url: &str, era: Era) -> Result<Self> {
        let (address, path) = split(url)?;
        let mut client = Self {
            connection: Connection::open(address).await?,
            path: path.to_owned(),
            headers: "accept: application/json, text/event-stream\r\n".to_owned(),
            era,
            number: FIRST_NUMBER,
        };
        match era {
            Era::Modern => {
                let lines = format!(
                    "mcp-protocol-version: {MODERN}\r\nmcp-method: tools/call\r\nmcp-name: {TOOL}\r\n"
                );
                client.headers.push_str(&lines);
            }
            Era::Legacy => client.begin_session().await?,
        }
        client.check_whole_answer().await?;
        Ok(client)
    }

    async fn begin_session(&mut self) -> Result<()> {
        let info = json!({"name": "koi-bench", "version": "1"});
        let begin = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": info,
        }});
        let begin = post(&self.path, &self.headers, &begin.to_string());
        let answer = self.connection.exchange(&begin).await?;
        ensure!(
            answer.status == 200,
            "initialize: {} {}",
            answer.status,
            answer.body
        );
        let session = answer.session.context("no session")?;
        let lines = format!("mcp-protocol-version: {LEGACY}\r\nmcp-session-id: {session}\r\n");
        self.headers.push_str(&lines);
        let done = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let done = post(&self.path, &self.headers, &done.to_string());
        let answer = self.connection.exchange(&done).await?;
        ensure!(
            answer.status == 202,
            "initialized: {} {}",
            answer.status,
            answer.body
        );
        Ok(())
    }

    fn request(&self) -> Vec<u8> {
        let number = self.number;
        let meta = match self.era {
            Era::Legacy => String::new(),
            Era::Modern => format!(",\"_meta\":{}", meta()),
        };
        let body = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{number},\"method\":\"tools/call\",\"params\":\
             {{\"name\":\"{TOOL}\",\"arguments\":{{\"text\":\"{}\"}}{meta}}}}}",
            text(number)
        );
        post(&self.path, &self.headers, &body)
    }

    /// One call, whose answer has to be the one to this request.
    async fn call(&mut self) -> Result<()> {
        self.number += 1;
        let (request, number) = (self.request(), self.number);
        let answer = self.connection.exchange(&request).await?;
        let right = answer.status == 200
            && answer.body.contains(&format!("\"id\":{number}"))
            && answer.body.contains(&format!(
                "\"structuredContent\":{{\"text\":\"{}\"}}",
                text(number)
            ));
        ensure!(
            right,
            "a wrong answer to call {number}: {} {}",
            answer.status,
            answer.body
        );
        Ok(())
    }

    /// One call, whose answer is looked at in every part.
    async fn check_whole_answer(&mut self) -> Result<()> {
        self.number += 1;
        let (request, number) = (self.request(), self.number);
        let answer = self.connection.exchange(&request).await?;
        let message = match self.era {
            Era::Modern => answer.body,
            Era::Legacy => {
                let data = answer
                    .body
                    .lines()
                    .filter_map(|line| line.strip_prefix("data:"));
                data.map(str::trim)
                    .rfind(|data| !data.is_empty())
                    .context("an empty stream")?
            }
        };
        let message: Value = serde_json::from_str(message)
            .with_context(|| format!("{} {}", answer.status, answer.body))?;
        let result = &message["result"];
        let echo = json!({"text": text(number)});
        let inner = result["content"][0]["text"].as_str().unwrap_or_default();
        if message["id"] != number
            || result["isError"] != false
            || result["structuredContent"] != echo
            || serde_json::from_str::<Value>(inner).ok() != Some(echo)
        {
            bail!("no echo: {message}");
        }
        Ok(())
    }
}

/// What a request of the modern era says about its client.
pub fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "koi-bench", "version": "1"},
    })
}

/// What is said and has to come back: with the rest of the arguments, forty bytes.
fn text(number: u64) -> String {
    format!("forty bytes of JSON {number}")
}
