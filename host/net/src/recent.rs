//! What this node has told its subscribers in the last moments.
//!
//! A Python node that widens its subscription fetches first and subscribes a second later; whatever
//! is published between the two it never hears of. So a subscription that is approved begins a little
//! in the past. What a subscriber knows already changes nothing there.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use koi_rid::{Event, RidType};

/// How far back a new subscription reaches.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// How many events are kept, and how many bytes of contents.
const MAX_EVENTS: usize = 512;
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The last events, oldest first. In memory only.
#[derive(Default)]
pub(crate) struct Recent {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    events: VecDeque<(Instant, Event)>,
    bytes: usize,
}

impl Recent {
    /// Keeps an event. To be called before it is looked up who subscribes: so a subscription that
    /// comes at the same time finds the event either way.
    pub(crate) fn note(&self, event: Event) {
        let mut kept = self.lock();
        kept.bytes += size(&event);
        kept.events.push_back((Instant::now(), event));
        while kept.events.len() > MAX_EVENTS
            || kept.bytes > MAX_BYTES
            || kept
                .events
                .front()
                .is_some_and(|(at, _)| at.elapsed() > KEPT_FOR)
        {
            let Some((_, event)) = kept.events.pop_front() else {
                return;
            };
            kept.bytes -= size(&event);
        }
    }

    /// The events of some types, oldest first.
    pub(crate) fn of(&self, rid_types: &[RidType]) -> Vec<Event> {
        let kept = self.lock();
        let recent = kept
            .events
            .iter()
            .filter(|(at, _)| at.elapsed() <= KEPT_FOR);
        recent
            .map(|(_, event)| event)
            .filter(|event| rid_types.contains(&event.rid.rid_type()))
            .cloned()
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // At worst a panic left the count of bytes too high, and less is kept.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(event: &Event) -> usize {
    event
        .contents
        .as_ref()
        .map_or(0, |contents| contents.as_str().len())
}

#[cfg(test)]
mod tests {
    use koi_rid::{Bundle, Contents, EventType, Rid};

    use super::*;

    fn event(rid: &str, contents: &str) -> Event {
        let rid = Rid::parse(rid).unwrap();
        let bundle = Bundle::generate(rid, Contents::parse(contents).unwrap());
        Event::of_bundle(EventType::New, bundle)
    }

    #[test]
    fn only_wanted_types_are_given_in_their_order() {
        let recent = Recent::default();
        for rid in ["orn:a.a:1", "orn:b.b:1", "orn:a.a:2"] {
            recent.note(event(rid, "{}"));
        }
        let given = recent.of(&[RidType::parse("orn:a.a").unwrap()]);
        let given: Vec<_> = given.iter().map(|event| event.rid.as_str()).collect();
        assert_eq!(given, ["orn:a.a:1", "orn:a.a:2"]);
    }

    #[test]
    fn the_number_and_size_of_what_is_kept_are_bounded() {
        let recent = Recent::default();
        for number in 0..2 * MAX_EVENTS {
            recent.note(event(&format!("orn:a.a:{number}"), "{}"));
        }
        let rid_types = [RidType::parse("orn:a.a").unwrap()];
        assert_eq!(recent.of(&rid_types).len(), MAX_EVENTS);
        let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(MAX_BYTES / 4));
        for _ in 0..8 {
            recent.note(event("orn:a.a:large", &large));
        }
        assert!(recent.of(&rid_types).len() <= 4);
    }
}
