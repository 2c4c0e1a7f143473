//! A client that calls one tool of an MCP server on one connection.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::http::{ACCEPT, Connection, post, split};
use super::legacy;

/// The tool, which gives back what it is given.
pub const TOOL: &str = "echo";

/// The protocol of the modern era.
pub const MODERN: &str = "2026-07-28";

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

/// A client.
#[derive(Debug)]
pub struct Client {
    /// Where its requests go. Another one to the same server may take its place.
    pub connection: Connection,
    /// The path of the server's URL.
    pub path: String,
    /// Of its requests: whole lines, its session among them if it has one.
    pub headers: String,
    /// How it speaks.
    pub era: Era,
    /// Of the request before the next one.
    pub number: u64,
}

impl Client {
    /// Connects; one of the legacy era begins a session. The server has to answer a call rightly in every
    /// part.
    pub async fn connect(url: &str, era: Era) -> Result<Self> {
        let (address, path) = split(url)?;
        let mut client = Self {
            connection: Connection::open(address).await?,
            path: path.to_owned(),
            headers: ACCEPT.to_owned(),
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
            Era::Legacy => {
                let lines = legacy::begin(&mut client.connection, &client.path).await?;
                client.headers.push_str(&lines);
            }
        }
        client.check_whole_answer().await?;
        Ok(client)
    }

    /// The call that is next, as it goes over the wire.
    pub fn request(&self) -> Vec<u8> {
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
    pub async fn call(&mut self) -> Result<()> {
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
