//! A tool call over HTTP into a fresh instance of a guest, beside a native server's.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use koi_tests::{NodeBuilder, Process};

use crate::client::Era;
use crate::load::Clients;
use crate::report::{Report, Target, Unit};
use crate::rounds::interleaved;

const ROWS: [(&str, Era, usize); 4] = [
    ("tools-call.modern.1", Era::Modern, 1),
    ("tools-call.modern.16", Era::Modern, 16),
    ("tools-call.legacy.1", Era::Legacy, 1),
    ("tools-call.legacy.16", Era::Legacy, 16),
];

const ROUNDS: usize = 25;
const ROUND: Duration = Duration::from_millis(250);

/// Rows (c): calls per second.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&ROWS.map(|(name, ..)| name)) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let node = NodeBuilder::new("bench", &folder.path().join("node"))
        .env("KOI_MCP_LOG__LEVEL", "info")
        .start();
    node.install("echo");
    let (_native, ready) =
        Process::start(Command::new(std::env::current_exe()?).arg("native-server"));
    let native_url = ready["url"]
        .as_str()
        .context("the native server told no URL")?;

    let rounds = report.pace().rounds(ROUNDS);
    let round = report.pace().time(ROUND);
    for (name, era, connections) in ROWS {
        if !report.wants(&[name]) {
            continue;
        }
        let mut native = Clients::connect(native_url, era, connections).await?;
        let mut koi = Clients::connect(&node.mcp_url, era, connections).await?;
        let [native, koi] = interleaved(rounds, async |side| match side {
            0 => native.calls_per_second(round).await,
            _ => koi.calls_per_second(round).await,
        })
        .await?;
        let target = Target::AtLeast { times: 0.40 };
        report.compared(name, Unit::PerSecond, &koi, &native, target);
    }
    Ok(())
}
