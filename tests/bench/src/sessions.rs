//! Ten thousand sessions of the legacy era that are open and that nobody uses.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use koi_tests::{Footprint, NodeBuilder};
use serde_json::json;

use crate::http::{ACCEPT, Connection, post, split};
use crate::legacy;
use crate::pace::Pace;
use crate::report::{Report, Unit};

const PARKED: &str = "sessions.parked";

const SESSIONS: usize = 10_000;
/// So many are begun at a time, each on a connection that stays.
const CONNECTIONS: usize = 16;
/// What one may take, in units of 1024 bytes: 40 KB.
const AT_MOST: f64 = 40_000.0 / 1024.0;

/// After so long without use a node parks a session, unless it is told otherwise.
const PARK_AFTER: Duration = Duration::from_secs(60);
/// In a quick run it is told otherwise.
const PARK_AFTER_QUICKLY: Duration = Duration::from_secs(1);
/// It may look for them as late as this, by its share of the time.
const LOOKS_WITHIN: f64 = 0.25;
/// For what is then done with thousands of them.
const MORE: Duration = Duration::from_secs(5);

/// How long all of them may take to begin.
const PATIENCE: Duration = Duration::from_secs(240);

/// Row: by how much the node's memory is larger when they are parked, by their number.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[PARKED]) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let mut node =
        NodeBuilder::new("bench", &folder.path().join("node")).env("KOI_MCP_LOG__LEVEL", "info");
    let park_after = match report.pace() {
        Pace::Full => PARK_AFTER,
        Pace::Quick => {
            let milliseconds = PARK_AFTER_QUICKLY.as_millis().to_string();
            node = node.env("KOI_MCP_MCP__LIMITS__PARK_AFTER", &milliseconds);
            PARK_AFTER_QUICKLY
        }
    };
    let node = node.start();
    let (address, path) = split(&node.mcp_url)?;
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(address).await?);
    }
    // What is only made once is made before.
    legacy::begin(&mut connections[0], path).await?;

    let before = Footprint::of(node.process.id()).memory;
    let each = report.pace().count(SESSIONS).div_ceil(CONNECTIONS);
    let all = connections.iter_mut().map(async |connection| {
        let mut sessions = Vec::with_capacity(each);
        for _ in 0..each {
            sessions.push(legacy::begin(connection, path).await?);
        }
        anyhow::Ok(sessions)
    });
    let sessions = tokio::time::timeout(PATIENCE, try_join_all(all)).await;
    let sessions = sessions.context("sessions do not begin")??.concat();
    // Nothing tells when the last one is parked.
    tokio::time::sleep(park_after.mul_f64(1.0 + LOOKS_WITHIN) + MORE).await;
    let after = Footprint::of(node.process.id()).memory;

    drop(connections);
    for session in [sessions.first(), sessions.last()].into_iter().flatten() {
        check_goes_on(address, path, session).await?;
    }
    let each = after.saturating_sub(before) as f64 / sessions.len() as f64;
    let each = [each / 1024.0].into_iter().collect();
    report.within(PARKED, Unit::Kibibytes, &each, AT_MOST);
    Ok(())
}

/// A session that was parked answers.
async fn check_goes_on(address: SocketAddr, path: &str, session: &str) -> Result<()> {
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    let ping = post(path, &format!("{ACCEPT}{session}"), &ping.to_string());
    let mut connection = Connection::open(address).await?;
    let answer = connection.exchange(&ping).await?;
    ensure!(
        answer.status == 200 && answer.body.contains("\"result\""),
        "a parked session does not go on: {} {}",
        answer.status,
        answer.body
    );
    Ok(())
}
