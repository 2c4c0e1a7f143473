//! What a watched callee counts, when it is called no more, and which errors are held against it.

use std::sync::Arc;
use std::time::Duration;

use koi_runtime::{CallError, GuestError, GuestErrorKind};
use serde_json::json;
use tokio::sync::Notify;

use super::breaker::Verdict;
use super::{Answered, BreakerOptions, Watch, Watched, verdict};
use crate::callee::{Callee, Invocation};
use crate::testing::{FakeCallee, Stage};

/// A watched revision and what happens to it.
fn watched(options: BreakerOptions) -> (Arc<Watch>, Watched, Stage) {
    let stage = Stage::default();
    let callee = FakeCallee {
        stage: stage.clone(),
        script: json!({}),
        name: "one".to_owned(),
        revision: 1,
        ports: koi_runtime::ports::Ports::denied(),
        in_flight: Arc::default(),
        successor: std::sync::OnceLock::new(),
    };
    let watch = Arc::new(Watch::new(options, Arc::new(Notify::new())));
    let watched = Watched::new(Arc::new(callee), watch.clone());
    (watch, watched, stage)
}

async fn call(callee: &Watched, answered: Answered) -> Result<String, CallError> {
    let judge = move |_: &str| answered;
    let call = callee.call_tool_judged("one", "{}", Invocation::new("t"), &judge);
    call.await
}

#[tokio::test]
async fn each_call_is_counted_as_what_it_came_to() {
    let (watch, callee, stage) = watched(BreakerOptions::default());
    call(&callee, Answered::Well).await.unwrap();
    call(&callee, Answered::Error).await.unwrap();
    call(&callee, Answered::Badly).await.unwrap();
    stage.lock().trapping.insert("one@1 call-tool".to_owned());
    call(&callee, Answered::Well).await.unwrap_err();
    let tally = watch.tally();
    assert_eq!(
        (tally.calls, tally.failures, tally.traps, tally.errors),
        (4, 2, 1, 1)
    );
    assert!(watch.last_failure().unwrap().contains("crashed"));
    assert!(tally.p95().is_some());
}

#[tokio::test]
async fn answers_without_form_open_the_breaker_and_errors_of_tools_do_not() {
    let (watch, callee, _) = watched(BreakerOptions::default());
    for _ in 0..20 {
        call(&callee, Answered::Error).await.unwrap();
    }
    assert_eq!(watch.breaker(), "closed");
    for _ in 0..5 {
        call(&callee, Answered::Badly).await.unwrap();
    }
    assert_eq!(watch.breaker(), "open");
    let refused = call(&callee, Answered::Well).await.unwrap_err();
    assert!(
        matches!(refused, CallError::Unavailable { .. }),
        "{refused}"
    );
    assert!(watch.open().is_some());
}

#[tokio::test]
async fn a_breaker_that_is_off_stays_closed() {
    let (watch, callee, _) = watched(BreakerOptions {
        enabled: false,
        ..BreakerOptions::default()
    });
    for _ in 0..50 {
        call(&callee, Answered::Badly).await.unwrap();
    }
    assert_eq!((watch.breaker(), watch.tally().failures), ("closed", 50));
}

#[tokio::test]
async fn a_call_that_is_cancelled_counts_for_nothing_and_leaves_its_place() {
    let (watch, callee, _) = watched(BreakerOptions {
        recovery: Duration::ZERO,
        half_open_calls: 1,
        ..BreakerOptions::default()
    });
    for _ in 0..5 {
        call(&callee, Answered::Badly).await.unwrap();
    }
    drop(watch.enter().unwrap());
    assert_eq!(watch.tally().calls, 5);
    call(&callee, Answered::Well).await.unwrap();
    assert_eq!(watch.breaker(), "closed");
}

#[test]
fn what_is_not_the_extensions_fault_is_not_held_against_it() {
    let guest = |kind| {
        let message = "so it is".to_owned();
        CallError::Guest(GuestError { kind, message })
    };
    for (error, of) in [
        (CallError::Trap(String::new()), Verdict::Failed),
        (guest(GuestErrorKind::Transient), Verdict::Failed),
        (guest(GuestErrorKind::InvalidInput), Verdict::Well),
        (guest(GuestErrorKind::Denied), Verdict::Well),
        (guest(GuestErrorKind::Permanent), Verdict::Well),
        (CallError::Overloaded(String::new()), Verdict::Unknown),
        (CallError::Host(String::new()), Verdict::Unknown),
    ] {
        assert_eq!(verdict(&error), of, "{error:?}");
    }
}
