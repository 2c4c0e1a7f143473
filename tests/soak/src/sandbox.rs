//! Calls in all modes through the runtime, and among them hostile ones.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use koi_runtime::{Runtime, RuntimeConfig};
use tokio::task::JoinSet;

use crate::calls::Tally;
use crate::figure;
use koi_tests::Callable;

use crate::guests;
use crate::record::Record;

/// Of so many calls one is hostile.
const ONE_HOSTILE_IN: u64 = 1000;

/// So many callers at a time.
const CALLERS: usize = 8;

/// So many lines of figures.
const MOMENTS: u64 = 200;

/// By how much memory may be higher at the end than after the first quarter: pages that the allocator
/// has not given back yet.
const MORE: f64 = 16.0 * MEBIBYTE;

struct Soak {
    well_behaved: Vec<Callable>,
    hostile: Vec<Callable>,
    calls: u64,
    next: AtomicU64,
    tally: Tally,
    record: Mutex<Record>,
}

/// Makes so many calls; whether memory stayed as it was and no well-behaved call failed.
pub async fn run(calls: u64, folder: &Path) -> Result<bool> {
    let runtime = Runtime::new(RuntimeConfig::default())?;
    let soak = Arc::new(Soak {
        well_behaved: guests::well_behaved(&runtime).await?,
        hostile: guests::hostile(&runtime).await?,
        calls,
        next: AtomicU64::new(0),
        tally: Tally::default(),
        record: Mutex::new(Record::begin(
            &folder.join("sandbox.csv"),
            std::process::id(),
        )?),
    });
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(soak.clone().call());
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    soak.verdict(folder)
}

impl Soak {
    /// One of the callers.
    async fn call(self: Arc<Self>) -> Result<()> {
        let each = (self.calls / MOMENTS).max(1);
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number.is_multiple_of(each) && number <= self.calls {
                self.record.lock().unwrap().look(number)?;
            }
            if number >= self.calls {
                return Ok(());
            }
            let turn = number / ONE_HOSTILE_IN;
            if number % ONE_HOSTILE_IN == ONE_HOSTILE_IN / 2 {
                let guest = &self.hostile[turn as usize % self.hostile.len()];
                self.tally.hostile(&guest.call("t", "{}").await);
            } else {
                let guest = &self.well_behaved[number as usize % self.well_behaved.len()];
                self.check(guest, number).await;
            }
        }
    }

    async fn check(&self, guest: &Callable, number: u64) {
        let text = format!("call {number}");
        let answer = guest
            .call("echo", &format!("{{\"text\":\"{text}\"}}"))
            .await;
        match answer {
            Ok(answer) if answer.contains(&text) => {}
            Ok(answer) => self.tally.failed(format!("{text}: answered {answer}")),
            Err(error) => self.tally.failed(format!("{text}: {error}")),
        }
    }

    fn verdict(&self, folder: &Path) -> Result<bool> {
        let record = self.record.lock().unwrap();
        let title = format!("Memory of {} calls in all modes", self.calls);
        figure::draw(&folder.join("sandbox.svg"), &title, record.moments())?;
        let (early, late) = (
            record.memory_between(0.25, 0.5),
            record.memory_between(0.75, 1.0),
        );
        let flat = late <= early + MORE;
        println!("{}", self.tally);
        println!(
            "memory: {:.1} MiB in the second quarter, {:.1} MiB in the last one: {}",
            early / MEBIBYTE,
            late / MEBIBYTE,
            if flat { "flat" } else { "it grows" },
        );
        println!("{}", folder.join("sandbox.svg").display());
        Ok(flat && self.tally.failures() == 0)
    }
}

const MEBIBYTE: f64 = 1024.0 * 1024.0;
