//! What became of the clients' calls.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many were answered and cut, and which failed that nobody cut.
#[derive(Debug, Default)]
pub struct Outcomes {
    answered: AtomicU64,
    cut: AtomicU64,
    failures: Mutex<Vec<String>>,
}

impl Outcomes {
    /// A call was answered.
    pub fn answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// A call was cut by its client.
    pub fn cut(&self) {
        self.cut.fetch_add(1, Ordering::Relaxed);
    }

    /// Something failed that has to work.
    pub fn failed(&self, failure: String) {
        self.failures.lock().unwrap().push(failure);
    }

    /// How many calls were answered.
    pub fn answers(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// How many failed.
    pub fn failures(&self) -> usize {
        self.failures.lock().unwrap().len()
    }

    /// The first of those that failed.
    pub fn failed_first(&self, count: usize) -> Vec<String> {
        let failures = self.failures.lock().unwrap();
        failures.iter().take(count).cloned().collect()
    }

    /// Whether there were calls of both kinds, and none failed.
    pub fn are_well(&self) -> bool {
        self.answers() > 0
            && self.cut.load(Ordering::Relaxed) > 0
            && self.failures.lock().unwrap().is_empty()
    }
}

impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failures = self.failures.lock().unwrap();
        write!(
            f,
            "{} calls answered, {} cut, {} failed",
            self.answers(),
            self.cut.load(Ordering::Relaxed),
            failures.len()
        )?;
        for failure in failures.iter().take(5) {
            write!(f, "\n  {failure}")?;
        }
        Ok(())
    }
}
