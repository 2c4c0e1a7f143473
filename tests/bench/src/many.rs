//! A thousand extensions in one runtime.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use koi_runtime::{Limits, Mode, Runtime, RuntimeConfig};
use koi_tests::Footprint;

use koi_tests::Callable;

use crate::call::{ARGUMENTS, TOOL};
use crate::report::{Report, Unit};
use crate::rounds::{Series, interleaved};

const MEMORY: &str = "many.memory";
const TIME: &str = "many.load";
const CALL: &str = "many.call";

const EXTENSIONS: usize = 1000;
const ROUNDS: usize = 20;
const CALLS: usize = 1000;

/// Rows: what one more extension takes, and a call among them beside one where there is no other: that
/// one finds its memory in the pool as the call before left it, those among a thousand never do. Its
/// code comes from the cache, as after a node's start.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[MEMORY, TIME, CALL]) {
        return Ok(());
    }
    let component = koi_tests::guest("echo");
    let count = report.pace().count(EXTENSIONS);
    let folder = tempfile::tempdir()?;
    let config = || RuntimeConfig {
        cache_dir: Some(folder.path().join("code")),
        ..RuntimeConfig::default()
    };
    let compiling = Runtime::new(config())?;
    for number in 0..count {
        compiling.load(numbered(&component, number)).await?;
    }
    drop(compiling);

    let alone = Runtime::new(config())?;
    let alone = alone.load(numbered(&component, 0)).await?;
    let alone = Callable::new(&alone, Mode::Fresh, Limits::default());
    let runtime = Runtime::new(config())?;
    let before = Footprint::of(std::process::id()).memory;
    let mut all = Vec::with_capacity(count);
    let mut times = Series::default();
    for number in 0..count {
        let start = Instant::now();
        let extension = runtime.load(numbered(&component, number)).await?;
        times.add(start.elapsed().as_secs_f64() * 1e3);
        all.push(Callable::new(&extension, Mode::Fresh, Limits::default()));
    }
    let after = Footprint::of(std::process::id()).memory;
    let each = after.saturating_sub(before) as f64 / count as f64;
    report.figure(
        MEMORY,
        Unit::Kibibytes,
        &[each / 1024.0].into_iter().collect(),
    );
    report.figure(TIME, Unit::Milliseconds, &times);

    let calls = report.pace().count(CALLS);
    let rounds = report.pace().rounds(ROUNDS);
    let mut next = 0;
    let [alone, among] = interleaved(rounds, async |side| {
        let mut times = Series::default();
        for _ in 0..calls {
            let through = match side {
                0 => &alone,
                _ => {
                    // Far from the one before.
                    next = (next + 617) % all.len();
                    &all[next]
                }
            };
            let start = Instant::now();
            through.call(TOOL, ARGUMENTS).await?;
            times.add(start.elapsed().as_secs_f64() * 1e6);
        }
        Ok(times.median())
    })
    .await?;
    report.related(CALL, Unit::Microseconds, &among, &alone);
    Ok(())
}

/// The component with a section of its own behind it, which makes it another one.
fn numbered(component: &[u8], number: usize) -> Arc<[u8]> {
    let number = number as u32;
    let mut bytes = component.to_vec();
    // A custom section (0) of seven bytes: a name of two bytes, and the number.
    bytes.extend([0, 7, 2, b'n', b'o']);
    bytes.extend(number.to_le_bytes());
    bytes.into()
}
