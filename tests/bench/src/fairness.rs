//! A well-behaved call while twice as many guests spin as there are cores.

use std::num::NonZero;
use std::time::Duration;

use anyhow::{Context, Result};
use koi_tests::{Guest, NodeBuilder};

use crate::client::Era;
use crate::load::Clients;
use crate::report::{Report, Target, Unit};
use crate::rounds::interleaved;
use crate::spinning::Spinning;

const FAIRNESS: &str = "fairness.p99";

const ROUNDS: usize = 10;
const ROUND: Duration = Duration::from_secs(2);

/// Row: milliseconds within which 99 of 100 calls are answered, beside the same on a quiet node.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[FAIRNESS]) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let node = NodeBuilder::new("bench", &folder.path().join("node"))
        .env("KOI_MCP_LOG__LEVEL", "info")
        .start();
    node.install("echo");
    let spinning = Guest {
        call_tool: "(loop $l (br $l)) (unreachable)",
        ..Guest::named("spinning")
    };
    let file = folder.path().join("spinning.wasm");
    std::fs::write(&file, spinning.bytes())?;
    let file = file.to_str().context("a folder's name that is no text")?;
    node.json(&["extension", "install", file]);

    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let round = report.pace().time(ROUND);
    let mut clients = Clients::connect(&node.mcp_url, Era::Modern, 1).await?;
    let rounds = report.pace().rounds(ROUNDS);
    let [quiet, beside] = interleaved(rounds, async |side| {
        let spinning = match side {
            0 => None,
            _ => Some(Spinning::begin(&node.mcp_url, "spinning", 2 * cores).await?),
        };
        let times = clients.times(round).await?;
        drop(spinning);
        Ok(times.quantile(0.99))
    })
    .await?;
    let target = Target::AtMostOrElse {
        times: 3.0,
        or_else: 5.0,
    };
    report.compared(FAIRNESS, Unit::Milliseconds, &beside, &quiet, target);
    Ok(())
}
