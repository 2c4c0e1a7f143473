//! What every backend has to do. Each test says so of a fresh store.

mod audit;
mod bundles;
mod commit;
mod extensions;
mod key_value;
mod mcp_sessions;
mod queues;
mod round_trip;
mod saved_states;

use koi_rid::{Bundle, Contents, Event, EventType, Rid, RidType, Timestamp};
use tempfile::TempDir;

use crate::{Arrival, Batch, DeadLetterDraft, Op, Outgoing, Stores, Writer};

/// A store in a folder of its own.
pub(crate) struct Fixture {
    pub(crate) stores: Stores,
    pub(crate) folder: TempDir,
}

pub(crate) fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let stores = crate::sqlite::open(&folder.path().join("store.db")).unwrap();
    Fixture { stores, folder }
}

pub(crate) fn rid(text: &str) -> Rid {
    Rid::parse(text).unwrap()
}

pub(crate) fn rid_type(text: &str) -> RidType {
    RidType::parse(text).unwrap()
}

pub(crate) fn bundle(text: &str, contents: &str) -> Bundle {
    Bundle::generate(rid(text), Contents::parse(contents).unwrap())
}

pub(crate) fn new(bundle: Bundle) -> Event {
    Event::of_bundle(EventType::New, bundle)
}

pub(crate) fn arrival(text: &str) -> Arrival {
    Arrival::from(new(bundle(text, r#"{"a":1}"#)))
}

pub(crate) fn put(bundle: Bundle) -> Op {
    Op::PutBundle {
        bundle,
        written_by: None,
        source: None,
    }
}

pub(crate) fn enqueue(peer: &str, event: Event) -> Op {
    Op::Enqueue(Outgoing {
        peer: rid(peer),
        event,
    })
}

pub(crate) fn draft(arrival: Arrival) -> DeadLetterDraft {
    DeadLetterDraft {
        arrival,
        phase: "bundle".to_owned(),
        peer: None,
        extension: Some("data-catalog".to_owned()),
        reason: "the schema wants a title".to_owned(),
        kind: "invalid".to_owned(),
        at: Timestamp::now(),
    }
}

pub(crate) fn writer(revision: u64) -> Writer {
    Writer {
        extension: "data-catalog".to_owned(),
        revision,
        digest: "00ff".to_owned(),
    }
}

pub(crate) fn batch(ops: impl IntoIterator<Item = Op>) -> Batch {
    Batch {
        ops: ops.into_iter().collect(),
    }
}
