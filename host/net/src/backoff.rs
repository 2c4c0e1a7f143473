//! How long to wait before a peer is tried again.

use std::time::Duration;

use rand::RngExt;

const FIRST: Duration = Duration::from_millis(250);
const GROWTH: f64 = 1.5;
const LONGEST: Duration = Duration::from_secs(60);

/// Waits that grow, each between half and all of its length so that nodes that failed together do
/// not come back together.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// The next wait.
    pub(crate) fn wait(&mut self) -> Duration {
        let wait = self.next;
        self.next = wait.mul_f64(GROWTH).min(LONGEST);
        wait.mul_f64(rand::rng().random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_minute() {
        let mut backoff = Backoff::default();
        let first = backoff.wait();
        assert!(first >= FIRST / 2 && first <= FIRST);
        for _ in 0..100 {
            assert!(backoff.wait() <= LONGEST);
        }
        assert!(backoff.wait() >= LONGEST / 2);
    }
}
