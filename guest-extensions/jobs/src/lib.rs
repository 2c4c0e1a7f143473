//! Has a job of every kind, each due once a second but the last two: for tests. What a test does not
//! want to run, it does not ask for: `jobs` is a setting with their names, and the others answer at once.

use std::time::Duration;

use koi_extension::prelude::*;
use koi_extension::{caller, config, no_job};
use serde_json::json;

/// Ends at once and says who it was called by.
const TICK: &str = "tick";
/// The same, and makes up for no runs that were missed.
const TOCK: &str = "tock";
/// Takes longer than its interval.
const SLOW: &str = "slow";
/// Never ends by itself.
const SPIN: &str = "spin";
/// Traps.
const TRAP: &str = "trap";
/// Fails twice and then succeeds.
const FLAKY: &str = "flaky";
/// Is due at a time that a test does not wait for.
const NIGHTLY: &str = "nightly";

struct Jobs;

impl Extension for Jobs {
    fn describe() -> Description {
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .uses([Capability::Config])
            .job(Job::every(TICK, 1).title("Tick"))
            .job(Job::every(TOCK, 1).missed(Missed::Skip))
            .job(Job::every(SLOW, 1))
            .job(Job::every(SPIN, 1))
            .job(Job::every(TRAP, 1))
            .job(Job::every(FLAKY, 3600))
            .job(Job::cron(NIGHTLY, "30 2 29 2 *"))
    }
}

impl Schedule for Jobs {
    fn run_job(name: &str, run: &JobRun) -> Result<Json> {
        let wanted = config::get("jobs")?.unwrap_or_default();
        if !wanted.contains(name) {
            return Json::of(&json!({}));
        }
        match name {
            TICK | TOCK | NIGHTLY => Json::of(&json!({
                "due": run.due,
                "last-success": run.last_success,
                "kind": caller::who()?.kind,
            })),
            SLOW => {
                std::thread::sleep(Duration::from_millis(2500));
                Json::of(&json!({}))
            }
            SPIN => loop {
                std::hint::black_box(());
            },
            TRAP => std::process::abort(),
            FLAKY if run.attempt < 3 => Err(Error::transient("not yet")),
            FLAKY => Json::of(&json!({ "attempt": run.attempt })),
            other => Err(no_job(other)),
        }
    }
}

koi_extension::export!(Jobs: Schedule);
