//! The room for instances: one budget over all extensions, shared fairly.
//!
//! A slot is one linear memory of the engine's pool. Each bound extension has a [`Share`]: its calls
//! under way, its queue, its warm instances that nobody uses now. While there is room a call goes in
//! at once. When there is none, calls wait in the queue of their extension, the queues are served in
//! turns, and warm instances of whoever has them are given up, the oldest first. A call that finds
//! its queue full is refused at once. Whoever has the one place of a singleton holds its queue; what
//! waits there can be told that another revision answers from now on.
//!
//! The one lock is held for a few steps over these tables, never while anything of a guest is made,
//! run or dropped.

mod tables;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::time::{Duration, Instant, timeout_at};

use crate::error::CallError;
use crate::values::Mode;
use tables::{Admission, Entry, Idle, Tables, Waiting};
pub(crate) use tables::{Rank, Want};

/// All slots and who has them. `W` is a warm instance.
pub(crate) struct Slots<W> {
    total: u32,
    tables: Mutex<Tables<W>>,
}

/// What the slots are used for: an instance takes one, or more where it has several memories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// How many there are.
    pub slots: u32,
    /// Those of instances that work on a call, or wait with it for answers.
    pub running: u32,
    /// Those of instances that wait for a call.
    pub warm: u32,
}

/// An extension's part in the slots; its warm instances go with it.
pub(crate) struct Share<W> {
    slots: Arc<Slots<W>>,
    id: u64,
}

/// A call's place: the slots of one instance. They are free again when it is dropped, so whatever
/// takes them has to be dropped before.
pub(crate) struct Place<W> {
    slots: Arc<Slots<W>>,
    id: u64,
    count: u32,
    /// Whether a call is in it: it counts as one of its extension's.
    called: bool,
    /// The instance that was waiting for a call.
    pub(crate) warm: Option<W>,
}

impl<W> Slots<W> {
    pub(crate) fn new(total: u32) -> Arc<Self> {
        Arc::new(Self {
            total,
            tables: Mutex::new(Tables {
                free: total,
                next: 0,
                shares: BTreeMap::new(),
                turns: VecDeque::new(),
            }),
        })
    }

    /// How many there are in all.
    pub(crate) fn total(&self) -> u32 {
        self.total
    }

    /// Who has how many of them now.
    pub(crate) fn usage(&self) -> Usage {
        let tables = self.lock();
        let idle = tables.shares.values().flat_map(|entry| &entry.idle);
        let warm = idle.map(|idle| idle.count).sum();
        Usage {
            slots: self.total,
            running: self.total - tables.free - warm,
            warm,
        }
    }

    /// Opens a share.
    pub(crate) fn share(self: &Arc<Self>) -> Share<W> {
        let mut tables = self.lock();
        let id = tables.number();
        tables.shares.insert(
            id,
            Entry {
                running: 0,
                waiting: VecDeque::new(),
                idle: VecDeque::new(),
                superseded: false,
            },
        );
        Share {
            slots: self.clone(),
            id,
        }
    }

    /// Gives up the warm instances that nobody has used for so long.
    pub(crate) fn sweep(&self, unused: Duration) {
        let now = Instant::now();
        let mut old = Vec::new();
        for entry in self.lock().shares.values_mut() {
            while let Some(idle) = entry.idle.pop_front_if(|idle| {
                idle.is_spare() && now.saturating_duration_since(idle.since) >= unused
            }) {
                old.push(idle);
            }
        }
        self.give_up(old);
    }

    /// Drops warm instances and frees their slots.
    fn give_up(&self, idle: Vec<Idle<W>>) {
        if idle.is_empty() {
            return;
        }
        let count: u32 = idle.iter().map(|idle| idle.count).sum();
        drop(idle);
        let mut tables = self.lock();
        tables.free += count;
        tables.serve(self.total);
    }

    fn lock(&self) -> MutexGuard<'_, Tables<W>> {
        // Nothing that can panic runs under the lock.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W> Share<W> {
    /// Goes in, or waits for its turn until then.
    ///
    /// # Errors
    /// [`CallError::Overloaded`] if the queue is full or the turn does not come in time;
    /// [`CallError::Superseded`] if another revision answers for the extension by then.
    pub(crate) async fn enter(&self, want: Want, until: Instant) -> Result<Place<W>, CallError> {
        let (mut turn, given_up) = {
            let mut tables = self.slots.lock();
            let Tables {
                free,
                next,
                shares,
                turns,
            } = &mut *tables;
            let Some(entry) = shares.get_mut(&self.id) else {
                return Err(CallError::Overloaded("the extension is closed".to_owned()));
            };
            if entry.superseded && want.rank == Rank::Ordinary {
                return Err(CallError::Superseded);
            }
            if turns.is_empty()
                && let Admission::Now = entry.admits(want, *free, self.slots.total)
            {
                let warm = entry.enter(want, free);
                return Ok(self.place(want.count, warm));
            }
            *next += 1;
            let (number, (admitted, answer)) = (*next, oneshot::channel());
            let waiting = Waiting {
                number,
                want,
                admitted,
            };
            match want.rank {
                Rank::First => entry.waiting.push_front(waiting),
                Rank::Ordinary | Rank::Last => entry.waiting.push_back(waiting),
            }
            let waiting = entry.waiting.len() as u64;
            if waiting == 1 {
                turns.push_back(self.id);
            }
            let missing = tables.serve(self.slots.total);
            let is_last = |entry: &Entry<W>| {
                entry
                    .waiting
                    .back()
                    .is_some_and(|last| last.number == number)
            };
            let refused = waiting > want.queue && want.rank != Rank::First;
            if refused && tables.shares.get(&self.id).is_some_and(is_last) {
                tables.leave(self.id, number, self.slots.total);
                return Err(full(want.queue));
            }
            let turn = Turn {
                share: self,
                number,
                want,
                answer,
            };
            (turn, tables.oldest(missing))
        };
        self.slots.give_up(given_up);
        match timeout_at(until, &mut turn.answer).await {
            Ok(Ok(warm)) => Ok(turn.taken(warm)),
            _ => Err(turn.in_vain()),
        }
    }

    /// From now on another revision answers: the calls that wait, and those that come, are told so.
    pub(crate) fn supersede(&self) {
        let waiting = self.slots.lock().supersede(self.id);
        // Who is told nothing any more looks for the reason.
        drop(waiting);
    }

    fn place(&self, count: u32, warm: Option<W>) -> Place<W> {
        Place {
            slots: self.slots.clone(),
            id: self.id,
            count,
            called: true,
            warm,
        }
    }

    /// Slots for an instance that no call has asked for yet: of the free ones, if the extension has
    /// no call under way, no instance for one, and nobody waits.
    pub(crate) fn set_aside(&self, count: u32) -> Option<Place<W>> {
        let mut tables = self.slots.lock();
        let entry = tables.shares.get(&self.id)?;
        let quiet = entry.running == 0 && entry.idle.is_empty() && tables.turns.is_empty();
        if !quiet || tables.free < count {
            return None;
        }
        tables.free -= count;
        let mut place = self.place(count, None);
        place.called = false;
        Some(place)
    }
}

fn full(queue: u64) -> CallError {
    CallError::Overloaded(format!(
        "the extension met its limit of {queue} calls that wait (setting `limits.queue`): try again later"
    ))
}

impl<W> Drop for Share<W> {
    fn drop(&mut self) {
        let entry = self.slots.lock().shares.remove(&self.id);
        self.slots
            .give_up(entry.map(|entry| entry.idle.into()).unwrap_or_default());
    }
}

/// A call's place in a queue. One that is left early is free for the next; if the call was let in
/// and never heard of it, so is its place.
struct Turn<'a, W> {
    share: &'a Share<W>,
    number: u64,
    want: Want,
    answer: oneshot::Receiver<Option<W>>,
}

impl<W> Turn<'_, W> {
    fn taken(&self, warm: Option<W>) -> Place<W> {
        self.share.place(self.want.count, warm)
    }

    /// What the caller is told who waited too long.
    fn in_vain(&self) -> CallError {
        let tables = self.share.slots.lock();
        let total = self.share.slots.total;
        let entry = tables.shares.get(&self.share.id);
        if self.want.rank == Rank::Ordinary && entry.is_some_and(|entry| entry.superseded) {
            return CallError::Superseded;
        }
        match entry.map(|entry| entry.admits(self.want, tables.free, total)) {
            Some(Admission::OwnLimit) => own_limit(self.want, total),
            _ => CallError::Overloaded(format!(
                "all {total} instances (setting `runtime.slots`) are in use and none became free within the call's wall time: try again later"
            )),
        }
    }
}

/// What a call is told that waited for others of its extension: which bound it was, and its value.
fn own_limit(want: Want, total: u32) -> CallError {
    let most = want.most_beside_others(total);
    let bound = if want.mode == Mode::Singleton {
        "runs one call at a time, as its mode `singleton` has it".to_owned()
    } else if most < want.concurrent {
        format!(
            "runs {most} calls at a time, as many as leave a quarter of the {total} instances (setting `runtime.slots`) to others"
        )
    } else {
        format!(
            "met its limit of {} calls at a time (setting `limits.concurrent`)",
            want.concurrent
        )
    };
    CallError::Overloaded(format!(
        "the extension {bound}, and the call's turn did not come within its wall time: try again later"
    ))
}

impl<W> Drop for Turn<'_, W> {
    fn drop(&mut self) {
        let slots = &self.share.slots;
        let left = slots.lock().leave(self.share.id, self.number, slots.total);
        // Whoever was let in has been sent the answer under the lock. It is gone if it was taken.
        if !left && let Ok(warm) = self.answer.try_recv() {
            drop(self.taken(warm));
        }
    }
}

impl<W> Place<W> {
    /// Leaves an instance, unused since `now`, for the next call of the extension.
    pub(crate) fn keep(mut self, instance: W, mode: Mode, now: Instant) {
        let given_up = {
            let mut tables = self.slots.lock();
            let Some(entry) = tables.shares.get_mut(&self.id) else {
                return;
            };
            entry.running -= u32::from(std::mem::take(&mut self.called));
            entry.idle.push_back(Idle {
                instance,
                count: std::mem::take(&mut self.count),
                since: now,
                mode,
            });
            let missing = tables.serve(self.slots.total);
            tables.oldest(missing)
        };
        self.slots.give_up(given_up);
    }
}

impl<W> Drop for Place<W> {
    fn drop(&mut self) {
        drop(self.warm.take());
        // An instance takes at least one; this place has handed its own on.
        if self.count == 0 {
            return;
        }
        let mut tables = self.slots.lock();
        tables.free += self.count;
        if let Some(entry) = tables.shares.get_mut(&self.id) {
            entry.running -= u32::from(self.called);
        }
        tables.serve(self.slots.total);
    }
}
