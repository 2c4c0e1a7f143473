//! Fresh instances that are made before their calls.

use std::sync::Arc;
use std::time::Duration;

use koi_runtime::{Call, CallError, Extension, Runtime};

use crate::guest::{Guest, runtime};
use crate::modes::counter;
use crate::ports::{Kept, Waiting, call};

/// Some milliseconds of computing.
const LONG: &str = "(local $i i32)
    (local.set $i (i32.const 3000000))
    (loop $l (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))";

async fn loaded(runtime: &Runtime, instantiate: &'static str) -> Extension {
    let guest = Guest {
        instantiate,
        ..counter()
    };
    guest.load(runtime).await
}

/// Waits until an instance waits for a call.
async fn ready(runtime: &Runtime) {
    let ready = async {
        while runtime.usage().warm == 0 {
            tokio::task::yield_now().await;
        }
    };
    let ready = tokio::time::timeout(Duration::from_secs(60), ready);
    ready.await.expect("one is made");
}

/// Lets several times as much time go by as is waited before an instance is made.
async fn a_while() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

async fn count(extension: &Extension, call: Call) -> Result<usize, CallError> {
    let answer = extension.call_tool(call, "t", "{}").await?;
    Ok(answer.len())
}

#[tokio::test]
async fn an_instance_that_takes_long_to_make_is_made_before_its_call() {
    let runtime = runtime();
    let extension = loaded(&runtime, LONG).await;
    assert_eq!(runtime.usage().warm, 0, "nobody has called yet");
    assert_eq!(count(&extension, call()).await, Ok(1));
    ready(&runtime).await;

    let port = Arc::new(Waiting::default());
    let mut waiting = call();
    Arc::make_mut(&mut waiting.ports).knowledge = port.clone();
    let other = extension.clone();
    let running = tokio::spawn(async move { other.call_tool(waiting, "forget", "{}").await });
    port.reached.notified().await;
    let usage = runtime.usage();
    assert_eq!((usage.running, usage.warm), (1, 0), "it is in that one");
    port.release.notify_one();
    assert_eq!(running.await.expect("no panic").map(|a| a.len()), Ok(1));
    ready(&runtime).await;
}

#[tokio::test]
async fn an_instance_that_is_made_quickly_is_made_in_its_call() {
    let runtime = runtime();
    let extension = loaded(&runtime, "").await;
    let mut ahead = 0;
    for _ in 0..10 {
        assert_eq!(count(&extension, call()).await, Ok(1));
        a_while().await;
        ahead += runtime.usage().warm;
    }
    // One that the machine kept waiting meanwhile counts as slow.
    assert!(ahead < 5, "{ahead} of 10 were made ahead");
}

#[tokio::test]
async fn what_asks_the_host_while_it_is_made_is_made_in_its_call() {
    let runtime = runtime();
    let log = Arc::new(Kept::default());
    let asking = "(local $i i32)
        (call $log (i32.const 2) (i32.const 48) (i32.const 4) (i32.const 48) (i32.const 4))
        (local.set $i (i32.const 3000000))
        (loop $l (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))";
    let extension = loaded(&runtime, asking).await;
    for calls in 1..4 {
        assert_eq!(count(&extension, log.behind(call())).await, Ok(1));
        a_while().await;
        assert_eq!(runtime.usage().warm, 0);
        let lines = log.0.lock().expect("nobody panics with the lock").len();
        assert_eq!(lines, calls, "each in its own call");
    }
}

#[tokio::test]
async fn what_was_made_ahead_is_held_to_the_limits_of_its_call() {
    let runtime = runtime();
    let extension = loaded(&runtime, LONG).await;
    assert_eq!(count(&extension, call()).await, Ok(1));
    ready(&runtime).await;
    let mut small = call();
    small.limits.memory = 1 << 16;
    let end = count(&extension, small).await;
    let limit = "limits.memory";
    assert!(
        matches!(end, Err(CallError::Limit { setting, .. }) if setting == limit),
        "{end:?}"
    );
}
