//! What every backend has to do. Each test says so of a fresh store, of SQLite and of PostgreSQL:
//! `tests::…::sqlite::…` and `tests::…::postgres::…`.

/// Makes tests of functions that take a [`Fixture`]: one for each backend.
macro_rules! on_every_backend {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(crate::tests::fixture::sqlite()).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(crate::tests::fixture::postgres().await).await;
            })+
        }
    };
}

/// Makes tests of functions that take what makes a [`Fixture`]: one for each backend.
macro_rules! on_every_backend_for_all {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $test() {
                super::$test(crate::tests::fixture::sqlite);
            })+
        }

        mod postgres {
            $(#[test]
            fn $test() {
                let fixture = || crate::tests::block_on(crate::tests::fixture::postgres());
                super::$test(fixture);
            })+
        }
    };
}

mod alike;
mod audit;
mod bundles;
mod commit;
mod dump;
mod extensions;
pub(crate) mod fixture;
mod job_runs;
mod key_value;
mod mcp_sessions;
mod queues;
mod round_trip;
mod saved_states;
pub(crate) mod server;

use koi_rid::{Bundle, Contents, Event, EventType, Rid, RidType, Timestamp};

use crate::{Arrival, Batch, DeadLetterDraft, Op, Outgoing, Writer};
use fixture::Fixture;

/// Without anything that a runtime offers, which stores don't ask for.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
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
