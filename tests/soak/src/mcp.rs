//! Clients of a node that call a tool over HTTP, some of which cut their connections.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use koi_runtime::Usage;
use koi_tests::{Footprint, Node, NodeBuilder};

use crate::crowd::Crowd;
use crate::figure;
use crate::files;
use crate::outcomes::Outcomes;
use crate::record::Record;

/// What the node is told: a session that nobody uses leaves memory, and is forgotten.
const PARK_AFTER: Duration = Duration::from_secs(4);
const SESSION_IDLE: Duration = Duration::from_secs(12);
/// A node looks for such sessions four times as often as it parks them.
const GLANCE: Duration = Duration::from_secs(1);

/// The figures have so many lines while the clients call.
const MOMENTS: u32 = 120;

/// The first clients call for a part of the time: what a node makes once for so many is made then.
const WARMING: u32 = 10;

/// How long what the clients left may take to go, once their sessions are forgotten.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the node is looked at meanwhile: nothing tells of it.
const GLANCE_AT_NODE: Duration = Duration::from_millis(200);

/// By how much the node's memory may be more than after the first clients: pages that the allocator
/// has not given back.
const MORE_MEMORY: u64 = 32 << 20;
/// By how many there may be more threads and files than before there was any client: the readers of
/// the store, and threads that wait for blocking work.
const MORE_THREADS: u64 = 4;
const MORE_FILES: u64 = 4;

/// The soak.
#[derive(Debug)]
pub struct Soak {
    /// How many clients there are at once.
    pub clients: usize,
    /// How long they call.
    pub duration: Duration,
    /// Of what they do at random.
    pub seed: u64,
}

impl Soak {
    /// Lets the clients call; whether none but those that cut saw a failure, and the node is as before.
    pub async fn run(self, folder: &Path) -> Result<bool> {
        println!("seed {}", self.seed);
        files::raise_limit()?;
        let data = tempfile::tempdir()?;
        let milliseconds = |time: Duration| time.as_millis().to_string();
        let node = NodeBuilder::new("soak", &data.path().join("node"))
            .env("KOI_MCP_LOG__LEVEL", "info")
            .env("KOI_MCP_LIMITS__QUEUE", &self.clients.to_string())
            .env("KOI_MCP_MCP__LIMITS__PARK_AFTER", &milliseconds(PARK_AFTER))
            .env(
                "KOI_MCP_MCP__LIMITS__SESSION_IDLE",
                &milliseconds(SESSION_IDLE),
            )
            .start();
        node.install("echo");
        let process = node.process.id();
        let start = Footprint::of(process);
        println!("before all clients: {start}");
        let crowd = Crowd {
            url: node.mcp_url.clone(),
            clients: self.clients,
            duration: self.duration,
            seed: self.seed,
        };
        let first = Crowd {
            duration: self.duration / WARMING,
            seed: self.seed.wrapping_add(1),
            ..crowd.clone()
        };
        let outcomes = Arc::new(Outcomes::default());
        first.call(&outcomes).await?;
        let bound = start.and(u64::MAX >> 1, MORE_THREADS, MORE_FILES);
        let warm = settled(process, bound).await;
        println!("after the first clients: {warm}");

        let record = Record::begin(&folder.join("mcp.csv"), process)?;
        let record = self.watched(record, &crowd, &outcomes).await?;
        let bound = Footprint {
            memory: warm.memory + MORE_MEMORY,
            ..bound
        };
        let after = settled(process, bound).await;
        println!("after all clients: {after}");
        let title = format!("Memory of a node with {} clients", self.clients);
        figure::draw(&folder.join("mcp.svg"), &title, record.moments())?;
        println!("{outcomes}");
        let running = running(&node).await?;
        println!("{running} instances still work");
        let sessions = sessions_left(node).await?;
        let kept = after.is_within(bound);
        println!(
            "{sessions} sessions left; threads, files and memory: {}",
            if kept {
                "as before"
            } else {
                "more than before"
            }
        );
        println!("{}", folder.join("mcp.svg").display());
        Ok(kept && running == 0 && sessions == 0 && outcomes.are_well())
    }

    /// Lets the clients call, and looks at the node again and again.
    async fn watched(
        &self,
        mut record: Record,
        crowd: &Crowd,
        outcomes: &Arc<Outcomes>,
    ) -> Result<Record> {
        let mut moments = tokio::time::interval(self.duration / MOMENTS);
        let mut calling = std::pin::pin!(crowd.call(outcomes));
        loop {
            tokio::select! {
                called = &mut calling => {
                    called?;
                    record.look(outcomes.answers())?;
                    return Ok(record);
                }
                _ = moments.tick() => record.look(outcomes.answers())?,
            }
        }
    }
}

/// Waits until sessions whose clients have gone are forgotten, and until the node takes no more than
/// this, if it ever does; what it takes then.
async fn settled(process: u32, bound: Footprint) -> Footprint {
    tokio::time::sleep(SESSION_IDLE + 3 * GLANCE).await;
    let start = Instant::now();
    loop {
        let now = Footprint::of(process);
        if now.is_within(bound) || start.elapsed() > PATIENCE {
            return now;
        }
        tokio::time::sleep(GLANCE_AT_NODE).await;
    }
}

/// Slots of instances that work for somebody.
async fn running(node: &Node) -> Result<u32> {
    let token = std::fs::read_to_string(node.data_dir.join("admin.token"))?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let usage = client
        .get(format!("{}/v1/instances", node.admin_url))
        .bearer_auth(token.trim())
        .send()
        .await?
        .error_for_status()?
        .json::<Usage>()
        .await?;
    Ok(usage.running)
}

/// Ends the node; how many sessions are in its store.
async fn sessions_left(node: Node) -> Result<u64> {
    let store = node.data_dir.join("koi.sqlite");
    let ended = node.process.terminate();
    ensure!(ended == Some(0), "the node ended with {ended:?}");
    Ok(koi_store::sqlite::open(&store)?
        .mcp_sessions
        .count()
        .await?)
}
