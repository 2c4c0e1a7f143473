//! A circuit breaker: after too many failures calls are refused at once, until a few that are let
//! through go well again.
//!
//! It is a value without a clock: time is passed in. A call is admitted, and tells how it ended with
//! what it was given then, so that one that was admitted before the breaker last changed says nothing
//! about now.

use std::time::{Duration, Instant};

/// Calls that are refused while others are being tried may be made again after this.
const WHILE_TRYING: Duration = Duration::from_secs(1);

/// When a breaker opens and closes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerOptions {
    /// Whether there is one at all.
    pub enabled: bool,
    /// It opens after so many failures one after another.
    pub failures: u32,
    /// It opens if so large a part of the calls failed within the window, 0 to 1.
    pub rate: f64,
    /// The rate counts from so many calls on.
    pub throughput: u32,
    /// How long the calls are counted of which the rate is made.
    pub window: Duration,
    /// How long it stays open before calls are tried again.
    pub recovery: Duration,
    /// So many calls are tried then, and it closes if they all go well.
    pub half_open_calls: u32,
}

impl Default for BreakerOptions {
    fn default() -> Self {
        Self {
            enabled: true,
            failures: 5,
            rate: 0.5,
            throughput: 10,
            window: Duration::from_secs(30),
            recovery: Duration::from_secs(30),
            half_open_calls: 3,
        }
    }
}

/// How a call ended, as far as a breaker cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The extension did its work, if only by saying no.
    Well,
    /// It failed.
    Failed,
    /// It is not known: the call was cancelled, or never came to the extension.
    Unknown,
}

/// What a breaker does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// All are made.
    Closed,
    /// None is made before this.
    Open(Instant),
    /// A few are made: so many of them run, and so many went well.
    HalfOpen { running: u32, well: u32 },
}

/// That a call may be made, and when it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Admission(pub(crate) u64);

/// See the module.
#[derive(Debug)]
pub(crate) struct Breaker {
    options: BreakerOptions,
    phase: Phase,
    /// Failures since a call last went well.
    consecutive: u32,
    /// The first failure of the window, and how many calls had ended before it.
    window: Option<(Instant, u64)>,
    failed_in_window: u32,
    /// Grows by one with each change of the phase.
    epoch: u64,
}

impl Breaker {
    pub(crate) fn new(options: BreakerOptions) -> Self {
        Self {
            options,
            phase: Phase::Closed,
            consecutive: 0,
            window: None,
            failed_in_window: 0,
            epoch: 0,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether it waits for a call that goes well, to forget failures.
    pub(crate) fn is_failing(&self) -> bool {
        self.consecutive > 0
    }

    /// Lets a call through.
    ///
    /// # Errors
    /// The time after which another try may be made.
    pub(crate) fn admit(&mut self, now: Instant) -> Result<Admission, Duration> {
        self.advance(now);
        match &mut self.phase {
            Phase::Closed => {}
            Phase::Open(until) => return Err(until.saturating_duration_since(now)),
            Phase::HalfOpen { running, well } => {
                if *running + *well >= self.options.half_open_calls.max(1) {
                    return Err(WHILE_TRYING);
                }
                *running += 1;
            }
        }
        Ok(Admission(self.epoch))
    }

    /// Hears how a call ended; `calls` have ended so far, this one among them. True if the phase is
    /// another one now.
    pub(crate) fn ended(
        &mut self,
        admission: Admission,
        now: Instant,
        calls: u64,
        verdict: Verdict,
    ) -> bool {
        if admission.0 != self.epoch {
            return false;
        }
        match (&mut self.phase, verdict) {
            (Phase::Closed, Verdict::Well) => {
                self.consecutive = 0;
                false
            }
            (Phase::Closed, Verdict::Failed) => {
                let is_too_much = self.counted(now, calls);
                if is_too_much {
                    self.open(now);
                }
                is_too_much
            }
            (Phase::HalfOpen { .. }, Verdict::Failed) => {
                self.open(now);
                true
            }
            (Phase::HalfOpen { running, well }, verdict) => {
                *running = running.saturating_sub(1);
                if verdict != Verdict::Well {
                    return false;
                }
                *well += 1;
                let is_over = *well >= self.options.half_open_calls.max(1);
                if is_over {
                    self.change(Phase::Closed);
                }
                is_over
            }
            (Phase::Closed | Phase::Open(_), _) => false,
        }
    }

    /// Goes on where only time has to pass. True if the phase is another one now.
    pub(crate) fn advance(&mut self, now: Instant) -> bool {
        match self.phase {
            Phase::Open(until) if until <= now => {
                let (running, well) = (0, 0);
                self.change(Phase::HalfOpen { running, well });
                true
            }
            _ => false,
        }
    }

    /// Counts a failure; true if there were too many.
    fn counted(&mut self, now: Instant, calls: u64) -> bool {
        let is_over = |begun: Instant| now.saturating_duration_since(begun) > self.options.window;
        let before = match self.window {
            Some((begun, before)) if !is_over(begun) => before,
            _ => {
                let before = calls.saturating_sub(1);
                self.window = Some((now, before));
                self.failed_in_window = 0;
                before
            }
        };
        self.failed_in_window = self.failed_in_window.saturating_add(1);
        self.consecutive = self.consecutive.saturating_add(1);
        let calls = calls.saturating_sub(before);
        let counts = calls >= u64::from(self.options.throughput.max(1));
        let rate = f64::from(self.failed_in_window) / calls.max(1) as f64;
        self.consecutive >= self.options.failures.max(1) || counts && rate >= self.options.rate
    }

    fn open(&mut self, now: Instant) {
        self.change(Phase::Open(now + self.options.recovery));
    }

    fn change(&mut self, phase: Phase) {
        self.phase = phase;
        self.epoch += 1;
        self.consecutive = 0;
        self.window = None;
        self.failed_in_window = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn options() -> BreakerOptions {
        BreakerOptions::default()
    }

    /// A breaker with a clock and a count of its own.
    struct Bench {
        breaker: Breaker,
        now: Instant,
        calls: u64,
    }

    impl Bench {
        fn new(options: BreakerOptions) -> Self {
            Self {
                breaker: Breaker::new(options),
                now: Instant::now(),
                calls: 0,
            }
        }

        fn end(&mut self, admission: Admission, verdict: Verdict) -> bool {
            self.calls += u64::from(verdict != Verdict::Unknown);
            self.breaker.ended(admission, self.now, self.calls, verdict)
        }

        fn call(&mut self, verdict: Verdict) -> Result<bool, Duration> {
            let admission = self.breaker.admit(self.now)?;
            Ok(self.end(admission, verdict))
        }

        fn opened(options: BreakerOptions) -> Self {
            let mut bench = Self::new(options);
            while bench.breaker.phase() == Phase::Closed {
                bench.call(Verdict::Failed).unwrap();
            }
            bench
        }
    }

    #[test]
    fn it_opens_with_the_fifth_failure_in_a_row_and_says_how_long() {
        let mut bench = Bench::new(options());
        for _ in 0..4 {
            assert_eq!(bench.call(Verdict::Failed), Ok(false));
        }
        assert_eq!(bench.call(Verdict::Failed), Ok(true));
        assert_eq!(bench.call(Verdict::Well), Err(Duration::from_secs(30)));
        bench.now += Duration::from_secs(10);
        assert_eq!(bench.call(Verdict::Well), Err(Duration::from_secs(20)));
    }

    #[test]
    fn a_call_that_goes_well_between_failures_keeps_it_closed_below_the_rate() {
        let mut bench = Bench::new(options());
        for _ in 0..100 {
            bench.call(Verdict::Failed).unwrap();
            bench.call(Verdict::Well).unwrap();
            bench.call(Verdict::Well).unwrap();
        }
        assert_eq!(bench.breaker.phase(), Phase::Closed);
    }

    #[test]
    fn the_rate_counts_from_the_least_throughput_on() {
        let mut bench = Bench::new(options());
        for _ in 0..4 {
            bench.call(Verdict::Failed).unwrap();
            bench.call(Verdict::Well).unwrap();
        }
        assert_eq!(bench.breaker.phase(), Phase::Closed);
        bench.call(Verdict::Failed).unwrap();
        // The tenth call, and the sixth failure.
        assert_eq!(bench.call(Verdict::Failed), Ok(true));
    }

    #[test]
    fn failures_of_an_earlier_window_are_forgotten_by_the_rate() {
        let mut bench = Bench::new(options());
        for _ in 0..4 {
            bench.call(Verdict::Failed).unwrap();
            bench.call(Verdict::Well).unwrap();
        }
        bench.now += Duration::from_secs(31);
        for _ in 0..4 {
            bench.call(Verdict::Failed).unwrap();
            bench.call(Verdict::Well).unwrap();
        }
        assert_eq!(bench.breaker.phase(), Phase::Closed);
    }

    #[test]
    fn after_the_recovery_time_a_few_calls_that_go_well_close_it() {
        let mut bench = Bench::opened(options());
        bench.now += Duration::from_secs(30);
        let admissions: Vec<_> = (0..3).map(|_| bench.breaker.admit(bench.now)).collect();
        assert_eq!(bench.breaker.admit(bench.now), Err(WHILE_TRYING));
        for admission in admissions {
            bench.end(admission.unwrap(), Verdict::Well);
        }
        assert_eq!(bench.breaker.phase(), Phase::Closed);
    }

    #[test]
    fn one_of_the_few_that_fails_opens_it_again() {
        let mut bench = Bench::opened(options());
        bench.now += Duration::from_secs(30);
        assert_eq!(bench.call(Verdict::Well), Ok(false));
        assert_eq!(bench.call(Verdict::Failed), Ok(true));
        assert_eq!(bench.call(Verdict::Well), Err(Duration::from_secs(30)));
    }

    #[test]
    fn one_of_the_few_that_is_cancelled_leaves_its_place_to_another() {
        let mut bench = Bench::opened(options());
        bench.now += Duration::from_secs(30);
        for _ in 0..10 {
            assert_eq!(bench.call(Verdict::Unknown), Ok(false));
        }
        for _ in 0..3 {
            bench.call(Verdict::Well).unwrap();
        }
        assert_eq!(bench.breaker.phase(), Phase::Closed);
    }

    #[test]
    fn a_call_of_before_says_nothing_about_now() {
        let mut bench = Bench::new(options());
        let early: Vec<_> = (0..9).map(|_| bench.breaker.admit(bench.now)).collect();
        while bench.breaker.phase() == Phase::Closed {
            bench.call(Verdict::Failed).unwrap();
        }
        bench.now += Duration::from_secs(30);
        assert!(bench.breaker.advance(bench.now));
        let before = bench.breaker.phase();
        for (n, admission) in early.into_iter().enumerate() {
            let verdict = [Verdict::Well, Verdict::Failed, Verdict::Unknown][n % 3];
            assert!(!bench.end(admission.unwrap(), verdict));
        }
        assert_eq!(bench.breaker.phase(), before);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Pass(u64),
        Begin,
        End(usize, Verdict),
    }

    fn step() -> impl Strategy<Value = Step> {
        let verdict = prop_oneof![
            Just(Verdict::Well),
            Just(Verdict::Failed),
            Just(Verdict::Unknown)
        ];
        prop_oneof![
            1 => (0_u64..40).prop_map(Step::Pass),
            4 => Just(Step::Begin),
            4 => (0_usize..8, verdict).prop_map(|(which, verdict)| Step::End(which, verdict)),
        ]
    }

    proptest! {
        #[test]
        fn whatever_happens_an_open_one_lets_nothing_through_and_none_stays_open_for_ever(
            steps in proptest::collection::vec(step(), 0..200),
            half_open_calls in 1_u32..4,
        ) {
            let mut bench = Bench::new(BreakerOptions { half_open_calls, ..options() });
            let mut running = Vec::new();
            for step in steps {
                match step {
                    Step::Pass(seconds) => bench.now += Duration::from_secs(seconds),
                    Step::Begin => {
                        let before = bench.breaker.phase();
                        let admitted = bench.breaker.admit(bench.now);
                        if let Phase::Open(until) = before {
                            prop_assert_eq!(admitted.is_ok(), until <= bench.now);
                        }
                        if let Err(wait) = admitted {
                            prop_assert!(wait <= options().recovery && !wait.is_zero());
                        }
                        running.extend(admitted);
                    }
                    Step::End(which, verdict) => {
                        if !running.is_empty() {
                            let admission = running.swap_remove(which % running.len());
                            let (before, epoch) = (bench.breaker.phase(), bench.breaker.epoch());
                            let changed = bench.end(admission, verdict);
                            prop_assert_eq!(changed, bench.breaker.epoch() != epoch);
                            if verdict == Verdict::Well {
                                prop_assert!(!matches!(bench.breaker.phase(), Phase::Open(_))
                                    || matches!(before, Phase::Open(_)));
                            }
                        }
                    }
                }
                if let Phase::HalfOpen { running, well } = bench.breaker.phase() {
                    prop_assert!(running + well <= half_open_calls);
                }
            }
            for admission in running {
                bench.end(admission, Verdict::Unknown);
            }
            bench.now += options().recovery;
            for _ in 0..half_open_calls {
                prop_assert!(bench.call(Verdict::Well).is_ok());
            }
            prop_assert_eq!(bench.breaker.phase(), Phase::Closed);
        }
    }
}
