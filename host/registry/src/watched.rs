//! What is seen of a revision while it runs: how its calls end, whether it is well, and what another
//! revision would have answered.
//!
//! [`Watched`] stands around a revision's callee and tells its [`Watch`]. Nothing here waits for
//! anybody: counters are atomic, the breaker's lock is held for a few instructions and, while calls go
//! well, not at all. Whatever follows from what was seen is done by a task of the registry, which is
//! only rung for. What the host itself cannot do for a call is not held against the extension.

mod breaker;
mod callee;
mod health;
mod shadow;
mod tally;
#[cfg(test)]
mod tests;
mod trial;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use koi_runtime::{CallError, GuestErrorKind};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::entry::ExtensionEntry;
use crate::text::shortened;
use breaker::{Admission, Breaker, Phase, Verdict};
use tally::{Counted, Counters};

pub use breaker::BreakerOptions;
pub(crate) use callee::Watched;
pub use health::{HealthOptions, HealthReport, HealthStatus};
pub(crate) use shadow::Shadow;
pub use shadow::{Difference, ShadowReport};
pub(crate) use tally::Tally;
pub use trial::RollbackOptions;
pub(crate) use trial::{Ruling, Trial};

/// What is done about what is seen.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WatchOptions {
    /// When a revision is not called for a while.
    pub breaker: BreakerOptions,
    /// How often an extension is asked for its health.
    pub health: HealthOptions,
    /// When a revision has to go again.
    pub rollback: RollbackOptions,
}

/// What becomes of an answer, in the eyes of who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// It is what was asked for.
    Well,
    /// A tool says that it failed.
    Error,
    /// It does not have the form that it has to have.
    Badly,
}

/// Reads an answer; asked once for each.
pub type Judge<'a> = &'a (dyn Fn(&str) -> Answered + Send + Sync);

/// What a revision's calls have shown. One for each time that a revision is bound.
pub(crate) struct Watch {
    counters: Counters,
    breaker: Mutex<Breaker>,
    /// The breaker's epoch, shifted by two; bit 0 if calls have to ask it before they are made, bit 1 if
    /// it waits for one that goes well.
    gate: AtomicU64,
    /// How the last failure was told of.
    last_failure: ArcSwapOption<String>,
    health: ArcSwapOption<HealthReport>,
    trial: ArcSwapOption<Trial>,
    /// What answers the same calls unseen.
    shadow: ArcSwapOption<Shadow>,
    /// What came of answering unseen, where this revision did.
    seen: Arc<ShadowReport>,
    enabled: bool,
    bell: Arc<Notify>,
}

const ASKS: u64 = 1;
const FAILING: u64 = 2;

impl Watch {
    /// The bell is rung when something may follow from what was seen.
    pub(crate) fn new(options: BreakerOptions, bell: Arc<Notify>) -> Self {
        Self {
            counters: Counters::default(),
            breaker: Mutex::new(Breaker::new(options)),
            gate: AtomicU64::new(0),
            last_failure: ArcSwapOption::empty(),
            health: ArcSwapOption::empty(),
            trial: ArcSwapOption::empty(),
            shadow: ArcSwapOption::empty(),
            seen: Arc::default(),
            enabled: options.enabled,
            bell,
        }
    }

    /// Begins a call.
    ///
    /// # Errors
    /// If the revision is not called at the moment.
    fn enter(&self) -> Result<Running<'_>, CallError> {
        let gate = self.gate.load(Ordering::Acquire);
        let admission = if gate & ASKS == 0 {
            Admission(gate >> 2)
        } else {
            let mut breaker = self.lock();
            let (epoch, admitted) = (breaker.epoch(), breaker.admit(now()));
            self.keep(&breaker);
            let is_another = breaker.epoch() != epoch;
            drop(breaker);
            if is_another {
                self.bell.notify_one();
            }
            admitted.map_err(|retry_after| CallError::Unavailable {
                reason: self.reason(),
                retry_after,
            })?
        };
        Ok(Running {
            watch: self,
            admission,
            began: Instant::now(),
            has_ended: false,
        })
    }

    fn end(&self, admission: Admission, verdict: Verdict, calls: u64) {
        if !self.enabled {
            return;
        }
        let gate = self.gate.load(Ordering::Acquire);
        if gate & (ASKS | FAILING) == 0 && verdict != Verdict::Failed {
            return;
        }
        let mut breaker = self.lock();
        let is_another = breaker.ended(admission, now(), calls, verdict);
        self.keep(&breaker);
        drop(breaker);
        if is_another {
            self.bell.notify_one();
        }
    }

    /// Keeps what calls look at without the lock. The breaker is locked.
    fn keep(&self, breaker: &Breaker) {
        let mut gate = breaker.epoch() << 2;
        if breaker.phase() != Phase::Closed {
            gate |= ASKS;
        }
        if breaker.is_failing() {
            gate |= FAILING;
        }
        self.gate.store(gate, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Breaker> {
        // No operation of it can stop half-way.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on where only time had to pass, and says since when and how long the revision is not called,
    /// if it is not.
    pub(crate) fn open(&self) -> Option<Opened> {
        if self.gate.load(Ordering::Acquire) & ASKS == 0 {
            return None;
        }
        let mut breaker = self.lock();
        breaker.advance(now());
        self.keep(&breaker);
        match breaker.phase() {
            Phase::Open(until) => {
                drop(breaker);
                let reason = self.reason();
                Some(Opened { until, reason })
            }
            Phase::Closed | Phase::HalfOpen { .. } => None,
        }
    }

    /// `closed`, `open` or `half-open`.
    pub(crate) fn breaker(&self) -> &'static str {
        match self.lock().phase() {
            Phase::Closed => "closed",
            Phase::Open(_) => "open",
            Phase::HalfOpen { .. } => "half-open",
        }
    }

    /// Why it is not called.
    fn reason(&self) -> String {
        let last = self.last_failure.load();
        let last = last.as_ref().map_or("", |last| last.as_str());
        format!(
            "the extension is not called for a while since it failed too often, the last time like this: {last}"
        )
    }

    pub(crate) fn last_failure(&self) -> Option<String> {
        self.last_failure.load().as_deref().cloned()
    }

    pub(crate) fn tally(&self) -> Tally {
        self.counters.tally()
    }

    pub(crate) fn health(&self) -> Option<Arc<HealthReport>> {
        self.health.load_full()
    }

    pub(crate) fn set_health(&self, report: HealthReport) {
        self.health.store(Some(Arc::new(report)));
    }

    pub(crate) fn trial(&self) -> Option<Arc<Trial>> {
        self.trial.load_full()
    }

    /// Begins a trial, or ends it.
    pub(crate) fn set_trial(&self, trial: Option<Trial>) {
        self.trial.store(trial.map(Arc::new));
    }

    /// What answers the same calls unseen from now on.
    pub(crate) fn set_shadow(&self, shadow: Option<Arc<Shadow>>) {
        self.shadow.store(shadow);
    }

    /// Whether that is what answers unseen now.
    pub(crate) fn has_shadow(&self, entry: Option<&Arc<ExtensionEntry>>) -> bool {
        match (self.shadow.load().as_ref(), entry) {
            (Some(shadow), Some(entry)) => shadow.is_of(entry),
            (None, None) => true,
            _ => false,
        }
    }

    fn shadow(&self) -> Option<Arc<Shadow>> {
        // Mostly there is none, and then nothing is counted up.
        self.shadow.load().as_ref().map(Arc::clone)
    }

    pub(crate) fn seen(&self) -> &Arc<ShadowReport> {
        &self.seen
    }
}

/// That a revision is not called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) until: std::time::Instant,
    pub(crate) reason: String,
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// A call that was begun. One that is dropped was cancelled, and counts for nothing.
struct Running<'w> {
    watch: &'w Watch,
    admission: Admission,
    began: Instant,
    has_ended: bool,
}

impl Running<'_> {
    /// How it ended; `answered` is what its reader says of an answer.
    fn end<T>(mut self, ended: &Result<T, CallError>, answered: impl FnOnce(&T) -> Answered) {
        self.has_ended = true;
        let watch = self.watch;
        let (verdict, counted) = match ended {
            Ok(answer) => match answered(answer) {
                Answered::Well => (Verdict::Well, Counted::default()),
                Answered::Error => {
                    let error = true;
                    let counted = Counted {
                        error,
                        ..Counted::default()
                    };
                    (Verdict::Well, counted)
                }
                Answered::Badly => {
                    watch.failed(
                        "it gave an answer that does not have the form that it has to have",
                    );
                    (Verdict::Failed, failed(false))
                }
            },
            Err(error) => match verdict(error) {
                Verdict::Failed => {
                    watch.failed(&error.to_string());
                    let trapped = matches!(error, CallError::Trap(_));
                    (Verdict::Failed, failed(trapped))
                }
                other => (other, Counted::default()),
            },
        };
        if verdict == Verdict::Unknown {
            watch.end(self.admission, verdict, watch.counters.calls());
            return;
        }
        let calls = watch.counters.add(counted, self.began.elapsed());
        watch.end(self.admission, verdict, calls);
        if watch.trial.load().is_some() {
            watch.bell.notify_one();
        }
    }
}

impl Watch {
    fn failed(&self, how: &str) {
        self.last_failure.store(Some(Arc::new(shortened(how))));
    }
}

fn failed(trapped: bool) -> Counted {
    Counted {
        failed: true,
        trapped,
        error: false,
    }
}

/// Whether the extension is to blame.
fn verdict(error: &CallError) -> Verdict {
    match error {
        CallError::Trap(_) | CallError::Limit { .. } => Verdict::Failed,
        CallError::Guest(error) if error.kind == GuestErrorKind::Transient => Verdict::Failed,
        CallError::Guest(_) => Verdict::Well,
        _ => Verdict::Unknown,
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            let calls = self.watch.counters.calls();
            self.watch.end(self.admission, Verdict::Unknown, calls);
        }
    }
}

/// Times as they are shown, in milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
