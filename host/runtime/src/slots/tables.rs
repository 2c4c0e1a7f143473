//! The tables behind the slots: who has how many, who waits, whose turn it is.
//!
//! Everything here runs under the one lock, and none of it can panic or take long.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::values::Mode;

pub(super) struct Tables<W> {
    pub(super) free: u32,
    /// Numbers shares and waiting calls.
    pub(super) next: u64,
    pub(super) shares: BTreeMap<u64, Entry<W>>,
    /// The shares with calls that wait, in the order in which it is their turn.
    pub(super) turns: VecDeque<u64>,
}

/// What an extension has of the slots.
pub(super) struct Entry<W> {
    pub(super) running: u32,
    pub(super) waiting: VecDeque<Waiting<W>>,
    /// The most recently used last.
    pub(super) idle: VecDeque<Idle<W>>,
    /// Whether another revision answers for it now: its calls are told so, but for the last one.
    pub(super) superseded: bool,
}

pub(super) struct Waiting<W> {
    pub(super) number: u64,
    pub(super) want: Want,
    pub(super) admitted: oneshot::Sender<Option<W>>,
}

pub(super) struct Idle<W> {
    pub(super) instance: W,
    pub(super) count: u32,
    pub(super) since: Instant,
    pub(super) mode: Mode,
}

impl<W> Idle<W> {
    /// A singleton is not given up: it is the extension's state.
    pub(super) fn is_spare(&self) -> bool {
        self.mode != Mode::Singleton
    }
}

/// What a call wants of the slots.
#[derive(Clone, Copy)]
pub(crate) struct Want {
    /// Slots that an instance takes.
    pub(crate) count: u32,
    /// Calls of the extension at a time, this one included.
    pub(crate) concurrent: u64,
    /// Calls of the extension that may wait.
    pub(crate) queue: u64,
    /// Whether a warm instance will do, and which.
    pub(crate) mode: Mode,
    /// How it goes in beside others.
    pub(crate) rank: Rank,
}

/// How a call goes in beside others of its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    /// In its turn, unless another revision answers.
    Ordinary,
    /// In its turn, also where another revision answers: what tells one that it has ended.
    Last,
    /// Before all that wait, and however many these are: what holds them.
    First,
}

impl Want {
    /// So many calls of one extension may run at a time, whatever it was granted: a quarter of the
    /// slots is always for others.
    pub(super) fn most_beside_others(self, total: u32) -> u64 {
        ((total - total / 4) / self.count.max(1)).into()
    }
}

impl<W> Tables<W> {
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Lets in the calls whose turn it is and for which there is room. One that has to wait for
    /// room is not overtaken; one that waits for calls of its own extension holds up nobody. Gives
    /// the slots that the next one lacks.
    pub(super) fn serve(&mut self, total: u32) -> u32 {
        let mut passed = 0;
        while passed < self.turns.len() {
            let Some(id) = self.turns.pop_front() else {
                break;
            };
            let Some(entry) = self.shares.get_mut(&id) else {
                continue;
            };
            let Some(first) = entry.waiting.front() else {
                continue;
            };
            match entry.admits(first.want, self.free, total) {
                Admission::OwnLimit => {
                    self.turns.push_back(id);
                    passed += 1;
                }
                Admission::NoRoom => {
                    let missing = first.want.count.saturating_sub(self.free);
                    self.turns.push_front(id);
                    self.serve_warm(total);
                    return missing;
                }
                Admission::Now => {
                    let Some(first) = entry.waiting.pop_front() else {
                        continue;
                    };
                    let warm = entry.enter(first.want, &mut self.free);
                    // Whoever waits takes their number back under the lock before they go, so that
                    // there is always somebody to tell.
                    let _ = first.admitted.send(warm);
                    if !entry.waiting.is_empty() {
                        self.turns.push_back(id);
                    }
                    passed = 0;
                }
            }
        }
        0
    }

    /// Lets in the calls for which there is a warm instance: they take no room from whoever waits for
    /// some, which might never come if they waited too, since singletons are not given up.
    fn serve_warm(&mut self, total: u32) {
        let mut at = 0;
        while let Some(id) = self.turns.get(at) {
            let fits = |first: &Waiting<W>, entry: &Entry<W>| {
                matches!(entry.admits(first.want, 0, total), Admission::Now)
            };
            let first = self.shares.get_mut(id).and_then(|entry| {
                let fits = entry
                    .waiting
                    .front()
                    .is_some_and(|first| fits(first, entry));
                let first = if fits {
                    entry.waiting.pop_front()
                } else {
                    None
                };
                first.map(|first| (first, entry))
            });
            let Some((first, entry)) = first else {
                at += 1;
                continue;
            };
            let warm = entry.enter(first.want, &mut self.free);
            let is_last = entry.waiting.is_empty();
            let _ = first.admitted.send(warm);
            if is_last {
                self.turns.remove(at);
            }
        }
    }

    /// From now on another revision answers: gives the calls that wait.
    pub(super) fn supersede(&mut self, id: u64) -> Vec<Waiting<W>> {
        let Some(entry) = self.shares.get_mut(&id) else {
            return Vec::new();
        };
        entry.superseded = true;
        let waiting = std::mem::take(&mut entry.waiting).into_iter();
        let (gone, left): (Vec<_>, Vec<_>) =
            waiting.partition(|one| one.want.rank == Rank::Ordinary);
        entry.waiting = left.into();
        if entry.waiting.is_empty() {
            self.turns.retain(|turn| *turn != id);
        }
        gone
    }

    /// Takes the number of a waiting call back; false if it was let in.
    pub(super) fn leave(&mut self, id: u64, number: u64, total: u32) -> bool {
        let Some(entry) = self.shares.get_mut(&id) else {
            return false;
        };
        let Some(at) = entry
            .waiting
            .iter()
            .position(|waiting| waiting.number == number)
        else {
            return false;
        };
        entry.waiting.remove(at);
        if entry.waiting.is_empty() {
            self.turns.retain(|turn| *turn != id);
        }
        self.serve(total);
        true
    }

    /// Takes out warm instances until so many slots more are free, the longest unused first.
    pub(super) fn oldest(&mut self, mut missing: u32) -> Vec<Idle<W>> {
        let mut given_up = Vec::new();
        while missing > 0 {
            let oldest = self
                .shares
                .values_mut()
                .filter(|entry| entry.idle.front().is_some_and(Idle::is_spare))
                .min_by_key(|entry| entry.idle.front().map(|idle| idle.since));
            let Some(idle) = oldest.and_then(|entry| entry.idle.pop_front()) else {
                break;
            };
            missing = missing.saturating_sub(idle.count);
            given_up.push(idle);
        }
        given_up
    }
}

/// Whether a call may go in.
pub(super) enum Admission {
    Now,
    /// As many calls of the extension run as may.
    OwnLimit,
    /// There are too few free slots.
    NoRoom,
}

impl<W> Entry<W> {
    pub(super) fn admits(&self, want: Want, free: u32, total: u32) -> Admission {
        let most = want.concurrent.min(want.most_beside_others(total));
        if u64::from(self.running) >= most.max(1) {
            return Admission::OwnLimit;
        }
        if free >= want.count || self.warm(want.mode).is_some() {
            return Admission::Now;
        }
        Admission::NoRoom
    }

    /// Where the warm instance of a mode is that was used last; of fresh ones, which no call has used,
    /// the one that was made last.
    fn warm(&self, mode: Mode) -> Option<usize> {
        self.idle.iter().rposition(|idle| idle.mode == mode)
    }

    pub(super) fn enter(&mut self, want: Want, free: &mut u32) -> Option<W> {
        self.running += 1;
        let idle = self.warm(want.mode).and_then(|at| self.idle.remove(at));
        if idle.is_none() {
            *free -= want.count;
        }
        idle.map(|idle| idle.instance)
    }
}
