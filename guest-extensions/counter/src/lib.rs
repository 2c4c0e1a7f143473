//! Counts its calls in memory: the smallest singleton, for tests.

use std::sync::atomic::{AtomicU64, Ordering};

use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// How often it was called since it began, counting those whose state was taken up.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Count {
    count: u64,
}

struct Counter;

impl Extension for Counter {
    fn describe() -> Description {
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .description(env!("CARGO_PKG_DESCRIPTION"))
            .mode(Mode::Singleton)
    }
}

impl Tools for Counter {
    fn toolbox() -> Toolbox {
        let count = Tool::new("count", "Counts one more and gives the sum").closed_world();
        let crash = Tool::new("crash", "Counts one more and crashes").closed_world();
        Toolbox::new()
            .tool(count, |_: NoArguments| Ok(next()))
            .tool(crash, |_: NoArguments| -> Result<Count> {
                next();
                std::process::abort()
            })
    }
}

fn next() -> Count {
    let count = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
    Count { count }
}

impl State for Counter {
    fn save() -> Result<Vec<u8>> {
        Ok(COUNT.load(Ordering::Relaxed).to_le_bytes().to_vec())
    }

    fn load(state: Vec<u8>) -> Result<()> {
        let count = state
            .try_into()
            .map_err(|_| Error::permanent("the saved count is not of eight bytes"))?;
        COUNT.store(u64::from_le_bytes(count), Ordering::Relaxed);
        Ok(())
    }
}

koi_extension::export!(Counter: Tools, State);
