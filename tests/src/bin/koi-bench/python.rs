//! Two hundred calls of a Python guest at once, each in an instance of its own.

use std::time::Instant;

use anyhow::Result;
use futures::future::join_all;
use koi_runtime::{Limits, Mode, Runtime, RuntimeConfig};

use crate::report::{Report, Unit};
use crate::rounds::Series;
use koi_tests::Callable;

const ERRORS: &str = "python.errors";
const SECONDS: &str = "python.together";

const ROUNDS: usize = 3;
const CALLS: usize = 200;

/// Rows: how many of the calls fail, and how long all take.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[ERRORS, SECONDS]) {
        return Ok(());
    }
    // As many slots as a node has.
    let runtime = Runtime::new(RuntimeConfig {
        slots: 1000,
        ..RuntimeConfig::default()
    })?;
    let python = runtime.load(koi_tests::guest("test-python").into()).await?;
    let through = Callable::new(&python, Mode::Fresh, Limits::default());
    let (mut errors, mut times) = (Series::default(), Series::default());
    for _ in 0..report.pace().rounds(ROUNDS) {
        let start = Instant::now();
        let calls = (0..report.pace().count(CALLS)).map(|n| {
            let through = through.clone();
            let arguments = format!("{{\"text\":\"call {n}\"}}");
            tokio::spawn(async move {
                let answer = through.call("python_shout", &arguments).await;
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
