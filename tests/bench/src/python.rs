//! Calls of a Python guest: one after another in fresh and in warm instances, and two hundred at once,
//! each in an instance of its own.

use std::time::Instant;

use anyhow::Result;
use futures::future::join_all;
use koi_runtime::{Limits, Mode, Runtime, RuntimeConfig};

use crate::call::{ARGUMENTS, median_us};
use crate::report::{Report, Unit};
use crate::rounds::{Series, interleaved};
use koi_tests::Callable;

const ERRORS: &str = "python.errors";
const SECONDS: &str = "python.together";

const FRESH: &str = "python.fresh";
const POOLED: &str = "python.pooled";
const MAKING: &str = "python.making";
const AHEAD: &str = "python.ahead";

const ROUNDS: usize = 3;
const CALLS: usize = 200;
/// Of the calls one after another.
const SINGLE_ROUNDS: usize = 15;
const SINGLE_CALLS: usize = 20;

const TOOL: &str = "python_shout";

/// Rows: what a fresh instance costs more than a warm one, and how much of that could be done before the
/// call is there; how many of the calls at once fail, and how long all take.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[FRESH, POOLED, MAKING, AHEAD, ERRORS, SECONDS]) {
        return Ok(());
    }
    // As many slots as a node has.
    let runtime = Runtime::new(RuntimeConfig {
        slots: 1000,
        ..RuntimeConfig::default()
    })?;
    let python = runtime.load(koi_tests::guest("test-python").into()).await?;
    let calls = report.pace().count(SINGLE_CALLS);
    let rounds = report.pace().rounds(SINGLE_ROUNDS);
    let [fresh, pooled, making, ahead] = interleaved(rounds, async |side| {
        let mode = [Mode::Fresh, Mode::Pooled, Mode::Fresh, Mode::Fresh][side];
        let guest = Callable::new(&python, mode, Limits::default());
        guest.call(TOOL, "{\"text\":\"first\"}").await?;
        match side {
            2 => {
                let mut times = Series::default();
                for _ in 0..calls {
                    let start = Instant::now();
                    guest.make().await?;
                    times.add(start.elapsed().as_secs_f64() * 1e6);
                }
                Ok(times.median())
            }
            3 => {
                let mut times = Series::default();
                for _ in 0..calls {
                    // The next one is there.
                    while runtime.usage().warm == 0 {
                        tokio::task::yield_now().await;
                    }
                    let start = Instant::now();
                    guest.call(TOOL, ARGUMENTS).await?;
                    times.add(start.elapsed().as_secs_f64() * 1e6);
                }
                Ok(times.median())
            }
            _ => median_us(calls, async || Ok(guest.call(TOOL, ARGUMENTS).await?)).await,
        }
    })
    .await?;
    report.figure(FRESH, Unit::Microseconds, &fresh);
    report.figure(POOLED, Unit::Microseconds, &pooled);
    report.related(MAKING, Unit::Microseconds, &making, &fresh);
    report.related(AHEAD, Unit::Microseconds, &ahead, &fresh);
    let through = Callable::new(&python, Mode::Fresh, Limits::default());
    let (mut errors, mut times) = (Series::default(), Series::default());
    for _ in 0..report.pace().rounds(ROUNDS) {
        let start = Instant::now();
        let calls = (0..report.pace().count(CALLS)).map(|n| {
            let through = through.clone();
            let arguments = format!("{{\"text\":\"call {n}\"}}");
            tokio::spawn(async move {
                let answer = through.call(TOOL, &arguments).await;
                answer.is_ok_and(|answer| answer.contains(&format!("CALL {n}")))
            })
        });
        let answered = join_all(calls).await;
        let failed = answered.iter().filter(|right| !matches!(right, Ok(true)));
        errors.add(failed.count() as f64);
        times.add(start.elapsed().as_secs_f64() * 1e3);
    }
    report.bounded(ERRORS, Unit::Calls, &errors, 0.0);
    report.figure(SECONDS, Unit::Milliseconds, &times);
    Ok(())
}
