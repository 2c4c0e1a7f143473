//! What this node has told its subscribers in the last moments.
//!
//! A Python node that widens its subscription fetches first and subscribes a second later; whatever
//! is published between the two it never hears of. So a subscription that is approved begins a little
//! in the past. What a subscriber knows already changes nothing there.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use koi_rid::{Rid, RidType};

/// How far back a new subscription reaches.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// How much is remembered, and how many bytes of contents it may stand for.
const MAX_OBJECTS: usize = 512;
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The RIDs of what was told last, oldest first. In memory only; what has become of them is in the
/// store.
#[derive(Default)]
pub(crate) struct Recent {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    objects: VecDeque<Told>,
    bytes: usize,
}

struct Told {
    at: Instant,
    rid: Rid,
    bytes: usize,
}

impl Recent {
    /// Remembers an object that is stored now. To be called before it is looked up who subscribes: so
    /// a subscription that comes at the same time finds it either way.
    pub(crate) fn note(&self, rid: &Rid, bytes: usize) {
        let mut kept = self.lock();
        kept.bytes += bytes;
        kept.objects.push_back(Told {
            at: Instant::now(),
            rid: rid.clone(),
            bytes,
        });
        while kept.objects.len() > MAX_OBJECTS
            || kept.bytes > MAX_BYTES
            || kept
                .objects
                .front()
                .is_some_and(|told| told.at.elapsed() > KEPT_FOR)
        {
            let Some(told) = kept.objects.pop_front() else {
                return;
            };
            kept.bytes -= told.bytes;
        }
    }

    /// Lets go of what is stored no longer, and of which nobody is to be told that.
    pub(crate) fn drop(&self, rid: &Rid) {
        let mut kept = self.lock();
        let Kept { objects, bytes } = &mut *kept;
        objects.retain(|told| {
            let stays = told.rid != *rid;
            if !stays {
                *bytes -= told.bytes;
            }
            stays
        });
    }

    /// The RIDs of some types, in the order in which they were told first.
    pub(crate) fn of(&self, rid_types: &[RidType]) -> Vec<Rid> {
        let kept = self.lock();
        let recent = kept.objects.iter().filter(|told| {
            told.at.elapsed() <= KEPT_FOR && rid_types.contains(&told.rid.rid_type())
        });
        let mut rids: Vec<Rid> = Vec::new();
        for told in recent {
            if !rids.contains(&told.rid) {
                rids.push(told.rid.clone());
            }
        }
        rids
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // At worst a panic left the count of bytes too high, and less is kept.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(recent: &Recent, rid: &str, bytes: usize) {
        recent.note(&Rid::parse(rid).unwrap(), bytes);
    }

    #[test]
    fn only_wanted_types_are_given_once_each_in_their_order() {
        let recent = Recent::default();
        for rid in ["orn:a.a:2", "orn:b.b:1", "orn:a.a:1", "orn:a.a:2"] {
            note(&recent, rid, 2);
        }
        let given = recent.of(&[RidType::parse("orn:a.a").unwrap()]);
        let given: Vec<_> = given.iter().map(Rid::as_str).collect();
        assert_eq!(given, ["orn:a.a:2", "orn:a.a:1"]);
    }

    #[test]
    fn what_was_dropped_is_given_no_more() {
        let recent = Recent::default();
        for rid in ["orn:a.a:1", "orn:a.a:2", "orn:a.a:1"] {
            note(&recent, rid, 2);
        }
        recent.drop(&Rid::parse("orn:a.a:1").unwrap());
        let given = recent.of(&[RidType::parse("orn:a.a").unwrap()]);
        assert_eq!(given, [Rid::parse("orn:a.a:2").unwrap()]);
        assert_eq!(recent.lock().bytes, 2);
    }

    #[test]
    fn the_number_and_size_of_what_is_kept_are_bounded() {
        let recent = Recent::default();
        for number in 0..2 * MAX_OBJECTS {
            note(&recent, &format!("orn:a.a:{number}"), 2);
        }
        let rid_types = [RidType::parse("orn:a.a").unwrap()];
        assert_eq!(recent.of(&rid_types).len(), MAX_OBJECTS);
        for number in 0..8 {
            note(&recent, &format!("orn:a.a:large-{number}"), MAX_BYTES / 4);
        }
        assert!(recent.of(&rid_types).len() <= 4);
    }
}
