//! A node that is killed at any moment of a swap.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use koi_tests::{Admin, Counting, Node, NodeBuilder};
use serde_json::Value;

use super::callers::answer;
use super::{fresh, single};
use crate::random::Random;

/// Of a swap's usual time a node is killed at any part, up to so much of it: some have ended by then.
const UP_TO: f64 = 1.3;

/// How many swaps are timed before.
const TIMED: u32 = 6;

/// The kills.
#[derive(Debug)]
pub struct Kills {
    /// How many.
    pub kills: usize,
    /// Of their moments.
    pub seed: u64,
}

impl Kills {
    /// Kills; whether one whole revision answered after each, and no count was lost.
    pub async fn run(self) -> Result<bool> {
        let data = tempfile::tempdir()?;
        let folder = data.path().join("node");
        let extensions = [fresh(), single()];
        let mut node = start(&folder);
        let usual = timed(&node).await?;
        let mut random = Random::new(self.seed, usize::MAX);
        let (mut before, mut after) = (0, 0);
        let mut failures = Vec::new();
        for kill in 0..self.kills {
            let extension = extensions[kill % 2];
            let name = extension[0].name;
            let (old, counted) = answer(&node.mcp_url, name).await?;
            let next = extension.into_iter().find(|revision| revision.mark != old);
            let component = next.map(Counting::bytes).unwrap_or_default();
            let microseconds = (usual.as_micros() as f64 * UP_TO) as usize;
            let moment = Duration::from_micros(random.below(microseconds.max(1)) as u64);
            let admin = Admin::of(&node)?;
            let installing = tokio::spawn(async move { admin.install(component).await });
            tokio::time::sleep(moment).await;
            node.process.kill();
            let reported = installing.await?.is_ok();
            node = start(&folder);
            let verdict = async {
                let (mark, count) = answer(&node.mcp_url, name).await?;
                let version = served(&node, name);
                let expected = extension.map(Counting::version);
                let marked = extension.into_iter().find(|revision| revision.mark == mark);
                ensure!(
                    marked.map(Counting::version) == version,
                    "`{mark}` answers and {version:?} of {expected:?} is listed"
                );
                ensure!(
                    !reported || mark != old,
                    "the install was reported and is gone"
                );
                if extension[0].singleton {
                    ensure!(count == counted + 1, "after {counted} came {count}");
                }
                anyhow::Ok(mark)
            };
            match verdict.await {
                Ok(mark) if mark == old => before += 1,
                Ok(_) => after += 1,
                Err(error) => failures.push(format!("kill {kill} after {moment:?}: {error:#}")),
            }
        }
        println!(
            "{} kills within a swap: {before} times the revision before served then, {after} times the \
             one after; {} times something else",
            self.kills,
            failures.len()
        );
        failures.iter().take(5).for_each(|one| println!("  {one}"));
        Ok(failures.is_empty())
    }
}

fn start(folder: &Path) -> Node {
    NodeBuilder::new("soak", folder)
        .env("KOI_MCP_LOG__LEVEL", "warn")
        .start()
}

/// Installs all revisions, so that their code is there, and then some again; how long one takes.
async fn timed(node: &Node) -> Result<Duration> {
    let admin = Admin::of(node)?;
    let all = [fresh(), single()].concat();
    for revision in &all {
        admin.install(revision.bytes()).await?;
    }
    let begin = Instant::now();
    for turn in 0..TIMED {
        let revision = all[2 + turn as usize % 2];
        admin.install(revision.bytes()).await?;
    }
    Ok(begin.elapsed() / TIMED)
}

/// The version that is listed.
fn served(node: &Node, name: &str) -> Option<String> {
    let listed = node.json(&["extension", "list"]);
    let extensions = listed.as_array().into_iter().flatten();
    let mut extensions = extensions.filter(|extension| extension["name"] == name);
    let version = extensions.next().map(|extension| &extension["version"]);
    version.and_then(Value::as_str).map(str::to_owned)
}
