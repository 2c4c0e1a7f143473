//! A tool call over HTTP into an instance of a guest, a fresh one or one of a pool, beside a native
//! server's.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use koi_runtime::Mode;
use koi_tests::{Node, NodeBuilder, Process};

use crate::client::Era;
use crate::load::Clients;
use crate::report::{Report, Target, Unit};
use crate::rounds::interleaved;

/// What a row is called, who calls over how many connections, in which mode the guest runs, and how
/// many times the native server's calls there have to be.
const ROWS: [(&str, Era, usize, Mode, f64); 5] = [
    ("tools-call.modern.1", Era::Modern, 1, Mode::Fresh, 0.40),
    ("tools-call.modern.16", Era::Modern, 16, Mode::Fresh, 0.45),
    ("tools-call.legacy.1", Era::Legacy, 1, Mode::Fresh, 0.40),
    ("tools-call.legacy.16", Era::Legacy, 16, Mode::Fresh, 0.40),
    ("tools-call.pooled.16", Era::Modern, 16, Mode::Pooled, 0.85),
];

const ROUNDS: usize = 25;
const ROUND: Duration = Duration::from_millis(250);

/// Rows (c): calls per second.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&ROWS.map(|(name, ..)| name)) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let fresh = node(folder.path(), Mode::Fresh)?;
    let pooled = node(folder.path(), Mode::Pooled)?;
    let (_native, ready) =
        Process::start(Command::new(std::env::current_exe()?).arg("native-server"));
    let native_url = ready["url"]
        .as_str()
        .context("the native server told no URL")?;

    let rounds = report.pace().rounds(ROUNDS);
    let round = report.pace().time(ROUND);
    for (name, era, connections, mode, times) in ROWS {
        if !report.wants(&[name]) {
            continue;
        }
        let node = match mode {
            Mode::Pooled => &pooled,
            _ => &fresh,
        };
        let mut native = Clients::connect(native_url, era, connections).await?;
        let mut koi = Clients::connect(&node.mcp_url, era, connections).await?;
        let [native, koi] = interleaved(rounds, async |side| match side {
            0 => native.calls_per_second(round).await,
            _ => koi.calls_per_second(round).await,
        })
        .await?;
        let target = Target::AtLeast { times };
        report.compared(name, Unit::PerSecond, &koi, &native, target);
    }
    Ok(())
}

/// A node with the extension that has the tool, which runs in this mode: pooled as it asks for, else
/// fresh.
fn node(folder: &Path, mode: Mode) -> Result<Node> {
    let node = NodeBuilder::new("bench", &folder.join(mode.as_str()))
        .env("KOI_MCP_LOG__LEVEL", "info")
        .start();
    node.install("echo");
    if mode == Mode::Fresh {
        let revoked = node.command(&["extension", "revoke", "echo", "mode=pooled"]);
        ensure!(revoked.status.success(), "{revoked:?}");
    }
    let listed = node.json(&["extension", "list"]);
    ensure!(listed[0]["mode"] == mode.as_str(), "{listed}");
    Ok(node)
}
