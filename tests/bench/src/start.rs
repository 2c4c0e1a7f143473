//! A node that starts with two hundred extensions.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use koi_measure::calling::Calling;
use koi_tests::{Admin, Node, NodeBuilder};
use serde_json::json;

use crate::report::{Report, Unit};
use crate::rounds::Series;

const START: &str = "start.200";

const EXTENSIONS: usize = 200;
const ROUNDS: usize = 7;
const AT_MOST_MS: f64 = 1500.0;

/// Stands once in the guest `numbered`, as its name and its tool's.
const NAME: &str = "numbered-extension-0000";

/// Row: milliseconds from the start of the node's process to the first answer of one of its extensions,
/// which all have their code in the cache.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[START]) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let folder = folder.path().join("node");
    let component = koi_tests::guest("numbered");
    let count = report.pace().count(EXTENSIONS);
    let node = start(&folder);
    let admin = Admin::of(&node)?;
    for number in 0..count {
        admin.install(named(&component, &name(number))?).await?;
    }
    end(node)?;
    let mut times = Series::default();
    for round in 0..report.pace().rounds(ROUNDS) {
        let begin = Instant::now();
        let node = start(&folder);
        let mut client = Calling::connect(&node.mcp_url).await?;
        let tool = name(round * 31 % count);
        client.call(&tool, &json!({"text": "hello"})).await?;
        times.add(begin.elapsed().as_secs_f64() * 1e3);
        end(node)?;
    }
    report.within(START, Unit::Milliseconds, &times, AT_MOST_MS);
    Ok(())
}

fn start(folder: &Path) -> Node {
    NodeBuilder::new("bench", folder)
        .env("KOI_MCP_LOG__LEVEL", "warn")
        .start()
}

fn end(node: Node) -> Result<()> {
    let ended = node.process.terminate();
    ensure!(ended == Some(0), "the node ended with {ended:?}");
    Ok(())
}

fn name(number: usize) -> String {
    format!("numbered-extension-{number:04}")
}

/// The component under another name of the same length.
fn named(component: &[u8], name: &str) -> Result<Vec<u8>> {
    let mut bytes = component.to_vec();
    let at = bytes
        .windows(NAME.len())
        .position(|window| window == NAME.as_bytes())
        .context("the guest `numbered` has its name nowhere")?;
    bytes[at..at + NAME.len()].copy_from_slice(name.as_bytes());
    Ok(bytes)
}
