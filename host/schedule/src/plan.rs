//! What is to be done for a job at a moment: pure decisions on values.

use std::time::Duration;

use koi_registry::{JobDescription, Missed, When};
use koi_rid::Timestamp;
use koi_store::{JobOutcome, JobRun};

use crate::clock::{between, later};

/// A run that begins no later than this after it was to begin is in time.
const IN_TIME: Duration = Duration::from_secs(10);

/// The next time that a job is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// When it is due.
    pub(crate) due: Timestamp,
    /// When it begins: later by what was drawn of its jitter.
    pub(crate) at: Timestamp,
    /// The due time of a run that was interrupted and is to be made up for.
    pub(crate) owed: Option<Timestamp>,
}

/// What a job is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing until then.
    Wait(Timestamp),
    /// To run.
    Run(Due),
    /// To leave out due times that nobody was there for.
    Miss(Due),
}

/// Due times that are dealt with at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    /// The latest of them.
    pub(crate) due: Timestamp,
    /// The first of them.
    pub(crate) first: Timestamp,
    /// How many they are.
    pub(crate) times: u32,
}

impl Plan {
    /// When a job is due after it was due at `last`; none if it never is again. `draw`, from 0 to 1,
    /// is how much of its jitter it gets.
    pub(crate) fn after(
        job: &JobDescription,
        last: Option<Timestamp>,
        now: Timestamp,
        draw: f64,
    ) -> Option<Self> {
        // A clock that was ahead and was set right leaves due times that are yet to come.
        let last = last.map(|last| last.min(now));
        let due = job.when.next(last, now)?;
        let mut spread = job.jitter;
        if let Some(following) = job.when.next(Some(due), now) {
            spread = spread.min(between(due, following));
        }
        // The first run of all is what whoever installed it waits for.
        if last.is_none() && matches!(job.when, When::Every(_)) {
            spread = Duration::ZERO;
        }
        Some(Self {
            due,
            at: later(due, spread.mul_f64(draw.clamp(0.0, 1.0))),
            owed: None,
        })
    }

    /// The same for a job whose last due run stands so in the store.
    pub(crate) fn resume(
        job: &JobDescription,
        last: Option<&JobRun>,
        now: Timestamp,
        draw: f64,
    ) -> Option<Self> {
        let due = last.and_then(|run| run.due);
        let is_owed = job.missed == Missed::Once
            && last.is_some_and(|run| run.outcome == JobOutcome::Interrupted);
        let mut plan = Self::after(job, due, now, draw)?;
        plan.owed = due.filter(|_| is_owed);
        Some(plan)
    }

    /// What is to be done now.
    pub(crate) fn judge(&self, job: &JobDescription, now: Timestamp) -> Verdict {
        if now < self.at {
            return match self.owed {
                Some(due) => Verdict::Run(Due {
                    due,
                    first: due,
                    times: 1,
                }),
                None => Verdict::Wait(self.at),
            };
        }
        let (latest, times) = job.when.up_to(self.due, now);
        let due = Due {
            due: latest,
            first: self.due,
            times,
        };
        let begin = if times == 1 { self.at } else { latest };
        if job.missed == Missed::Skip && between(begin, now) > IN_TIME {
            return Verdict::Miss(due);
        }
        Verdict::Run(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn every(seconds: u64, missed: Missed) -> JobDescription {
        JobDescription {
            name: "job".to_owned(),
            title: None,
            description: None,
            when: When::Every(Duration::from_secs(seconds)),
            jitter: Duration::ZERO,
            missed,
        }
    }

    fn due(first: i64, due: i64, times: u32) -> Due {
        Due {
            due: at(due),
            first: at(first),
            times,
        }
    }

    fn run(due: i64, outcome: JobOutcome) -> JobRun {
        JobRun {
            id: 1,
            extension: "a".to_owned(),
            job: "job".to_owned(),
            due: Some(at(due)),
            times: 1,
            started: at(due),
            ended: None,
            outcome,
            attempts: 1,
            reason: None,
            result: None,
            correlation: String::new(),
        }
    }

    #[test]
    fn a_job_that_never_ran_runs_at_once_and_then_at_its_interval() {
        let job = every(60, Missed::Skip);
        let plan = Plan::after(&job, None, at(100), 0.9).unwrap();
        assert_eq!(plan.judge(&job, at(100)), Verdict::Run(due(100, 100, 1)));
        let plan = Plan::after(&job, Some(at(100)), at(101), 0.0).unwrap();
        assert_eq!(plan.judge(&job, at(159)), Verdict::Wait(at(160)));
        assert_eq!(plan.judge(&job, at(161)), Verdict::Run(due(160, 160, 1)));
    }

    #[test]
    fn missed_runs_are_made_up_for_by_one_or_left_out() {
        let once = every(60, Missed::Once);
        let plan = Plan::after(&once, Some(at(0)), at(200), 0.0).unwrap();
        let missed = due(60, 180, 3);
        assert_eq!(plan.judge(&once, at(200)), Verdict::Run(missed));
        let skip = every(60, Missed::Skip);
        assert_eq!(plan.judge(&skip, at(200)), Verdict::Miss(missed));
        // The last of them is in time.
        assert_eq!(plan.judge(&skip, at(190)), Verdict::Run(missed));
    }

    #[test]
    fn an_interrupted_run_is_owed_where_missed_ones_are_made_up_for() {
        let interrupted = run(100, JobOutcome::Interrupted);
        let once = every(60, Missed::Once);
        let plan = Plan::resume(&once, Some(&interrupted), at(110), 0.0).unwrap();
        assert_eq!(plan.judge(&once, at(110)), Verdict::Run(due(100, 100, 1)));
        // The next one makes up for it, too.
        assert_eq!(plan.judge(&once, at(160)), Verdict::Run(due(160, 160, 1)));
        let skip = every(60, Missed::Skip);
        let plan = Plan::resume(&skip, Some(&interrupted), at(110), 0.0).unwrap();
        assert_eq!(plan.judge(&skip, at(110)), Verdict::Wait(at(160)));
        let done = run(100, JobOutcome::Ok);
        let plan = Plan::resume(&once, Some(&done), at(110), 0.0).unwrap();
        assert_eq!(plan.judge(&once, at(110)), Verdict::Wait(at(160)));
    }

    #[test]
    fn jitter_delays_a_run_and_never_into_the_next_one() {
        let mut job = every(60, Missed::Skip);
        job.jitter = Duration::from_secs(30);
        let plan = Plan::after(&job, Some(at(0)), at(1), 0.5).unwrap();
        assert_eq!((plan.due, plan.at), (at(60), at(75)));
        job.jitter = Duration::from_secs(3600);
        let plan = Plan::after(&job, Some(at(0)), at(1), 0.5).unwrap();
        assert_eq!((plan.due, plan.at), (at(60), at(90)));
        assert_eq!(plan.judge(&job, at(91)), Verdict::Run(due(60, 60, 1)));
    }

    #[test]
    fn a_clock_that_was_ahead_holds_nothing_up() {
        let job = every(60, Missed::Skip);
        let plan = Plan::after(&job, Some(at(9_000_000)), at(100), 0.0).unwrap();
        assert_eq!(plan.due, at(160));
    }
}
