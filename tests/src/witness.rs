//! Somebody who calls a harmless tool all the time, to notice when it is not answered.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Node;

/// Pause between an answer and the next call.
const PAUSE: Duration = Duration::from_millis(3);

const PROTOCOL: &str = "2026-07-28";

/// Calls `echo` of a node over MCP until it is dropped.
#[derive(Debug)]
pub struct Witness {
    seen: Arc<Mutex<Seen>>,
    thread: Option<JoinHandle<()>>,
}

/// What a witness saw in some time.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// How long each answer took.
    pub answers: Vec<Duration>,
    /// What was no answer.
    pub failures: Vec<String>,
    end: bool,
}

impl Seen {
    /// The longest that an answer took.
    #[must_use]
    pub fn worst(&self) -> Duration {
        self.answers.iter().max().copied().unwrap_or_default()
    }

    /// As long as so many of a hundred answers took, or less.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.answers.clone();
        sorted.sort();
        let place = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(place - 1).copied().unwrap_or_default()
    }
}

impl Witness {
    /// Begins to call the tool `echo`, which has to be installed.
    #[must_use]
    pub fn of(node: &Node) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (url, shared) = (node.mcp_url.clone(), seen.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(watch(&url, &shared));
        });
        Self {
            seen,
            thread: Some(thread),
        }
    }

    /// What was seen since this was last asked.
    #[must_use]
    pub fn since(&self) -> Seen {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if let Ok(mut seen) = self.seen.lock() {
            seen.end = true;
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn watch(url: &str, seen: &Mutex<Seen>) {
    let http = reqwest::Client::builder()
        .no_proxy()
        .tcp_nodelay(true)
        .build()
        .unwrap();
    let mut number = 0_u64;
    while !seen.lock().unwrap().end {
        number += 1;
        let start = Instant::now();
        let answer = call(&http, url, number).await;
        {
            let mut seen = seen.lock().unwrap();
            match answer {
                Ok(()) => seen.answers.push(start.elapsed()),
                Err(failure) => seen.failures.push(failure),
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn call(http: &reqwest::Client, url: &str, number: u64) -> Result<(), String> {
    let arguments = json!({"text": format!("call {number}")});
    let request = json!({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {
        "name": "echo", "arguments": arguments, "_meta": {
            "io.modelcontextprotocol/protocolVersion": PROTOCOL,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "witness", "version": "1"},
    }}});
    let response = http
        .post(url)
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", PROTOCOL)
        .header("mcp-method", "tools/call")
        .header("mcp-name", "echo")
        .json(&request)
        .send()
        .await
        .map_err(|error| format!("call {number}: {error}"))?;
    let answer: Value = response
        .json()
        .await
        .map_err(|error| format!("call {number}: {error}"))?;
    match answer["result"]["structuredContent"] == arguments {
        true => Ok(()),
        false => Err(format!("call {number}: {answer}")),
    }
}
