//! Those who call while revisions take each other's place.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use koi_measure::calling::Calling;
use koi_tests::Counting;
use serde_json::json;
use tokio::task::JoinSet;

use crate::outcomes::Outcomes;

/// Callers, each on a connection of its own: one half of each extension.
pub struct Callers {
    stop: Arc<AtomicBool>,
    /// The counts that each was given of the singleton.
    calling: JoinSet<Vec<u64>>,
    outcomes: Arc<Outcomes>,
}

impl Callers {
    /// So many begin to call.
    pub async fn start(url: &str, count: usize, outcomes: &Arc<Outcomes>) -> Result<Self> {
        let mut callers = Self {
            stop: Arc::default(),
            calling: JoinSet::new(),
            outcomes: outcomes.clone(),
        };
        for number in 0..count {
            let connection = Calling::connect(url).await?;
            let tool = ["fresh", "single"][number % 2];
            let (stop, outcomes) = (callers.stop.clone(), outcomes.clone());
            callers
                .calling
                .spawn(call(connection, tool, stop, outcomes));
        }
        Ok(callers)
    }

    /// All end; how many calls of the singleton were answered, each with another count.
    pub async fn stop(mut self) -> Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        let mut counts = BTreeSet::new();
        while let Some(ended) = self.calling.join_next().await {
            for count in ended? {
                if !counts.insert(count) {
                    self.outcomes
                        .failed(format!("two calls were number {count}"));
                }
            }
        }
        Ok(counts.len() as u64)
    }
}

async fn call(
    mut connection: Calling,
    tool: &'static str,
    stop: Arc<AtomicBool>,
    outcomes: Arc<Outcomes>,
) -> Vec<u64> {
    let mut counts = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let answer = match connection.call(tool, &json!({})).await {
            Ok(answer) => answer,
            Err(error) => {
                outcomes.failed(format!("{tool}: {error:#}"));
                // What was sent last may have left its connection in the middle of something.
                return counts;
            }
        };
        match Counting::read(&answer) {
            Some((_, count)) => {
                outcomes.answered();
                if tool == "single" {
                    counts.push(count);
                }
            }
            None => outcomes.failed(format!("{tool}: {answer}")),
        }
    }
    counts
}

/// Calls a counting tool once; its count.
pub async fn count(url: &str, tool: &str) -> Result<u64> {
    Ok(answer(url, tool).await?.1)
}

/// Calls a counting tool once; the mark of the revision that answered, and its count.
pub async fn answer(url: &str, tool: &str) -> Result<(char, u64)> {
    let answer = Calling::connect(url).await?.call(tool, &json!({})).await?;
    Counting::read(&answer).with_context(|| format!("no revision's answer: {answer}"))
}
