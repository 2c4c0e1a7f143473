//! What counting instructions costs a guest that computes.

use anyhow::Result;
use koi_runtime::{Limits, Mode, Runtime, RuntimeConfig};
use koi_tests::{Callable, Guest};

use crate::call::{ARGUMENTS, median_us};
use crate::report::{Report, Target, Unit};
use crate::rounds::interleaved;

const ROW: &str = "call.fuel";

const ROUNDS: usize = 20;
const CALLS: usize = 5;

/// Ten million turns of a loop of seven instructions: little that a guest does suffers more from
/// counting.
const COMPUTING: &str = "
    (loop $l
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10000000))))
    (call $text (local.get $args) (local.get $args-len))";

/// A computing guest where instructions are counted, beside the same where they are not.
pub async fn measure(report: &mut Report) -> Result<()> {
    if !report.wants(&[ROW]) {
        return Ok(());
    }
    let mut guests = Vec::new();
    for fuel in [false, true] {
        let runtime = Runtime::new(RuntimeConfig {
            fuel,
            ..RuntimeConfig::default()
        })?;
        let guest = Guest::with_tool(COMPUTING).bytes();
        guests.push(runtime.load(guest).await?);
    }
    let calls = report.pace().count(CALLS);
    let rounds = report.pace().rounds(ROUNDS);
    let [plain, counted] = interleaved(rounds, async |side| {
        let guest = Callable::new(&guests[side], Mode::Fresh, Limits::default());
        median_us(calls, async || Ok(guest.call("t", ARGUMENTS).await?)).await
    })
    .await?;
    let target = Target::AtMost {
        times: 2.0,
        or_more: 0.0,
    };
    report.compared(ROW, Unit::Microseconds, &counted, &plain, target);
    Ok(())
}
