//! Counters of a revision's calls: added to without a lock, read as values.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Times in microseconds, four buckets for each power of two, up to about a minute.
const BUCKETS: usize = 104;

/// What is counted while a revision runs.
pub(crate) struct Counters {
    calls: AtomicU64,
    failures: AtomicU64,
    traps: AtomicU64,
    errors: AtomicU64,
    times: [AtomicU64; BUCKETS],
}

/// How a call ended, as it is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) failed: bool,
    pub(crate) trapped: bool,
    /// The tool said that it failed.
    pub(crate) error: bool,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            calls: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            traps: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            times: [const { AtomicU64::new(0) }; BUCKETS],
        }
    }
}

impl Counters {
    /// Counts a call, and gives how many there are.
    pub(crate) fn add(&self, counted: Counted, took: Duration) -> u64 {
        let add = |counter: &AtomicU64, does: bool| {
            if does {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        };
        add(&self.failures, counted.failed);
        add(&self.traps, counted.trapped);
        add(&self.errors, counted.error);
        if let Some(times) = self.times.get(bucket(took)) {
            times.fetch_add(1, Ordering::Relaxed);
        }
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// What they have come to. Calls that end meanwhile may be in one of the numbers and not in
    /// another.
    pub(crate) fn tally(&self) -> Tally {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Tally {
            calls: read(&self.calls),
            failures: read(&self.failures),
            traps: read(&self.traps),
            errors: read(&self.errors),
            times: self.times.iter().map(read).collect(),
        }
    }
}

/// What counters have come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Calls that ended.
    pub(crate) calls: u64,
    /// Those that the extension failed in.
    pub(crate) failures: u64,
    /// Those of them that it crashed in.
    pub(crate) traps: u64,
    /// Those in which a tool said that it failed.
    pub(crate) errors: u64,
    times: Vec<u64>,
}

impl Tally {
    /// What was added since an earlier one.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let before = earlier.times.iter().chain(std::iter::repeat(&0));
        let times = self.times.iter().zip(before);
        Self {
            calls: self.calls.saturating_sub(earlier.calls),
            failures: self.failures.saturating_sub(earlier.failures),
            traps: self.traps.saturating_sub(earlier.traps),
            errors: self.errors.saturating_sub(earlier.errors),
            times: times
                .map(|(now, before)| now.saturating_sub(*before))
                .collect(),
        }
    }

    /// The part of the calls that came to nothing, 0 to 1.
    pub(crate) fn rate(&self) -> f64 {
        (self.failures + self.errors) as f64 / self.calls.max(1) as f64
    }

    /// The time that 95 of 100 calls took at most, as exact as the buckets are: a quarter too much at
    /// worst. None without calls.
    pub(crate) fn p95(&self) -> Option<Duration> {
        let all: u64 = self.times.iter().sum();
        let rank = (all * 95).div_ceil(100);
        let mut seen = 0;
        let bucket = self.times.iter().position(|times| {
            seen += times;
            seen >= rank && seen > 0
        })?;
        Some(upper(bucket))
    }
}

/// The bucket of a time.
fn bucket(time: Duration) -> usize {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
    let power = micros.ilog2();
    let quarter = ((u128::from(micros) << 2) >> power) & 3;
    let bucket = usize::try_from(power).unwrap_or(BUCKETS) * 4
        + usize::try_from(quarter).unwrap_or_default();
    bucket.min(BUCKETS - 1)
}

/// The longest time of a bucket.
fn upper(bucket: usize) -> Duration {
    let (power, quarter) = (bucket / 4, u64::try_from(bucket % 4).unwrap_or_default());
    Duration::from_micros(((5 + quarter) << power) >> 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_added_since_is_the_difference() {
        let counters = Counters::default();
        let failed = Counted {
            failed: true,
            trapped: true,
            error: false,
        };
        counters.add(failed, Duration::from_millis(1));
        let before = counters.tally();
        counters.add(Counted::default(), Duration::from_millis(9));
        let error = Counted {
            error: true,
            ..Counted::default()
        };
        counters.add(error, Duration::from_millis(9));
        let since = counters.tally().since(&before);
        assert_eq!((since.calls, since.failures, since.traps), (2, 0, 0));
        assert_eq!(since.errors, 1);
        assert!((since.rate() - 0.5).abs() < f64::EPSILON);
        assert!(since.p95().unwrap() >= Duration::from_millis(9));
        assert_eq!(Tally::default().p95(), None);
    }

    proptest! {
        #[test]
        fn a_bucket_is_at_most_a_quarter_above_its_times(micros in 1_u64..50_000_000) {
            let time = Duration::from_micros(micros);
            let upper = upper(bucket(time));
            prop_assert!(upper + Duration::from_micros(1) >= time);
            prop_assert!(upper.as_micros() <= (time.as_micros() * 5).div_ceil(4) + 1);
        }

        #[test]
        fn any_time_has_a_bucket(micros in any::<u64>()) {
            prop_assert!(bucket(Duration::from_micros(micros)) < BUCKETS);
        }
    }
}
