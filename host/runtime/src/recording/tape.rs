//! The tape behind the ports of one call: it takes down what they are asked and answer, or answers from
//! what was taken down.
//!
//! A guest asks one thing after another, so the steps of a replay come in the order in which they were
//! recorded. HTTP exchanges are the exception: a guest begins one in order, and then it goes on beside the
//! guest, so that it is looked for among all that are left.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;

use super::divergence::Divergence;
use super::entry::Entry;
use super::{MAX_RECORDING_BYTES, MAX_STEPS, Step};

/// The name of the steps that are in no order.
const EXCHANGE: &str = "http.exchange";

/// A guest may begin an exchange and let go of it before anybody has seen it, so one that was not
/// recorded counts only if it is still wanted after so long.
const WANTED_AFTER: Duration = Duration::from_millis(200);

/// What a step has around its question and its answer, in bytes.
const STEP_BYTES: usize = 40;

/// What is behind the ports.
pub(super) enum Tape {
    /// The real ones are asked.
    Recording(Mutex<Recorded>),
    /// Nobody is asked.
    Replaying(Replaying),
}

/// What was taken down so far.
#[derive(Default)]
pub(super) struct Recorded {
    steps: Vec<Step>,
    /// Bytes of the steps as they will be written, or near it.
    bytes: usize,
    /// More than is recorded; the steps are no longer all that there were.
    too_large: bool,
}

/// What is left to be asked.
pub(super) struct Replaying {
    steps: Vec<Step>,
    place: Mutex<Place>,
    diverged: OnceLock<Divergence>,
    /// Told when it first diverges.
    told: Notify,
}

struct Place {
    /// The next step that is in order.
    next: usize,
    /// Exchanges that were asked for.
    exchanged: Vec<bool>,
}

impl Tape {
    pub(super) fn recording() -> Self {
        Self::Recording(Mutex::default())
    }

    pub(super) fn replaying(steps: Vec<Step>) -> Self {
        let exchanged = vec![false; steps.len()];
        Self::Replaying(Replaying {
            steps,
            place: Mutex::new(Place { next: 0, exchanged }),
            diverged: OnceLock::new(),
            told: Notify::new(),
        })
    }

    /// A question that the guest waits with. `real` asks the real port; after a replay has gone another
    /// way, what stands in its place.
    pub(super) async fn ask<T: Entry>(
        &self,
        port: &'static str,
        asked: Value,
        real: impl Future<Output = T>,
    ) -> T {
        match self {
            Self::Recording(recorded) => {
                let at = begin(recorded, port, asked);
                let answer = real.await;
                end(recorded, at, &answer);
                answer
            }
            Self::Replaying(replaying) => match replaying.next(port, asked) {
                Some(answer) => answer,
                None => real.await,
            },
        }
    }

    /// As [`Tape::ask`], of a port that answers at once.
    pub(super) fn ask_now<T: Entry>(
        &self,
        port: &'static str,
        asked: Value,
        real: impl FnOnce() -> T,
    ) -> T {
        match self {
            Self::Recording(recorded) => {
                let at = begin(recorded, port, asked);
                let answer = real();
                end(recorded, at, &answer);
                answer
            }
            Self::Replaying(replaying) => replaying.next(port, asked).unwrap_or_else(real),
        }
    }

    /// An HTTP exchange, which goes on beside the guest.
    pub(super) async fn exchange<T: Entry>(
        &self,
        asked: Value,
        real: impl Future<Output = T>,
    ) -> T {
        match self {
            Self::Recording(_) => self.ask(EXCHANGE, asked, real).await,
            Self::Replaying(replaying) => match replaying.exchanged(&asked) {
                Some(at) => match &replaying.steps[at].answered {
                    Some(answered) => match T::read(answered) {
                        Some(answer) => answer,
                        None => {
                            replaying.diverge(Divergence::damaged(at, &replaying.steps[at]));
                            real.await
                        }
                    },
                    // The guest did not wait for it in the recorded call.
                    None => std::future::pending().await,
                },
                None => {
                    tokio::time::sleep(WANTED_AFTER).await;
                    replaying.diverge(Divergence::unknown_exchange(&asked));
                    real.await
                }
            },
        }
    }

    /// The last answer was of the right type, and yet not one that its question can have.
    pub(super) fn is_damaged(&self) {
        if let Self::Replaying(replaying) = self {
            let at = lock(&replaying.place).next.saturating_sub(1);
            if let Some(step) = replaying.steps.get(at) {
                replaying.diverge(Divergence::damaged(at, step));
            }
        }
    }

    /// What was recorded; none if it was too much. Nothing is taken down any more.
    pub(super) fn take_steps(&self) -> Option<Vec<Step>> {
        match self {
            Self::Recording(recorded) => {
                let mut recorded = lock(recorded);
                let complete = !std::mem::replace(&mut recorded.too_large, true);
                complete.then(|| std::mem::take(&mut recorded.steps))
            }
            Self::Replaying(_) => None,
        }
    }

    /// Ready when a replay goes another way than the recording.
    pub(super) async fn diverged(&self) {
        match self {
            Self::Recording(_) => std::future::pending().await,
            Self::Replaying(replaying) => replaying.told.notified().await,
        }
    }

    /// Where a replay first went another way.
    pub(super) fn divergence(&self) -> Option<Divergence> {
        match self {
            Self::Recording(_) => None,
            Self::Replaying(replaying) => replaying.diverged.get().cloned(),
        }
    }

    /// At the end of a replay: what the recorded call asked and this one did not.
    pub(super) fn left(&self) -> Option<Divergence> {
        match self {
            Self::Recording(_) => None,
            Self::Replaying(replaying) => replaying.left(),
        }
    }

    /// Which of so many things that the guest waits for came first in the recorded call; none if there
    /// is none or no more.
    pub(super) fn came_first(&self, waited: &'static str, among: usize) -> Option<Vec<u32>> {
        match self {
            Self::Recording(_) => None,
            Self::Replaying(replaying) => {
                let first: Vec<u64> = replaying.next(waited, among.into())?;
                let place = |at: u64| u32::try_from(at).ok().filter(|at| (*at as usize) < among);
                let places: Option<Vec<u32>> = first.into_iter().map(place).collect();
                if places.is_none() {
                    self.is_damaged();
                }
                places
            }
        }
    }

    /// Takes down which it was.
    pub(super) fn comes_first(&self, waited: &'static str, among: usize, first: &[u32]) {
        if let Self::Recording(recorded) = self {
            let at = begin(recorded, waited, among.into());
            let first: Vec<u64> = first.iter().map(|place| u64::from(*place)).collect();
            end(recorded, at, &first);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a question down; its place, unless there is no more room.
fn begin(recorded: &Mutex<Recorded>, port: &'static str, asked: Value) -> Option<usize> {
    let size = size(&asked) + port.len() + STEP_BYTES;
    let mut recorded = lock(recorded);
    recorded.count(size).then(|| {
        recorded.steps.push(Step {
            port: port.into(),
            asked,
            answered: None,
        });
        recorded.steps.len() - 1
    })
}

fn end<T: Entry>(recorded: &Mutex<Recorded>, at: Option<usize>, answer: &T) {
    let Some(at) = at else { return };
    let answered = answer.write();
    let size = size(&answered);
    let mut recorded = lock(recorded);
    if recorded.count(size)
        && let Some(step) = recorded.steps.get_mut(at)
    {
        step.answered = Some(answered);
    }
}

impl Recorded {
    /// Counts bytes of a step; false if nothing is taken down any more.
    fn count(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MAX_RECORDING_BYTES || self.steps.len() >= MAX_STEPS {
            self.too_large = true;
            self.steps = Vec::new();
        }
        !self.too_large
    }
}

/// Bytes of a value as it is written.
fn size(value: &Value) -> usize {
    struct Count(usize);

    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let mut count = Count(0);
    // Neither a value nor a count can fail.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

impl Replaying {
    /// The answer of the next step, if that is what is asked.
    fn next<T: Entry>(&self, port: &'static str, asked: Value) -> Option<T> {
        let mut place = lock(&self.place);
        if self.diverged.get().is_some() {
            return None;
        }
        place.next = self.in_order(place.next);
        let at = place.next;
        let Some(step) = self.steps.get(at) else {
            self.diverge(Divergence::beyond(self.steps.len(), port, &asked));
            return None;
        };
        if step.port != port || step.asked != asked {
            self.diverge(Divergence::asked(at, step, port, &asked));
            return None;
        }
        place.next += 1;
        let answer = step.answered.as_ref().and_then(T::read);
        if answer.is_none() {
            self.diverge(Divergence::damaged(at, step));
        }
        answer
    }

    /// The first step from there on that is in order.
    fn in_order(&self, from: usize) -> usize {
        let rest = self.steps.iter().skip(from);
        from + rest.take_while(|step| step.port == EXCHANGE).count()
    }

    /// The first such exchange that nobody has asked for yet; from now on somebody has.
    fn exchanged(&self, asked: &Value) -> Option<usize> {
        let mut place = lock(&self.place);
        let found = self.steps.iter().enumerate().position(|(at, step)| {
            step.port == EXCHANGE && step.asked == *asked && !place.exchanged[at]
        })?;
        place.exchanged[found] = true;
        Some(found)
    }

    /// What the recorded call asked and this one did not.
    fn left(&self) -> Option<Divergence> {
        // That an exchange was begun is a step in order; whether the port was asked before the guest
        // ended is chance.
        let at = self.in_order(lock(&self.place).next);
        let step = self.steps.get(at)?;
        Some(Divergence::never_asked(at, step))
    }

    fn diverge(&self, divergence: Divergence) {
        if self.diverged.set(divergence).is_ok() {
            self.told.notify_one();
        }
    }
}
