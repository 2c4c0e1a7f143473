//! Broadcasts of signed bundles until they are stored, beside a Python node.

use std::time::Duration;

use anyhow::Result;
use koi_rid::{Contents, Rid};
use koi_tests::{Kind, NodeBuilder, PeerBuilder, Sender};
use serde_json::json;

use crate::receiver::Receiver;
use crate::report::{Report, Target, Unit};
use crate::rounds::interleaved;

const INGEST: &str = "broadcast.ingest";

const ROUNDS: usize = 7;
const ENVELOPES: usize = 20;
const AN_ENVELOPE: usize = 50;

/// Events stored per second. The Rust node has the extension that owns the RID type, in pooled mode, so
/// that its handlers see every bundle; the Python node has no handler of its own.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[INGEST]) {
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

    let envelopes = report.pace().count(ENVELOPES);
    let mut made = 0_u64;
    let mut expected: [Option<Duration>; 2] = [None; 2];
    let rounds = report.pace().rounds(ROUNDS);
    let [python, koi] = interleaved(rounds, async |side| {
        let events = envelopes * AN_ENVELOPE;
        let knowledge = (0..events).map(|_| {
            made += 1;
            personality(made)
        });
        let knowledge = knowledge.collect::<Result<Vec<_>>>()?;
        let receiver = &mut receivers[side];
        let batch = receiver.sign(&sender, knowledge, AN_ENVELOPE);
        let took = receiver.store(&sender, &batch, expected[side]).await?;
        expected[side] = Some(took);
        Ok(events as f64 / took.as_secs_f64())
    })
    .await?;
    report.compared(
        INGEST,
        Unit::PerSecond,
        &koi,
        &python,
        Target::AtLeast { times: 20.0 },
    );
    Ok(())
}

/// A personality as the first example of the domain has it, under a RID of its own.
fn personality(number: u64) -> Result<(Rid, Contents)> {
    let rid = format!("orn:agent.personality:bench-{number}/1.0");
    let contents = json!({
        "rid": rid,
        "node_rid": null,
        "base_url": null,
        "mcp_url": "http://127.0.0.1:8101/mcp",
        "traits": [
            {
                "name": "mood",
                "description": "How this agent feels about questions",
                "type": "str",
                "value": "curious",
                "is_callable": false,
            },
            {
                "name": "interests",
                "description": "What this agent likes to talk about",
                "type": "list",
                "value": ["engines", "poetry", number],
                "is_callable": false,
            },
            {
                "name": "calculate",
                "description": "Works out a sum",
                "type": "function",
                "value": null,
                "is_callable": true,
            },
        ],
    });
    Ok((Rid::parse(&rid)?, Contents::from_serialize(&contents)?))
}
