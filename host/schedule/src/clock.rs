//! Time, as far as the schedule needs it.

use std::time::Duration;

use async_trait::async_trait;
use koi_rid::Timestamp;

/// Tells the time and waits.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;

    /// Returns when it is that late, or shortly after.
    async fn wait_until(&self, time: Timestamp);
}

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn wait_until(&self, time: Timestamp) {
        tokio::time::sleep(between(self.now(), time)).await;
    }
}

/// From one instant to another; nothing if that is not ahead.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    let micros = to.to_micros().saturating_sub(from.to_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// So much later.
pub(crate) fn later(from: Timestamp, duration: Duration) -> Timestamp {
    let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(from.to_micros().saturating_add(micros))
}
