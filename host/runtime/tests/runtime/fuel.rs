//! Where instructions are counted, a call ends at the same one each time.

use std::path::Path;

use koi_runtime::{
    Call, CallError, Called, Extension, Limits, Mode, Recording, ReplayError, Runtime,
    RuntimeConfig,
};

use crate::guest::{Guest, runtime, runtime_of};
use crate::ports::{call, call_within};

/// Logs for as long as it may.
const LOGGING: &str = "
    (loop $l
      (call $log (i32.const 2) (i32.const 48) (i32.const 4) (local.get $args) (local.get $args-len))
      (br $l))
    (unreachable)";

const FUEL: u64 = 5_000;

fn counting(cache: Option<&Path>) -> Runtime {
    runtime_of(RuntimeConfig {
        cache_dir: cache.map(Path::to_owned),
        slots: 4,
        fuel: true,
        ..RuntimeConfig::default()
    })
}

fn with_fuel(fuel: u64) -> Call {
    call_within(Limits {
        fuel,
        ..Limits::default()
    })
}

fn tool() -> Called {
    Called::Tool {
        name: "t".to_owned(),
        arguments: "{}".to_owned(),
    }
}

async fn recorded(extension: &Extension) -> Recording {
    let recording = extension.record(with_fuel(FUEL), tool()).await;
    recording.expect("a recording")
}

#[tokio::test]
async fn a_call_ends_at_its_limit_of_instructions_in_each_mode_and_the_next_one_has_all_of_them() {
    let runtime = counting(None);
    let spinning = Guest::with_tool("(loop $l (br $l)) (unreachable)");
    let spinning = spinning.load(&runtime).await;
    let quick = Guest::default().load(&runtime).await;
    for mode in [Mode::Fresh, Mode::Pooled, Mode::Singleton] {
        let call = |fuel| Call {
            mode,
            ..with_fuel(fuel)
        };
        let end = spinning.call_tool(call(1_000_000), "t", "{}").await;
        let expected = CallError::Limit {
            limit: "fuel",
            value: "1000000 instructions".to_owned(),
            setting: "limits.fuel",
        };
        assert_eq!(end, Err(expected), "{mode:?}");
        // Less than two of them need.
        for _ in 0..3 {
            let answer = quick.call_tool(call(FUEL), "t", "{}").await;
            assert_eq!(answer.as_deref(), Ok("{}"), "{mode:?}");
        }
    }
}

#[tokio::test]
async fn a_call_that_ran_out_of_instructions_does_so_at_the_same_step_in_its_replay() {
    let extension = Guest::with_tool(LOGGING).load(&counting(None)).await;
    let recording = recorded(&extension).await;
    assert!(recording.steps.len() > 20, "{recording:?}");
    assert_eq!(recorded(&extension).await, recording);
    let read = Recording::parse(recording.to_json().as_bytes()).expect("a recording");
    let again = Guest::with_tool(LOGGING).load(&counting(None)).await;
    let replayed = again.replay(&read).await.expect("a replay");
    assert_eq!(replayed.divergence, None);
}

#[tokio::test]
async fn a_limit_that_is_not_counted_is_no_limit_that_is_ignored() {
    let counted = Guest::with_tool(LOGGING).load(&counting(None)).await;
    let recording = recorded(&counted).await;
    let extension = Guest::default().load(&runtime()).await;
    let refused = extension.call_tool(with_fuel(FUEL), "t", "{}").await;
    assert_eq!(refused, Err(CallError::Uncounted));
    let refused = extension.replay(&recording).await;
    assert_eq!(refused, Err(ReplayError::Call(CallError::Uncounted)));
    let told = CallError::Uncounted.to_string();
    assert!(told.contains("`runtime.fuel = true`"), "{told}");
}

#[tokio::test]
async fn code_that_counts_and_code_that_does_not_are_kept_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = || {
        runtime_of(RuntimeConfig {
            cache_dir: Some(folder.path().to_owned()),
            slots: 4,
            ..RuntimeConfig::default()
        })
    };
    for _ in 0..2 {
        let answer = Guest::default().load(&plain()).await;
        let answer = answer.call_tool(call(), "t", "[]").await;
        assert_eq!(answer.as_deref(), Ok("[]"));
        let counted = Guest::default().load(&counting(Some(folder.path()))).await;
        let answer = counted.call_tool(with_fuel(FUEL), "t", "[]").await;
        assert_eq!(answer.as_deref(), Ok("[]"));
        let out = counted.call_tool(with_fuel(1), "t", "[]").await;
        assert!(matches!(out, Err(CallError::Limit { .. })), "{out:?}");
    }
    let entries = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(entries, 2);
}
