//! How long an instance lives: for a call, for many, or for as long as the extension runs.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use koi_runtime::{Call, CallError, Extension, Limits, Mode, Runtime, RuntimeConfig};

use crate::guest::{Guest, runtime, runtime_of};
use crate::ports::{Kept, Saved, Threads, Waiting, call};

/// Counts its calls in a global, and answers with as many bytes. What it does besides, the length
/// of the tool's name says: 4 spins, 5 crashes, 6 forgets, 7 takes 4 MiB of memory.
pub fn counter() -> Guest {
    Guest {
        fields: r#"(global $calls (mut i32) (i32.const 0))
            (func (export "save") (result i32)
                (i32.store (i32.const 512) (global.get $calls))
                (call $text (i32.const 512) (i32.const 4)))
            (func (export "load") (param $at i32) (param $len i32) (result i32)
                (global.set $calls (i32.load (local.get $at)))
                (call $done))"#,
        exports: r#"(func $save (result (result (list u8) (error $error)))
                (canon lift (core func $main "save") (memory $memory) (realloc $realloc)))
            (func $load (param "state" (list u8)) (result (result (error $error)))
                (canon lift (core func $main "load") (memory $memory) (realloc $realloc)))
            (instance $state (export "save" (func $save)) (export "load" (func $load)))
            (export "koi:extension/state@0.1.0" (instance $state))"#,
        call_tool: "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
            (if (i32.eq (local.get $name-len) (i32.const 4)) (then (loop $l (br $l))))
            (if (i32.eq (local.get $name-len) (i32.const 5)) (then (unreachable)))
            (if (i32.eq (local.get $name-len) (i32.const 6))
                (then (call $forget (i32.const 16) (i32.const 18) (i32.const 1024))))
            (if (i32.eq (local.get $name-len) (i32.const 7))
                (then (drop (memory.grow (i32.const 64)))))
            (call $text (i32.const 0) (global.get $calls))",
        ..Guest::default()
    }
}

fn in_mode(mode: Mode) -> Call {
    Call { mode, ..call() }
}

async fn count(extension: &Extension, tool: &str, call: Call) -> Result<usize, CallError> {
    let answer = extension.call_tool(call, tool, "{}").await?;
    Ok(answer.len())
}

pub async fn loaded(runtime: &Runtime) -> Extension {
    counter().load(runtime).await
}

#[tokio::test]
async fn a_pooled_instance_serves_the_next_call_and_a_crashed_one_does_not() {
    let extension = loaded(&runtime()).await;
    let pooled = || in_mode(Mode::Pooled);
    for expected in 1..4 {
        assert_eq!(count(&extension, "t", pooled()).await, Ok(expected));
    }
    let crash = count(&extension, "crash", pooled()).await;
    assert!(matches!(crash, Err(CallError::Trap(_))), "{crash:?}");
    assert_eq!(count(&extension, "t", pooled()).await, Ok(1));
    assert_eq!(count(&extension, "t", call()).await, Ok(1), "a fresh one");
    assert_eq!(count(&extension, "t", pooled()).await, Ok(2));
}

#[tokio::test]
async fn a_pooled_call_waits_for_no_other() {
    let extension = loaded(&runtime()).await;
    let port = Arc::new(Waiting::default());
    let mut waiting = in_mode(Mode::Pooled);
    Arc::make_mut(&mut waiting.ports).knowledge = port.clone();
    let other = extension.clone();
    let running = tokio::spawn(async move { count(&other, "forget", waiting).await });
    port.reached.notified().await;
    assert_eq!(count(&extension, "t", in_mode(Mode::Pooled)).await, Ok(1));
    port.release.notify_one();
    assert_eq!(running.await.expect("no panic"), Ok(1));
}

#[tokio::test]
async fn a_pooled_instance_that_met_a_limit_is_not_used_again() {
    let extension = loaded(&runtime()).await;
    assert_eq!(count(&extension, "t", in_mode(Mode::Pooled)).await, Ok(1));
    let mut spin = in_mode(Mode::Pooled);
    spin.limits.cpu = Duration::from_millis(30);
    let end = count(&extension, "spin", spin).await;
    assert!(matches!(end, Err(CallError::Limit { .. })), "{end:?}");
    assert_eq!(count(&extension, "t", in_mode(Mode::Pooled)).await, Ok(1));
}

#[tokio::test]
async fn a_pooled_instance_that_has_grown_is_not_used_again() {
    let extension = loaded(&runtime()).await;
    let pooled = || {
        let mut call = in_mode(Mode::Pooled);
        call.limits.memory = 8 << 20;
        call
    };
    assert_eq!(count(&extension, "t", pooled()).await, Ok(1));
    assert_eq!(count(&extension, "growing", pooled()).await, Ok(2));
    assert_eq!(count(&extension, "t", pooled()).await, Ok(1));
}

#[tokio::test]
async fn ports_and_limits_of_a_pooled_instance_are_those_of_its_call() {
    let guest = Guest::with_tool(
        "(call $log (i32.const 2) (i32.const 48) (i32.const 4) (local.get $args) (local.get $args-len))
         (call $text (i32.const 0) (i32.const 2))",
    );
    let extension = guest.load(&runtime()).await;
    for message in ["first", "second"] {
        let (log, caller) = (Arc::new(Kept::default()), Arc::new(Threads::default()));
        let mut call = log.behind(in_mode(Mode::Pooled));
        call.caller = caller.clone();
        call.limits.host_calls = 1;
        call.limits.log_bytes = 100;
        let answer = extension.call_tool(call, "t", message).await;
        answer.expect("an answer");
        let lines = log.0.lock().expect("nobody panics with the lock").clone();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].2, message);
        assert_eq!(Arc::strong_count(&caller), 1, "the caller is let go");
    }
}

#[tokio::test]
async fn a_warm_instance_gives_way_to_a_call_that_waits() {
    let runtime = runtime_of(RuntimeConfig {
        slots: 1,
        ..RuntimeConfig::default()
    });
    let (warm, other) = (loaded(&runtime).await, loaded(&runtime).await);
    assert_eq!(count(&warm, "t", in_mode(Mode::Pooled)).await, Ok(1));
    assert_eq!(count(&warm, "t", in_mode(Mode::Pooled)).await, Ok(2));
    assert_eq!(count(&other, "t", call()).await, Ok(1));
    assert_eq!(count(&warm, "t", in_mode(Mode::Pooled)).await, Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_singleton_takes_its_calls_one_at_a_time() {
    let extension = loaded(&runtime()).await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let extension = extension.clone();
            tokio::spawn(async move { count(&extension, "t", in_mode(Mode::Singleton)).await })
        })
        .collect();
    let mut counts = Vec::new();
    for call in calls {
        counts.push(call.await.expect("no panic").expect("an answer"));
    }
    counts.sort_unstable();
    assert_eq!(counts, (1..=50).collect::<Vec<_>>());
}

fn saving(saved: &Arc<Saved>) -> Call {
    let mut call = in_mode(Mode::Singleton);
    Arc::make_mut(&mut call.ports).saved_state = saved.clone();
    call
}

#[tokio::test]
async fn a_killed_singleton_goes_on_from_its_saved_state() {
    let extension = loaded(&runtime()).await;
    let saved = Arc::new(Saved::default());
    assert_eq!(count(&extension, "t", saving(&saved)).await, Ok(1));
    assert_eq!(count(&extension, "t", saving(&saved)).await, Ok(2));
    for tool in ["crash", "spin"] {
        let mut call = saving(&saved);
        call.limits.cpu = Duration::from_millis(30);
        count(&extension, tool, call).await.expect_err("killed");
    }
    assert_eq!(count(&extension, "t", saving(&saved)).await, Ok(3));
    let again = loaded(&runtime()).await;
    assert_eq!(count(&again, "t", saving(&saved)).await, Ok(4));
}

#[tokio::test]
async fn a_singleton_saves_as_often_as_it_is_told_and_when_it_stops() {
    let extension = loaded(&runtime()).await;
    let extension = extension.bind(NonZero::new(3).expect("three"));
    let saved = Arc::new(Saved::default());
    let of = |saved: &Saved| saved.0.lock().expect("nobody panics with the lock").1;
    for _ in 0..7 {
        count(&extension, "t", saving(&saved))
            .await
            .expect("an answer");
    }
    assert_eq!(of(&saved), 2);
    extension.stop(saving(&saved)).await.expect("a stop");
    assert_eq!(of(&saved), 3);
    assert_eq!(count(&extension, "t", saving(&saved)).await, Ok(8));
}

#[tokio::test]
async fn a_singletons_call_goes_on_without_its_caller_and_a_queued_one_does_not() {
    let extension = loaded(&runtime()).await;
    let port = Arc::new(Waiting::default());
    let mut waiting = in_mode(Mode::Singleton);
    Arc::make_mut(&mut waiting.ports).knowledge = port.clone();
    let (first, second) = (extension.clone(), extension.clone());
    let running = tokio::spawn(async move { count(&first, "forget", waiting).await });
    port.reached.notified().await;
    let queued = tokio::spawn(async move { count(&second, "t", in_mode(Mode::Singleton)).await });
    tokio::task::yield_now().await;
    for gone in [queued, running] {
        gone.abort();
        assert!(gone.await.expect_err("cancelled").is_cancelled());
    }
    port.release.notify_one();
    assert_eq!(
        count(&extension, "t", in_mode(Mode::Singleton)).await,
        Ok(2),
        "the first call counted, the second one did not"
    );
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_names_its_limit() {
    let extension = loaded(&runtime()).await;
    let port = Arc::new(Waiting::default());
    let mut waiting = in_mode(Mode::Singleton);
    Arc::make_mut(&mut waiting.ports).knowledge = port.clone();
    let first = extension.clone();
    let running = tokio::spawn(async move { count(&first, "forget", waiting).await });
    port.reached.notified().await;
    let mut call = in_mode(Mode::Singleton);
    call.limits.queue = 0;
    let refused = count(&extension, "t", call).await.expect_err("no room");
    let text = refused.to_string();
    assert!(
        text.contains("its limit of 0 calls that wait (setting `limits.queue`)"),
        "{text}"
    );
    assert!(refused.is_transient());
    port.release.notify_one();
    assert_eq!(running.await.expect("no panic"), Ok(1));
}

#[tokio::test]
async fn a_call_beyond_those_that_may_run_at_a_time_waits() {
    let extension = loaded(&runtime()).await;
    let port = Arc::new(Waiting::default());
    let mut waiting = call();
    Arc::make_mut(&mut waiting.ports).knowledge = port.clone();
    let first = extension.clone();
    let running = tokio::spawn(async move { count(&first, "forget", waiting).await });
    port.reached.notified().await;
    let hurried = Call {
        limits: Limits {
            concurrent: 1,
            wall: Duration::from_millis(20),
            ..Limits::default()
        },
        ..call()
    };
    let refused = count(&extension, "t", hurried).await.expect_err("no room");
    let text = refused.to_string();
    assert!(
        text.contains("its limit of 1 calls at a time (setting `limits.concurrent`)"),
        "{text}"
    );
    port.release.notify_one();
    assert_eq!(running.await.expect("no panic"), Ok(1));
}
