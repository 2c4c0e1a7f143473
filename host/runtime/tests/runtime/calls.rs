//! What calls give, what ends them, and what they leave behind.

use std::sync::Arc;
use std::time::Duration;

use koi_runtime::{Call, CallError, GuestErrorKind, Limits, Mode, RuntimeConfig};

use crate::guest::{Guest, runtime, runtime_of};
use crate::ports::{Kept, Waiting, call, call_within};

/// Forgets `orn:test.thing:one` and hands on what the host says.
const FORGET: &str =
    "(call $forget (i32.const 16) (i32.const 18) (i32.const 1024)) (i32.const 1024)";

/// The same in a tool, whose success carries a text: two bytes at address 0.
const FORGET_TOOL: &str = "(call $forget (i32.const 16) (i32.const 18) (i32.const 1024))
    (if (result i32) (i32.load8_u (i32.const 1024))
        (then (i32.const 1024))
        (else (call $text (i32.const 0) (i32.const 2))))";

#[tokio::test]
async fn a_tool_answers_with_what_it_was_given() {
    let extension = Guest::default().load(&runtime()).await;
    let answer = extension.call_tool(call(), "echo", r#"{"a":1}"#).await;
    assert_eq!(answer.expect("an answer"), r#"{"a":1}"#);
    assert_eq!(extension.list_tools(call()).await.expect("a list"), "[]");
    extension.start(call()).await.expect("a start");
    extension.stop(call()).await.expect("a stop");
}

#[tokio::test]
async fn an_interface_that_is_not_exported_is_named() {
    let extension = Guest::default().load(&runtime()).await;
    let error = extension
        .list_resources(call())
        .await
        .expect_err("no resources");
    assert_eq!(error, CallError::NotExported("resources"));
}

#[tokio::test]
async fn nothing_in_memory_survives_a_call() {
    // Counts in a global and gives as many characters.
    let guest = Guest {
        fields: "(global $calls (mut i32) (i32.const 0))",
        call_tool: "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
                    (call $text (i32.const 0) (global.get $calls))",
        ..Guest::default()
    };
    let extension = guest.load(&runtime()).await;
    for _ in 0..3 {
        let answer = extension.call_tool(call(), "count", "{}").await;
        assert_eq!(answer.expect("an answer"), "{");
    }
}

#[tokio::test]
async fn a_failure_of_the_guest_keeps_its_kind_and_its_words() {
    let kinds = [
        GuestErrorKind::Transient,
        GuestErrorKind::Permanent,
        GuestErrorKind::InvalidInput,
        GuestErrorKind::Denied,
    ];
    // The length of the name is the kind.
    let guest = Guest::with_tool(
        "(call $fail (local.get $name-len) (local.get $args) (local.get $args-len))",
    );
    let extension = guest.load(&runtime()).await;
    for (length, kind) in kinds.into_iter().enumerate() {
        let answer = extension
            .call_tool(call(), &"x".repeat(length), "why")
            .await;
        let Err(CallError::Guest(error)) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(error.kind, kind);
        assert_eq!(error.message, "why");
        assert_eq!(CallError::from(error).is_transient(), length == 0);
    }
}

#[tokio::test]
async fn a_job_is_done_where_it_is_exported() {
    let none = Guest::default().load(&runtime()).await;
    let absent = none.run_job(call(), "fetch", "{}").await;
    assert!(
        matches!(absent, Err(CallError::NotExported("schedule"))),
        "{absent:?}"
    );
    let guest = Guest {
        exports: r#"(func $run-job (param "name" string) (param "run" string)
                        (result (result string (error $error)))
                        (canon lift (core func $main "call-tool") (memory $memory) (realloc $realloc)))
                    (instance $schedule (export "run-job" (func $run-job)))
                    (export "koi:extension/schedule@0.1.0" (instance $schedule))"#,
        ..Guest::default()
    };
    let extension = guest.load(&runtime()).await;
    assert!(extension.exports().schedule && !none.exports().schedule);
    let run = r#"{"attempt":1}"#;
    let answer = extension.run_job(call(), "fetch", run).await;
    assert_eq!(answer.expect("an answer"), run);
}

#[tokio::test]
async fn describe_is_granted_nothing() {
    let guest = Guest {
        start: FORGET,
        describe: "(call $forget (i32.const 16) (i32.const 18) (i32.const 1024))
                   (call $text (i32.load (i32.const 1040)) (i32.load (i32.const 1044)))",
        ..Guest::default()
    };
    let extension = guest.load(&runtime()).await;
    let message = extension
        .describe()
        .await
        .expect("the message of the denial");
    assert!(message.contains("describes itself"), "{message}");
    let error = extension.start(call()).await.expect_err("denied");
    let CallError::Guest(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.kind, GuestErrorKind::Denied);
}

#[tokio::test]
async fn a_denial_without_a_place_for_it_ends_the_call() {
    let guest = Guest::with_tool("(call $this-node (i32.const 1024)) (call $done)");
    let extension = guest.load(&runtime()).await;
    let error = extension
        .call_tool(call(), "t", "{}")
        .await
        .expect_err("denied");
    let CallError::Guest(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.kind, GuestErrorKind::Denied);
    assert!(
        error.message.contains("capability=network"),
        "{}",
        error.message
    );
}

/// Opens the bucket `info` and has the kind of the error, `access-denied`, in memory.
const OPEN: &str = "(call $open (i32.const 48) (i32.const 4) (i32.const 1100))";

#[tokio::test]
async fn a_denial_that_the_interface_has_no_words_for_is_in_the_log_and_with_the_failure() {
    let call_tool =
        format!("{OPEN} {OPEN} (call $fail (i32.const 1) (local.get $args) (local.get $args-len))");
    let extension = Guest::with_tool(call_tool.leak()).load(&runtime()).await;
    let log = Arc::new(Kept::default());
    let said = "w".repeat(10_000);
    let error = extension
        .call_tool(log.behind(call()), "t", &said)
        .await
        .expect_err("it failed")
        .to_string();
    let told = error.matches("not granted: capability=keyvalue").count();
    assert!(error.starts_with("www") && told == 1, "{error}");
    let lines = log.0.lock().expect("nobody panics with the lock").clone();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].2.contains("capability=keyvalue"), "{lines:?}");
}

#[tokio::test]
async fn what_a_guest_says_of_its_failure_is_one_line_of_bounded_length() {
    let guest =
        Guest::with_tool("(call $fail (i32.const 1) (local.get $args) (local.get $args-len))");
    let extension = guest.load(&runtime()).await;
    let said = format!("first\nERROR forged\u{1b}[2J{}", "é".repeat(100_000));
    let error = extension
        .call_tool(call(), "t", &said)
        .await
        .expect_err("it failed");
    let error = error.to_string();
    assert!(
        error.starts_with("first ERROR forged [2J"),
        "{}",
        &error[..40]
    );
    assert!(error.len() <= 4096, "{}", error.len());
}

#[tokio::test]
async fn a_rid_that_is_none_never_reaches_the_port() {
    let guest = Guest {
        start: "(call $forget (i32.const 48) (i32.const 4) (i32.const 1024)) (i32.const 1024)",
        ..Guest::default()
    };
    let extension = guest.load(&runtime()).await;
    let error = extension.start(call()).await.expect_err("no RID");
    let CallError::Guest(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.kind, GuestErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_guest_that_waits_for_its_port_goes_on_when_it_answers() {
    let extension = Guest::with_tool(FORGET_TOOL).load(&runtime()).await;
    let port = Arc::new(Waiting::default());
    let mut waiting = call();
    Arc::make_mut(&mut waiting.ports).knowledge = port.clone();
    let running = tokio::spawn(async move { extension.call_tool(waiting, "t", "{}").await });
    port.reached.notified().await;
    port.release.notify_one();
    let answer = running.await.expect("no panic").expect("an answer");
    assert_eq!(answer, "{}");
}

#[tokio::test]
async fn a_guest_that_waits_too_long_is_stopped_by_the_wall_limit() {
    let extension = Guest::with_tool(FORGET_TOOL).load(&runtime()).await;
    let mut waiting = call_within(Limits {
        wall: Duration::from_millis(50),
        ..Limits::default()
    });
    Arc::make_mut(&mut waiting.ports).knowledge = Arc::new(Waiting::default());
    let error = extension
        .call_tool(waiting, "t", "{}")
        .await
        .expect_err("too long");
    let text = error.to_string();
    assert!(
        text.contains("50 ms") && text.contains("limits.wall"),
        "{text}"
    );
}

#[tokio::test]
async fn a_caller_who_goes_away_takes_the_instance_with_them() {
    let extension = Guest::with_tool(FORGET_TOOL).load(&runtime()).await;
    for mode in [Mode::Fresh, Mode::Pooled] {
        let port = Arc::new(Waiting::default());
        let mut waiting = Call { mode, ..call() };
        Arc::make_mut(&mut waiting.ports).knowledge = port.clone();
        let extension = extension.clone();
        let running = tokio::spawn(async move { extension.call_tool(waiting, "t", "{}").await });
        port.reached.notified().await;
        assert_eq!(Arc::strong_count(&port), 2, "the instance holds the port");
        running.abort();
        assert!(running.await.expect_err("cancelled").is_cancelled());
        assert_eq!(Arc::strong_count(&port), 1, "the instance is gone");
    }
}

#[tokio::test]
async fn calls_wait_for_a_slot_and_are_told_when_none_becomes_free() {
    let runtime = runtime_of(RuntimeConfig {
        slots: 1,
        ..RuntimeConfig::default()
    });
    let blocking = Guest::with_tool(FORGET_TOOL).load(&runtime).await;
    let quick = Guest::default().load(&runtime).await;
    let port = Arc::new(Waiting::default());
    let mut waiting = call_within(Limits {
        wall: Duration::from_secs(3600),
        ..Limits::default()
    });
    Arc::make_mut(&mut waiting.ports).knowledge = port.clone();
    let running = tokio::spawn(async move { blocking.call_tool(waiting, "t", "{}").await });
    port.reached.notified().await;

    let hurried = call_within(Limits {
        wall: Duration::from_millis(50),
        ..Limits::default()
    });
    let error = quick
        .call_tool(hurried, "t", "{}")
        .await
        .expect_err("no slot");
    assert!(matches!(error, CallError::Overloaded(_)), "{error}");
    assert!(error.is_transient());

    let queued = tokio::spawn(async move { quick.call_tool(call(), "t", "[]").await });
    tokio::task::yield_now().await;
    port.release.notify_one();
    assert_eq!(running.await.expect("no panic").expect("an answer"), "{}");
    assert_eq!(queued.await.expect("no panic").expect("an answer"), "[]");
}

#[tokio::test]
async fn a_log_message_arrives_with_its_level_and_context() {
    let guest = Guest::with_tool(
        "(call $log (i32.const 3) (i32.const 48) (i32.const 4) (local.get $args) (local.get $args-len))
         (call $text (i32.const 0) (i32.const 2))",
    );
    let extension = guest.load(&runtime()).await;
    let log = Arc::new(Kept::default());
    let answer = extension.call_tool(log.behind(call()), "t", "hello").await;
    answer.expect("an answer");
    let lines = log.0.lock().expect("nobody panics with the lock").clone();
    let expected = (
        koi_runtime::ports::Level::Warn,
        "info".to_owned(),
        "hello".to_owned(),
    );
    assert_eq!(lines, [expected]);
}
