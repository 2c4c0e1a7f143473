//! How many calls are under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// Counts the calls that are under way in one revision. Entering and leaving wait for nobody.
#[derive(Debug, Default)]
pub struct InFlight {
    calls: AtomicUsize,
    ended: Notify,
}

/// A call that is under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Underway(Arc<InFlight>);

impl InFlight {
    /// Begins a call.
    pub(crate) fn enter(self: &Arc<Self>) -> Underway {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Underway(self.clone())
    }

    /// How many are under way.
    pub fn count(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Waits until none is under way, but not for longer than `limit`. Gives how many still are.
    pub(crate) async fn drained(&self, limit: Duration) -> usize {
        let none_left = async {
            loop {
                let ended = self.ended.notified();
                // One that ends from here on is noticed.
                if self.count() == 0 {
                    return;
                }
                ended.await;
            }
        };
        match tokio::time::timeout(limit, none_left).await {
            Ok(()) => 0,
            Err(_) => self.count(),
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        if self.0.calls.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.ended.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn draining_ends_with_the_last_call_or_at_its_limit() {
        let calls = Arc::new(InFlight::default());
        assert_eq!(calls.drained(Duration::MAX).await, 0);
        let (one, other) = (calls.enter(), calls.enter());
        assert_eq!(calls.drained(Duration::ZERO).await, 2);
        drop(one);
        let ends = async {
            tokio::task::yield_now().await;
            drop(other);
        };
        let (left, ()) = tokio::join!(calls.drained(Duration::MAX), ends);
        assert_eq!((left, calls.count()), (0, 0));
    }
}
