//! How long a call may take, with the time set aside in which it waits for a person.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::Limits;
use crate::meter::Exceeded;
use crate::ports::Used;

/// A longer limit is cut to this one, which timers can express.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The clock of one call, and what it had used up at its end: `limits.wall` from its beginning to its end, less what it waited for a
/// person, which `limits.person` bounds.
#[derive(Debug)]
pub(crate) struct CallTime {
    start: Instant,
    wall: Duration,
    person: Duration,
    /// Milliseconds spent with a person up to now.
    waited: AtomicU64,
    /// Milliseconds after the start at which waiting for a person began, and one more; 0 if the call
    /// does not wait.
    since: AtomicU64,
    /// Nanoseconds of CPU time, once it is over.
    cpu: AtomicU64,
    /// Bytes of memory, once the guest has answered.
    memory: AtomicU64,
}

impl CallTime {
    pub(crate) fn start(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            wall: limits.wall.min(LONGEST),
            person: limits.person.min(LONGEST),
            waited: AtomicU64::new(0),
            since: AtomicU64::new(0),
            cpu: AtomicU64::new(0),
            memory: AtomicU64::new(0),
        })
    }

    /// Notes the CPU time of a call that is over.
    pub(crate) fn note_cpu(&self, used: Duration) {
        let nanos = u64::try_from(used.as_nanos()).unwrap_or(u64::MAX);
        self.cpu.store(nanos, Ordering::Relaxed);
    }

    /// Notes the memory of an instance whose guest has answered.
    pub(crate) fn note_memory(&self, bytes: u64) {
        self.memory.store(bytes, Ordering::Relaxed);
    }

    /// What was noted.
    pub(crate) fn used(&self) -> Used {
        Used {
            cpu: Duration::from_nanos(self.cpu.load(Ordering::Relaxed)),
            memory: self.memory.load(Ordering::Relaxed),
        }
    }

    /// When the call is over, as things stand, and the limit that it then has met.
    pub(crate) fn end(&self) -> (Instant, Exceeded) {
        let waited = Duration::from_millis(self.waited.load(Ordering::Acquire));
        match self.since.load(Ordering::Acquire) {
            0 => (self.start + self.wall + waited, Exceeded::Wall(self.wall)),
            since => {
                let since = self.start + Duration::from_millis(since - 1);
                let left = self.person.saturating_sub(waited);
                (since + left, Exceeded::Person(self.person))
            }
        }
    }

    /// Waits for a person until what this gives is dropped.
    pub(crate) fn wait_for_person(self: &Arc<Self>) -> PersonWait {
        self.since.store(self.elapsed() + 1, Ordering::Release);
        PersonWait(self.clone())
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

/// Ends a call's waiting for a person when it is dropped.
pub(crate) struct PersonWait(Arc<CallTime>);

impl Drop for PersonWait {
    fn drop(&mut self) {
        let since = self.0.since.swap(0, Ordering::AcqRel);
        let waited = self.0.elapsed().saturating_sub(since.saturating_sub(1));
        self.0.waited.fetch_add(waited, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call that began so many seconds ago and has waited for a person since its first second.
    fn waiting(seconds: u64) -> Arc<CallTime> {
        let limits = Limits {
            wall: Duration::from_secs(10),
            person: Duration::from_secs(100),
            ..Limits::default()
        };
        let time = CallTime {
            start: Instant::now() - Duration::from_secs(seconds),
            since: AtomicU64::new(1001),
            ..Arc::into_inner(CallTime::start(&limits)).unwrap()
        };
        Arc::new(time)
    }

    /// Seconds that are left, and the limit that is met then.
    fn left(time: &CallTime) -> (u64, Exceeded) {
        let (end, exceeded) = time.end();
        let left = end.saturating_duration_since(Instant::now());
        (left.as_secs_f64().round() as u64, exceeded)
    }

    #[test]
    fn waiting_for_a_person_is_no_wall_time() {
        let time = waiting(51);
        drop(PersonWait(time.clone()));
        assert_eq!(left(&time), (9, Exceeded::Wall(Duration::from_secs(10))));
    }

    #[test]
    fn waiting_for_persons_ends_at_a_limit_of_its_own() {
        let time = waiting(61);
        drop(PersonWait(time.clone()));
        let _second = time.wait_for_person();
        let limit = Duration::from_secs(100);
        assert_eq!(left(&time), (40, Exceeded::Person(limit)));
    }
}
