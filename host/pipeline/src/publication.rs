//! Arrivals that begin on this node without a guest: the operator's, and the host's own.

use std::sync::atomic::{AtomicU64, Ordering};

use koi_rid::{Bundle, Contents, Event, EventType, Rid, Timestamp};
use koi_store::Arrival;

/// Contents that this node publishes under a RID, made now.
pub fn publication(rid: Rid, contents: Contents) -> Arrival {
    begin(Event::of_bundle(
        EventType::New,
        Bundle::generate(rid, contents),
    ))
}

/// What is stored under a RID is to be forgotten.
pub fn forgetting(rid: Rid) -> Arrival {
    begin(Event::of_rid(EventType::Forget, rid))
}

fn begin(event: Event) -> Arrival {
    Arrival {
        correlation: correlation(),
        ..Arrival::from(event)
    }
}

/// A correlation id that no other object of this node has.
pub fn correlation() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    // The time tells the runs of a node apart, the count what came within a microsecond.
    format!("{:x}-{count:x}", Timestamp::now().to_micros())
}
