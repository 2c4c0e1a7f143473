//! When the instance of a singleton that crashed is made again.
//!
//! After one crash at once. When the new instance crashes too before it has answered anything, its
//! extension is not called for a while, and longer each time: what crashes whenever it is called would
//! else be made again, and its state loaded, for each call that comes. Meanwhile calls are answered at
//! once with when it will be called again. A crash long after the one before is the first one again.
//!
//! A refusal of the saved state is a crash. A limit that is met is none: callers may set limits lower.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::{Duration, Instant};

use crate::error::CallError;

/// How long it is not called after the second crash; twice as long after each further one.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// So long after it might have been called again, a crash has nothing to do with those before.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(crate) struct Restarts(Mutex<Option<Crashes>>);

/// What happened since the last answer.
struct Crashes {
    count: u32,
    /// How the last one was.
    reason: String,
    /// When it may be called again.
    until: Instant,
}

impl Restarts {
    /// # Errors
    /// [`CallError::Unavailable`] while it is not called.
    pub(crate) fn may_begin(&self) -> Result<(), CallError> {
        self.may_begin_at(Instant::now())
    }

    fn may_begin_at(&self, now: Instant) -> Result<(), CallError> {
        let Some(crashes) = &*self.lock() else {
            return Ok(());
        };
        let retry_after = crashes.until.saturating_duration_since(now);
        if retry_after.is_zero() {
            return Ok(());
        }
        Err(CallError::Unavailable {
            reason: format!(
                "the extension's one instance failed {} times in a row, and is not made again for a while; \
                 the last time: {}",
                crashes.count, crashes.reason
            ),
            retry_after,
        })
    }

    /// An instance crashed, or did not take up its state.
    pub(crate) fn crashed(&self, reason: String) {
        self.crashed_at(reason, Instant::now());
    }

    fn crashed_at(&self, reason: String, now: Instant) {
        let mut crashes = self.lock();
        let before = crashes
            .as_ref()
            .filter(|crashes| now.saturating_duration_since(crashes.until) < FORGOTTEN_AFTER)
            .map_or(0, |crashes| crashes.count);
        *crashes = Some(Crashes {
            count: before.saturating_add(1),
            reason,
            until: now + wait(before),
        });
    }

    /// An instance answered, and lives.
    pub(crate) fn answered(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Crashes>> {
        // Nothing that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long it is not called after a crash that has so many before it.
fn wait(before: u32) -> Duration {
    match before.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => FIRST_WAIT
            .saturating_mul(2u32.saturating_pow(doublings))
            .min(LONGEST_WAIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long it is not called, at that time.
    fn left(restarts: &Restarts, now: Instant) -> Duration {
        match restarts.may_begin_at(now) {
            Ok(()) => Duration::ZERO,
            Err(CallError::Unavailable { retry_after, .. }) => retry_after,
            Err(other) => panic!("{other}"),
        }
    }

    /// How long it is not called after a crash at that time.
    fn crash(restarts: &Restarts, now: Instant) -> Duration {
        restarts.crashed_at("it fell".to_owned(), now);
        left(restarts, now)
    }

    #[test]
    fn the_first_crash_costs_nothing_and_each_further_one_twice_as_long() {
        let (restarts, mut now) = (Restarts::default(), Instant::now());
        let mut waits = Vec::new();
        for _ in 0..12 {
            let wait = crash(&restarts, now);
            waits.push(wait.as_millis());
            now += wait;
            assert!(left(&restarts, now).is_zero(), "its time has come");
        }
        assert_eq!(
            waits,
            [
                0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000
            ]
        );
    }

    #[test]
    fn an_answer_or_a_long_time_makes_the_next_crash_the_first_one_again() {
        let (restarts, now) = (Restarts::default(), Instant::now());
        assert!(crash(&restarts, now).is_zero());
        assert_eq!(crash(&restarts, now), FIRST_WAIT);
        restarts.answered();
        assert!(crash(&restarts, now).is_zero());
        assert_eq!(crash(&restarts, now), FIRST_WAIT);
        let later = now + FIRST_WAIT + FORGOTTEN_AFTER;
        assert!(crash(&restarts, later).is_zero());
    }

    #[test]
    fn who_is_refused_is_told_what_happened_and_when_to_come_again() {
        let restarts = Restarts::default();
        restarts.crashed("it fell".to_owned());
        restarts.crashed("it fell again".to_owned());
        let refused = restarts.may_begin().unwrap_err();
        assert!(refused.is_transient());
        let text = refused.to_string();
        assert!(text.contains("failed 2 times in a row"), "{text}");
        assert!(text.contains("the last time: it fell again"), "{text}");
        assert!(text.contains("it can be called again in 1 s"), "{text}");
    }
}
