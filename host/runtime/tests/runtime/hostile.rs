//! Guests that want more than their share: each is stopped with the name of what it met, and others
//! notice nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use koi_runtime::{Call, CallError, Extension, Limits, Mode, Runtime, RuntimeConfig};

use crate::guest::{Guest, runtime, runtime_of};
use crate::ports::{Kept, Panicking, call, call_within};

const SPIN: &str = "(loop $l (br $l)) (unreachable)";

/// Calls the tool and gives what ended it; afterwards another guest's call has to succeed.
async fn end_of(runtime: &Runtime, extension: &Extension, limits: Limits) -> CallError {
    let end = extension.call_tool(call_within(limits), "t", "{}").await;
    let other = Guest::default().load(runtime).await;
    assert_eq!(
        other.call_tool(call(), "t", "[]").await.expect("an answer"),
        "[]"
    );
    end.expect_err("it was not stopped")
}

async fn assert_stopped(guest: Guest, limits: Limits, limit: &str, setting: &str) {
    let runtime = runtime();
    let extension = guest.load(&runtime).await;
    let end = end_of(&runtime, &extension, limits).await;
    let CallError::Limit {
        limit: met,
        setting: named,
        ..
    } = &end
    else {
        panic!("{end:?}");
    };
    assert_eq!((*met, *named), (limit, setting), "{end}");
}

async fn assert_crashes(guest: Guest, reason: &str) {
    let runtime = runtime();
    let extension = guest.load(&runtime).await;
    let end = end_of(&runtime, &extension, Limits::default()).await;
    assert!(matches!(end, CallError::Trap(_)), "{end:?}");
    assert!(end.to_string().contains(reason), "{end}");
}

// All on one thread: what answers meanwhile gets its turn from the spinning guest itself.
#[tokio::test]
async fn a_spinning_guest_is_stopped_and_others_answer_meanwhile() {
    let runtime = runtime();
    let spinning = Guest::with_tool(SPIN).load(&runtime).await;
    let quick = Guest::default().load(&runtime).await;
    let limits = Limits {
        cpu: Duration::from_millis(200),
        ..Limits::default()
    };
    let spin =
        tokio::spawn(async move { spinning.call_tool(call_within(limits), "t", "{}").await });
    let mut answers = 0;
    while !spin.is_finished() {
        quick.call_tool(call(), "t", "{}").await.expect("an answer");
        answers += 1;
        tokio::task::yield_now().await;
    }
    assert!(answers > 3, "only {answers} calls answered meanwhile");
    let error = spin
        .await
        .expect("no panic")
        .expect_err("it was not stopped");
    let text = error.to_string();
    assert!(
        text.contains("200 ms") && text.contains("limits.cpu"),
        "{text}"
    );
}

#[tokio::test]
async fn a_spinning_guest_is_stopped_soon_after_its_cpu_limit() {
    let runtime = runtime();
    let spinning = Guest::with_tool(SPIN).load(&runtime).await;
    let limits = Limits {
        cpu: Duration::from_millis(100),
        wall: Duration::from_secs(60),
        ..Limits::default()
    };
    let start = Instant::now();
    let error = spinning.call_tool(call_within(limits), "t", "{}").await;
    assert!(
        matches!(
            error,
            Err(CallError::Limit {
                setting: "limits.cpu",
                ..
            })
        ),
        "{error:?}"
    );
    // How soon in CPU time, the bench says; here others use the processors, too.
    let took = start.elapsed();
    assert!(
        took >= Duration::from_millis(100) && took < Duration::from_secs(20),
        "{took:?}"
    );
}

#[tokio::test]
async fn a_guest_that_spins_in_describe_is_stopped() {
    let guest = Guest {
        describe: SPIN,
        ..Guest::default()
    };
    let extension = guest.load(&runtime()).await;
    let error = extension.describe().await.expect_err("it was not stopped");
    // Which of its limits of time it meets first, a busy machine decides.
    assert!(matches!(error, CallError::Limit { .. }), "{error:?}");
}

#[tokio::test]
async fn a_guest_that_grows_without_end_is_stopped() {
    let guest =
        Guest::with_tool("(loop $l (drop (memory.grow (i32.const 16))) (br $l)) (unreachable)");
    assert_stopped(guest, Limits::default(), "memory", "limits.memory").await;
}

#[tokio::test]
async fn tables_count_as_memory() {
    let guest = Guest {
        fields: "(table $t 1 funcref)",
        call_tool: "(loop $l (drop (table.grow $t (ref.null func) (i32.const 1000))) (br $l)) (unreachable)",
        ..Guest::default()
    };
    let limits = Limits {
        memory: 512 << 10,
        ..Limits::default()
    };
    assert_stopped(guest, limits, "memory", "limits.memory").await;
}

#[tokio::test]
async fn a_result_beyond_its_limit_is_refused() {
    let guest = Guest::with_tool("(call $text (i32.const 0) (i32.const 100000))");
    let limits = Limits {
        result: 50_000,
        ..Limits::default()
    };
    assert_stopped(guest, limits, "result", "limits.result").await;
}

#[tokio::test]
async fn a_description_of_more_than_a_mebibyte_is_refused() {
    let guest = Guest {
        describe: "(drop (memory.grow (i32.const 32))) (call $text (i32.const 0) (i32.const 1048577))",
        ..Guest::default()
    };
    let extension = guest.load(&runtime()).await;
    let error = extension.describe().await.expect_err("it was not refused");
    assert!(
        matches!(
            error,
            CallError::Limit {
                setting: "limits.result",
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_argument_beyond_the_limit_never_reaches_the_host() {
    let guest = Guest::with_tool(
        "(call $caller-log (i32.const 48) (i32.const 4) (i32.const 0) (i32.const 100000)) (call $done)",
    );
    let limits = Limits {
        result: 50_000,
        ..Limits::default()
    };
    assert_stopped(guest, limits, "result", "limits.result").await;
}

#[tokio::test]
async fn a_flood_of_host_calls_is_stopped() {
    let guest = Guest::with_tool(
        "(loop $l (call $caller-log (i32.const 48) (i32.const 4) (i32.const 0) (i32.const 2)) (br $l))
         (unreachable)",
    );
    let limits = Limits {
        host_calls: 1000,
        ..Limits::default()
    };
    assert_stopped(guest, limits, "host calls", "limits.host_calls").await;
}

#[tokio::test]
async fn a_flood_of_log_messages_is_cut_off_and_the_call_goes_on() {
    let guest = Guest::with_tool(
        "(loop $l
            (call $log (i32.const 2) (i32.const 48) (i32.const 4) (i32.const 0) (i32.const 96))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const 50))))
         (call $text (i32.const 0) (i32.const 2))",
    );
    let extension = guest.load(&runtime()).await;
    let log = Arc::new(Kept::default());
    let limits = Limits {
        log_bytes: 1690,
        ..Limits::default()
    };
    let answer = extension
        .call_tool(log.behind(call_within(limits)), "t", "{}")
        .await;
    assert_eq!(answer.expect("an answer"), "{}");
    let lines = log.0.lock().expect("nobody panics with the lock").clone();
    // Each costs 64 bytes besides its own. Ten whole messages, the beginning of the eleventh, and the line that says so.
    assert_eq!(lines.len(), 12);
    assert_eq!(lines[10].2.len(), 50);
    assert!(lines[11].2.contains("limits.log_bytes"), "{}", lines[11].2);
}

#[tokio::test]
async fn a_flood_of_empty_log_messages_is_cut_off_too() {
    let guest = Guest::with_tool(
        "(loop $l
            (call $log (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $l (i32.lt_u (local.get $i) (i32.const 50000))))
         (call $text (i32.const 0) (i32.const 2))",
    );
    let extension = guest.load(&runtime()).await;
    let log = Arc::new(Kept::default());
    let answer = extension.call_tool(log.behind(call()), "t", "{}").await;
    assert_eq!(answer.expect("an answer"), "{}");
    // 256 KiB of lines that cost 64 bytes each, and the one that says that the rest is missing.
    let lines = log.0.lock().expect("nobody panics with the lock").len();
    assert_eq!(lines, 4097);
}

#[tokio::test]
async fn a_guest_that_traps_fails_its_own_call_only() {
    assert_crashes(Guest::with_tool("(unreachable)"), "unreachable").await;
}

#[tokio::test]
async fn endless_recursion_ends_at_the_stack() {
    let guest = Guest {
        fields: "(func $again (call $again) (call $again))",
        call_tool: "(call $again) (unreachable)",
        ..Guest::default()
    };
    assert_crashes(guest, "stack").await;
}

#[tokio::test]
async fn a_result_outside_of_memory_is_a_crash() {
    let guest = Guest::with_tool("(call $text (i32.const -16) (i32.const 1000))");
    assert_crashes(guest, "out of bounds").await;
}

#[tokio::test]
async fn a_panicking_host_capability_fails_that_call_only() {
    let guest = Guest::with_tool(
        "(call $caller-log (i32.const 48) (i32.const 4) (i32.const 0) (i32.const 2))
         (call $text (i32.const 0) (i32.const 2))",
    );
    // With one slot: whatever a call kept would be missing in the next one.
    let runtime = runtime_of(RuntimeConfig {
        slots: 1,
        ..RuntimeConfig::default()
    });
    let extension = guest.load(&runtime).await;
    for mode in Mode::ALL {
        let port = Arc::new(Panicking);
        let mut bad = Call { mode, ..call() };
        bad.caller = port.clone();
        let error = extension
            .call_tool(bad, "t", "{}")
            .await
            .expect_err("a panic");
        assert_eq!(error, CallError::Host("it panicked: log panics".into()));
        assert_eq!(Arc::strong_count(&port), 1, "the instance is gone");
        let answer = extension.call_tool(call(), "t", "{}").await;
        assert_eq!(answer.expect("an answer"), "{}");
    }
}
