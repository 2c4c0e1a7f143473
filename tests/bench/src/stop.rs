//! How much CPU time a guest gets that was granted 100 ms and never ends.

use std::time::Duration;

use anyhow::{Result, bail};
use koi_runtime::{CallError, Limits, Mode, Runtime, RuntimeConfig};
use koi_tests::Guest;
use rustix::time::{ClockId, clock_gettime};

use crate::report::{Report, Target, Unit};
use crate::rounds::Series;
use koi_tests::Callable;

const STOP: &str = "limit.cpu";

const ROUNDS: usize = 3;
/// Of which 99 have to be stopped in time.
const CALLS: usize = 100;
const GRANTED: Duration = Duration::from_millis(100);

/// Row: CPU milliseconds after which 99 of 100 calls were stopped. What is measured is the time of the
/// whole process, which does nothing else meanwhile: more than the guest had, never less.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[STOP]) {
        return Ok(());
    }
    let runtime = Runtime::new(RuntimeConfig::default())?;
    let spinning = Guest::with_tool("(loop $l (br $l)) (unreachable)");
    let limits = Limits {
        cpu: GRANTED,
        ..Limits::default()
    };
    let extension = runtime.load(spinning.bytes()).await?;
    let through = Callable::new(&extension, Mode::Fresh, limits);
    let (mut stopped, mut granted) = (Series::default(), Series::default());
    for _ in 0..report.pace().rounds(ROUNDS) {
        let mut round = Series::default();
        for _ in 0..report.pace().count(CALLS) {
            let before = process_cpu_ms();
            match through.call("spin", "{}").await {
                Err(CallError::Limit {
                    setting: "limits.cpu",
                    ..
                }) => round.add(process_cpu_ms() - before),
                other => bail!("it was not stopped at its CPU limit: {other:?}"),
            }
        }
        stopped.add(round.quantile(0.99));
        granted.add(GRANTED.as_secs_f64() * 1e3);
    }
    let target = Target::AtMost {
        times: 1.3,
        or_more: 0.0,
    };
    report.compared(STOP, Unit::Milliseconds, &stopped, &granted, target);
    Ok(())
}

fn process_cpu_ms() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
