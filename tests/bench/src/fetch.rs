//! Signed requests for a bundle, beside a Python node.

use std::time::Instant;

use anyhow::{Result, ensure};
use koi_rid::{Contents, Rid};
use koi_tests::{Kind, NodeBuilder, PeerBuilder, Sender};
use serde_json::json;

use crate::receiver::Receiver;
use crate::report::{Report, Target, Unit};
use crate::rounds::interleaved;

const FETCH: &str = "bundles.fetch";

const ROUNDS: usize = 7;
const REQUESTS: [usize; 2] = [100, 1000];

/// Answers per second on one connection. The requests are signed beforehand, so that the time is the
/// node's: verifying, reading, signing.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[FETCH]) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let node = NodeBuilder::new("bench", &folder.path().join("node"))
        .env("KOI_MCP_LOG__LEVEL", "info")
        .start();
    node.install("agent-personality");
    let python = PeerBuilder::new(Kind::Full, "python", folder.path()).start();
    let sender = Sender::new("bench-sender");
    let mut receivers = [
        Receiver::connect(&sender, &python.rid, &python.public_key, &python.base_url).await?,
        Receiver::connect(&sender, &node.rid, &node.public_key, &node.koi_url).await?,
    ];
    let rid = Rid::parse("orn:agent.personality:fetched/1.0")?;
    let contents = json!({"rid": rid, "traits": [
        {"name": "mood", "description": "How it is", "type": "str", "value": "calm"}]});
    let knowledge = vec![(rid.clone(), Contents::from_serialize(&contents)?)];
    for receiver in &mut receivers {
        let batch = receiver.sign(&sender, knowledge.clone(), 1);
        receiver.store(&sender, &batch, None).await?;
    }

    let rounds = report.pace().rounds(ROUNDS);
    let counts = REQUESTS.map(|count| report.pace().count(count));
    let [python, koi] = interleaved(rounds, async |side| {
        let receiver = &mut receivers[side];
        let request = receiver.sign_fetch(&sender, &rid);
        let start = Instant::now();
        for _ in 0..counts[side] {
            receiver.fetch(&request).await?;
        }
        let seconds = start.elapsed().as_secs_f64();
        ensure!(seconds > 0.0, "no time has passed");
        Ok(counts[side] as f64 / seconds)
    })
    .await?;
    report.compared(
        FETCH,
        Unit::PerSecond,
        &koi,
        &python,
        Target::AtLeast { times: 10.0 },
    );
    Ok(())
}
