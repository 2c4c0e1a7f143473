//! Whether a new revision has to go again: decided on numbers alone.

use super::milliseconds;
use super::tally::Tally;

/// When a revision that is new, or takes a part of the calls, goes by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RollbackOptions {
    /// It is looked at over so many calls; 0 is never.
    pub calls: u64,
    /// Rates and times count from so many calls on.
    pub min_calls: u64,
    /// So much larger, at the most, may be the part of its calls that fail than that of the revision
    /// before it, 0 to 1.
    pub max_failure_rate: f64,
    /// So often, at the most, it may crash.
    pub max_traps: u64,
    /// So many times as long, at the most, 95 of 100 of its calls may take; none is no bound.
    pub max_latency_factor: Option<f64>,
}

impl Default for RollbackOptions {
    fn default() -> Self {
        Self {
            calls: 100,
            min_calls: 20,
            max_failure_rate: 0.1,
            max_traps: 3,
            max_latency_factor: None,
        }
    }
}

/// A revision is being looked at.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    /// What its own calls had come to when that began.
    since: Tally,
    against: Against,
}

/// What a revision is compared with.
#[derive(Debug, Clone)]
enum Against {
    /// With the one that it took the place of, which had come to this.
    Before(Tally),
    /// With the one that serves beside it, from here on.
    Serving(Tally),
}

impl Trial {
    /// Of a revision that has taken the place of one that had come to this.
    pub(crate) fn after(before: Tally, since: Tally) -> Self {
        let against = Against::Before(before);
        Self { since, against }
    }

    /// Of a revision beside one that serves, from what they have come to now.
    pub(crate) fn beside(serving: Tally, since: Tally) -> Self {
        let against = Against::Serving(serving);
        Self { since, against }
    }

    /// How many calls of the revision it has looked at.
    pub(crate) fn calls(&self, new: &Tally) -> u64 {
        new.since(&self.since).calls
    }

    /// What it comes to, with what the revision and the one that serves have come to by now.
    pub(crate) fn ruling(
        &self,
        options: &RollbackOptions,
        new: &Tally,
        serving: Option<Tally>,
    ) -> Ruling {
        let new = new.since(&self.since);
        let old = match (&self.against, serving) {
            (Against::Before(before), _) => before.clone(),
            (Against::Serving(since), Some(serving)) => {
                let lately = serving.since(since);
                // Few calls say little: then all that it was ever called for counts.
                match lately.calls >= options.min_calls {
                    true => lately,
                    false => serving,
                }
            }
            (Against::Serving(_), None) => Tally::default(),
        };
        options.rule(&new, &old)
    }
}

/// What a trial comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ruling {
    /// It goes on.
    GoOn,
    /// The revision stays.
    Stays,
    /// The revision goes, for this reason.
    Goes(String),
}

impl RollbackOptions {
    /// What the calls of a revision and those of the one that it is compared with come to.
    pub(crate) fn rule(&self, new: &Tally, old: &Tally) -> Ruling {
        if new.traps > self.max_traps {
            return Ruling::Goes(format!(
                "it crashed {} times in {} calls, and {} are allowed (setting `rollback.max_traps`)",
                new.traps, new.calls, self.max_traps
            ));
        }
        if new.calls >= self.min_calls.max(1) {
            let (of_new, of_old) = (new.rate(), old.rate());
            if of_new > of_old + self.max_failure_rate {
                return Ruling::Goes(format!(
                    "{} of its {} calls failed, {:.1} %, where it was {:.1} % before; {:.1} % more are \
                     allowed (setting `rollback.max_failure_rate`)",
                    new.failures + new.errors,
                    new.calls,
                    of_new * 100.0,
                    of_old * 100.0,
                    self.max_failure_rate * 100.0
                ));
            }
            if let Some(reason) = self.too_slow(new, old) {
                return Ruling::Goes(reason);
            }
        }
        match new.calls >= self.calls {
            true => Ruling::Stays,
            false => Ruling::GoOn,
        }
    }

    fn too_slow(&self, new: &Tally, old: &Tally) -> Option<String> {
        let factor = self.max_latency_factor?;
        if old.calls < self.min_calls.max(1) {
            return None;
        }
        let (of_new, of_old) = (new.p95()?, old.p95()?);
        (of_new.as_secs_f64() > of_old.as_secs_f64() * factor).then(|| {
            format!(
                "95 of 100 of its calls take up to {:.1} ms, where it was {:.1} ms before; {factor} times \
                 as long is allowed (setting `rollback.max_latency_factor`)",
                milliseconds(of_new),
                milliseconds(of_old)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::tally::{Counted, Counters};
    use super::*;

    fn tally(calls: u64, failing: u64, took: Duration) -> Tally {
        let counters = Counters::default();
        for call in 0..calls {
            let counted = Counted {
                error: call < failing,
                ..Counted::default()
            };
            counters.add(counted, took);
        }
        counters.tally()
    }

    const FAST: Duration = Duration::from_millis(2);

    #[test]
    fn one_failure_in_three_goes_as_soon_as_rates_count() {
        let options = RollbackOptions::default();
        let old = tally(500, 0, FAST);
        assert_eq!(options.rule(&tally(19, 6, FAST), &old), Ruling::GoOn);
        let Ruling::Goes(reason) = options.rule(&tally(21, 7, FAST), &old) else {
            panic!("it stays");
        };
        assert!(
            reason.contains("7 of its 21 calls failed, 33.3 %"),
            "{reason}"
        );
    }

    #[test]
    fn what_fails_as_often_as_the_one_before_stays() {
        let options = RollbackOptions::default();
        let old = tally(500, 200, FAST);
        assert_eq!(options.rule(&tally(99, 45, FAST), &old), Ruling::GoOn);
        assert_eq!(options.rule(&tally(100, 45, FAST), &old), Ruling::Stays);
    }

    #[test]
    fn crashes_do_not_wait_for_rates() {
        let options = RollbackOptions::default();
        let mut new = tally(4, 0, FAST);
        new.traps = 3;
        assert_eq!(options.rule(&new, &Tally::default()), Ruling::GoOn);
        new.traps = 4;
        assert!(matches!(
            options.rule(&new, &Tally::default()),
            Ruling::Goes(_)
        ));
    }

    #[test]
    fn times_are_compared_where_that_is_asked_for_and_known() {
        let (new, old) = (tally(30, 0, FAST * 10), tally(30, 0, FAST));
        let off = RollbackOptions::default();
        assert_eq!(off.rule(&new, &old), Ruling::GoOn);
        let on = RollbackOptions {
            max_latency_factor: Some(3.0),
            ..off
        };
        assert!(matches!(on.rule(&new, &old), Ruling::Goes(_)));
        assert_eq!(on.rule(&new, &tally(5, 0, FAST)), Ruling::GoOn);
        assert_eq!(on.rule(&tally(30, 0, FAST * 2), &old), Ruling::GoOn);
    }

    proptest! {
        #[test]
        fn what_never_fails_never_goes(calls in 0_u64..300, old in 0_u64..300) {
            let ruling = RollbackOptions::default().rule(&tally(calls, 0, FAST), &tally(old, old / 2, FAST));
            prop_assert_eq!(ruling == Ruling::Stays, calls >= 100);
            prop_assert_eq!(ruling == Ruling::GoOn, calls < 100);
        }
    }
}
