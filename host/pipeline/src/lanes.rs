//! Order where it matters: one lane for each RID that has something in flight.
//!
//! Objects of one RID pass one after the other, in the order in which they were put here; lanes run
//! side by side. A lane that waits, for another node or for another try, holds no other lane.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use koi_rid::Rid;

use crate::intake::Waiting;

/// What waits, by RID. A RID is a key as long as its lane runs, also when nothing else waits in it.
#[derive(Default)]
pub(crate) struct Lanes {
    waiting: Mutex<HashMap<Rid, VecDeque<Waiting>>>,
}

impl Lanes {
    /// Puts an object at the end of its lane. Gives it back if there was no lane: the caller now
    /// runs it, and then asks [`Lanes::next`] until that is empty.
    pub(crate) fn put(&self, object: Waiting) -> Option<Waiting> {
        let mut lanes = self.lock();
        match lanes.get_mut(&object.entry.arrival.rid) {
            Some(lane) => {
                lane.push_back(object);
                None
            }
            None => {
                lanes.insert(object.entry.arrival.rid.clone(), VecDeque::new());
                Some(object)
            }
        }
    }

    /// The next object of a lane; without one the lane ends.
    pub(crate) fn next(&self, rid: &Rid) -> Option<Waiting> {
        let mut lanes = self.lock();
        let next = lanes.get_mut(rid).and_then(VecDeque::pop_front);
        if next.is_none() {
            lanes.remove(rid);
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Rid, VecDeque<Waiting>>> {
        // No operation above can stop half-way.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
