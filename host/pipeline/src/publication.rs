//! Arrivals that begin on this node without a guest: the operator's, and the host's own.

use std::sync::atomic::{AtomicU64, Ordering};

use koi_rid::{Bundle, Contents, Event, EventType, Manifest, Rid, Timestamp};
use koi_store::{Arrival, ArrivalKind};

use crate::fetch::Fetched;

/// Contents that this node publishes under a RID, made now.
pub fn publication(rid: Rid, contents: Contents) -> Arrival {
    begin(Event::of_bundle(
        EventType::New,
        Bundle::generate(rid, contents),
    ))
}

/// A bundle that this node makes in place of what is stored: later than that, even if the clock of
/// whoever made it is ahead.
pub fn succeed(stored: Option<&Manifest>, rid: Rid, contents: Contents) -> Bundle {
    let mut bundle = Bundle::generate(rid, contents);
    if let Some(stored) = stored {
        bundle.manifest.timestamp = bundle.manifest.timestamp.max(just_after(stored));
    }
    bundle
}

/// A bundle that this node makes as its answer to one under the same RID: later than that one and not than
/// what its author has said meanwhile, which is still to arrive.
pub fn answer(to: &Manifest, rid: Rid, contents: Contents) -> Bundle {
    let mut bundle = Bundle::generate(rid, contents);
    bundle.manifest.timestamp = just_after(to);
    bundle
}

/// The earliest time of what comes after a manifest.
pub(crate) fn just_after(stored: &Manifest) -> Timestamp {
    Timestamp::from_micros(stored.timestamp.to_micros().saturating_add(1))
}

/// What is stored under a RID is to be forgotten.
pub fn forgetting(rid: Rid) -> Arrival {
    begin(Event::of_rid(EventType::Forget, rid))
}

/// What another node has, which was asked for it.
pub fn fetched(fetched: Fetched) -> Arrival {
    Arrival {
        kind: ArrivalKind::Listed,
        source: Some(fetched.source),
        ..begin(Event::of_bundle(EventType::New, fetched.bundle))
    }
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
