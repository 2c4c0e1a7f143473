//! `koi-mcp watch`: events as they pass.

use std::path::Path;

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::Value;

use super::print;
use crate::admin::Client;

/// Longest line; those of the node are a RID or two long.
const MAX_LINE: usize = 1 << 20;

pub(super) async fn run(data_dir: &Path, rid_type: Option<&str>, json: bool) -> Result<()> {
    let client = Client::of(data_dir)?;
    let mut request = client.request(Method::GET, "events");
    if let Some(rid_type) = rid_type {
        request = request.query(&[("rid_type", rid_type)]);
    }
    let mut answer = client.open(request).await?;
    let mut lines = Vec::new();
    while let Some(piece) = answer.chunk().await.context("the node was lost")? {
        lines.extend_from_slice(&piece);
        while let Some(end) = lines.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = lines.drain(..=end).collect();
            let line: Value = serde_json::from_slice(&line)
                .context("the node's answer is not what this version of koi-mcp expects")?;
            tell(&line, json)?;
        }
        if lines.len() > MAX_LINE {
            bail!("the node's answer is not what this version of koi-mcp expects");
        }
    }
    bail!("the node has stopped")
}

fn tell(line: &Value, json: bool) -> Result<()> {
    if json {
        return print::line(line);
    }
    match line["event"].as_str() {
        Some("watching") => {
            eprintln!("watching what this node stores and forgets; Ctrl-C ends it");
            Ok(())
        }
        Some("missed") => print::line(format!("({} events were missed)", line["count"])),
        _ => {
            let [at, event, rid, source] =
                ["at", "event", "rid", "source"].map(|of| print::cell(line, of));
            let from = match source.as_str() {
                "" => String::new(),
                source => format!("  from {source}"),
            };
            print::line(format!("{at}  {event:6}  {rid}{from}"))
        }
    }
}
