//! Revisions that take each other's place under many callers, and a node that is killed while they do.
//!
//! Two extensions have two revisions each, which stand with their mark in two places of every answer: one
//! with an instance for each call, and a singleton that counts. No call may fail, no answer be made of two
//! revisions, no count be lost or given twice, and memory has to stay as it is. A node that is killed
//! at any moment of a swap has one whole revision afterwards, and its count.

mod callers;
mod kills;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use koi_tests::{Admin, Counting, NodeBuilder};

use crate::figure;
use crate::outcomes::Outcomes;
use crate::record::Record;
use callers::Callers;
use kills::Kills;

/// The two revisions of an extension.
pub type Revisions = [Counting; 2];

/// With an instance for each call.
fn fresh() -> Revisions {
    ['A', 'B'].map(|mark| Counting {
        singleton: false,
        ..Counting::singleton("fresh", mark)
    })
}

/// With one instance for all calls.
fn single() -> Revisions {
    ['A', 'B'].map(|mark| Counting::singleton("single", mark))
}

/// So many lines of figures.
const MOMENTS: usize = 200;

/// By how much memory may be higher at the end than after the first quarter: pages that the allocator
/// has not given back yet.
const MORE: f64 = 16.0 * MEBIBYTE;
const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// The soak.
#[derive(Debug)]
pub struct Soak {
    /// How many times a revision takes the place of another one.
    pub swaps: usize,
    /// How many call meanwhile.
    pub callers: usize,
    /// How many times a node is killed.
    pub kills: usize,
    /// Of the moments at which it is killed.
    pub seed: u64,
}

impl Soak {
    /// Swaps and kills; whether all was as it has to be.
    pub async fn run(self, folder: &Path) -> Result<bool> {
        println!("seed {}", self.seed);
        let swapped = self.swap(folder).await?;
        let kills = Kills {
            kills: self.kills,
            seed: self.seed,
        };
        Ok(kills.run().await? && swapped)
    }

    async fn swap(&self, folder: &Path) -> Result<bool> {
        let data = tempfile::tempdir()?;
        let node = NodeBuilder::new("soak", &data.path().join("node"))
            .env("KOI_MCP_LOG__LEVEL", "warn")
            .start();
        let admin = Admin::of(&node)?;
        let extensions = [fresh(), single()].map(|revisions| revisions.map(Counting::bytes));
        // What is made once for each component is made before anybody calls.
        for second_first in extensions
            .iter()
            .flat_map(|revisions| revisions.iter().rev())
        {
            admin.install(second_first.clone()).await?;
        }
        let outcomes = Arc::new(Outcomes::default());
        let callers = Callers::start(&node.mcp_url, self.callers, &outcomes).await?;
        let mut record = Record::begin(&folder.join("lifecycle.csv"), node.process.id())?;
        let each = (self.swaps / MOMENTS).max(1);
        let start = Instant::now();
        for swap in 0..self.swaps {
            if swap.is_multiple_of(each) {
                record.look(outcomes.answers())?;
            }
            // The extensions in turns, and of each the revisions.
            let (extension, revision) = (swap % 2, (swap / 2 + 1) % 2);
            let component = extensions[extension][revision].clone();
            let report = admin.install(component).await?;
            ensure!(report["outcome"] == "replaced", "swap {swap}: {report}");
        }
        let took = start.elapsed();
        let counted = callers.stop().await?;
        record.look(outcomes.answers())?;
        let last = callers::count(&node.mcp_url, "single").await?;
        let title = format!(
            "Memory over {} swaps under {} callers",
            self.swaps, self.callers
        );
        figure::draw(&folder.join("lifecycle.svg"), &title, record.moments())?;
        let (early, late) = (
            record.memory_between(0.25, 0.5),
            record.memory_between(0.75, 1.0),
        );
        let flat = late <= early + MORE;
        let exact = last == counted + 1;
        println!(
            "{} swaps under {} callers in {:.1} s: {} calls answered, {} failed or were no revision's",
            self.swaps,
            self.callers,
            took.as_secs_f64(),
            outcomes.answers(),
            outcomes.failures(),
        );
        outcomes
            .failed_first(5)
            .iter()
            .for_each(|one| println!("  {one}"));
        println!(
            "{counted} calls of the singleton answered, and then it had counted {}: {}",
            last - 1,
            if exact {
                "none lost, none twice"
            } else {
                "they differ"
            },
        );
        println!(
            "memory: {:.1} MiB in the second quarter, {:.1} MiB in the last one: {}",
            early / MEBIBYTE,
            late / MEBIBYTE,
            if flat { "flat" } else { "it grows" },
        );
        println!("{}", folder.join("lifecycle.svg").display());
        Ok(flat && exact && outcomes.failures() == 0 && outcomes.answers() > 0)
    }
}
