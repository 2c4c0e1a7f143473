//! A tool call of a guest: bare wasmtime, and the same through the runtime.

use std::time::Instant;

use anyhow::{Result, ensure};
use koi_runtime::{Limits, Mode, Runtime, RuntimeConfig};
use koi_tests::Callable;

use crate::bare::Bare;
use crate::report::{Report, Target, Unit};
use crate::rounds::{Series, interleaved};

const BARE_FRESH: &str = "call.bare.fresh";
const BARE_WARM: &str = "call.bare.warm";
const FRESH: &str = "call.fresh";
const POOLED: &str = "call.pooled";

const ROUNDS: usize = 50;
const CALLS: usize = 200;

/// The tool of the extension `echo`.
pub const TOOL: &str = "echo";
/// What it is given.
pub const ARGUMENTS: &str = r#"{"text":"forty bytes of JSON, or nearly"}"#;

/// Rows (a) and (b): a fresh instance for each call, and a warm one.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[BARE_FRESH, BARE_WARM, FRESH, POOLED]) {
        return Ok(());
    }
    let component = koi_tests::guest("echo");
    let config = RuntimeConfig::default();
    let bare = Bare::new(&component, config.slots)?;
    let runtime = Runtime::new(config)?;
    let extension = runtime.load(component.into()).await?;
    let [fresh, pooled] =
        [Mode::Fresh, Mode::Pooled].map(|mode| Callable::new(&extension, mode, Limits::default()));
    let mut warm = bare.instance().await?;
    let json = ARGUMENTS.to_owned();

    let calls = report.pace().count(CALLS);
    let rounds = report.pace().rounds(ROUNDS);
    let [bare_fresh, bare_warm, fresh, pooled] = interleaved(rounds, async |side| match side {
        0 => median_us(calls, async || bare.call(TOOL, &json).await).await,
        1 => median_us(calls, async || warm.call(TOOL, &json).await).await,
        2 => median_us(calls, async || Ok(fresh.call(TOOL, ARGUMENTS).await?)).await,
        _ => median_us(calls, async || Ok(pooled.call(TOOL, ARGUMENTS).await?)).await,
    })
    .await?;
    report.figure(BARE_FRESH, Unit::Microseconds, &bare_fresh);
    report.figure(BARE_WARM, Unit::Microseconds, &bare_warm);
    let at_most = |or_more| Target::AtMost {
        times: 1.25,
        or_more,
    };
    report.compared(FRESH, Unit::Microseconds, &fresh, &bare_fresh, at_most(8.0));
    report.compared(
        POOLED,
        Unit::Microseconds,
        &pooled,
        &bare_warm,
        at_most(1.0),
    );
    Ok(())
}

/// The median time of so many calls, each of which has to answer with an echo.
pub async fn median_us(calls: usize, call: impl AsyncFnMut() -> Result<String>) -> Result<f64> {
    median_us_of(calls, "forty bytes of json, or nearly", call).await
}

/// The median time of so many calls, each of which has to answer with this, in lower case.
pub async fn median_us_of(
    calls: usize,
    expected: &str,
    mut call: impl AsyncFnMut() -> Result<String>,
) -> Result<f64> {
    let mut times = Series::default();
    for _ in 0..calls {
        let start = Instant::now();
        let answer = call().await?;
        times.add(start.elapsed().as_secs_f64() * 1e6);
        ensure!(
            answer.to_lowercase().contains(expected),
            "not `{expected}`: {answer}"
        );
    }
    Ok(times.median())
}
