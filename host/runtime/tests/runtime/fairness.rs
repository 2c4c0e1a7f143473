//! Calls that take long do so on threads of their own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use koi_runtime::ports::{CallContext, Caller, PortError, nobody_to_ask};
use koi_runtime::{Call, Extension, Limits};
use tokio::sync::Notify;

use crate::guest::{Guest, runtime};
use crate::ports::{Threads, call};

/// Counts to as many as the length of its arguments says, in steps of four millions, and then tells
/// its caller so.
const COUNTING: &str = "(local.set $i (i32.mul (local.get $args-len) (i32.const 4000000)))
    (loop $l
        (local.set $i (i32.sub (local.get $i) (i32.const 1)))
        (br_if $l (i32.gt_s (local.get $i) (i32.const 0))))
    (call $caller-log (i32.const 48) (i32.const 4) (i32.const 0) (i32.const 2))
    (call $text (i32.const 0) (i32.const 2))";

/// On which thread a call of so many steps tells its caller something.
async fn thread_of(extension: &Extension, steps: usize) -> String {
    let threads = Arc::new(Threads::default());
    let mut call = call();
    call.caller = threads.clone();
    let answer = extension.call_tool(call, "t", &"x".repeat(steps)).await;
    answer.expect("an answer");
    let names = threads.0.lock().expect("nobody panics with the lock");
    names[0].clone()
}

const LONG: usize = 100;
const SLOW: &str = "koi-slow";

#[tokio::test]
async fn a_call_past_its_first_ticks_goes_on_in_the_slow_lane() {
    let extension = Guest::with_tool(COUNTING).load(&runtime()).await;
    assert_ne!(thread_of(&extension, 0).await, SLOW);
    assert_eq!(thread_of(&extension, LONG).await, SLOW);
    assert_ne!(thread_of(&extension, 0).await, SLOW);
}

#[tokio::test]
async fn an_extension_that_is_often_slow_begins_in_the_slow_lane_until_it_is_quick_again() {
    let extension = Guest::with_tool(COUNTING).load(&runtime()).await;
    for _ in 0..3 {
        thread_of(&extension, LONG).await;
    }
    assert_eq!(thread_of(&extension, 0).await, SLOW);
    for _ in 0..10 {
        thread_of(&extension, 0).await;
    }
    assert_ne!(thread_of(&extension, 0).await, SLOW);
}

/// A caller who tells when they are gone from a call.
struct Gone(Arc<Notify>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[async_trait]
impl Caller for Gone {
    fn who(&self, _: &CallContext) -> String {
        "{}".to_owned()
    }

    fn progress(&self, _: &CallContext, _: f64, _: Option<f64>, _: Option<String>) {}

    fn log(&self, _: &CallContext, _: &str, _: &str) {}

    async fn ask(&self, _: &CallContext, _: &str) -> Result<String, PortError> {
        Err(nobody_to_ask())
    }
}

#[tokio::test]
async fn a_caller_who_goes_away_ends_a_spinning_guest_in_the_slow_lane() {
    let spinning = Guest::with_tool("(loop $l (br $l)) (unreachable)");
    let extension = spinning.load(&runtime()).await;
    let gone = Arc::new(Notify::new());
    let mut call = Call {
        limits: Limits {
            cpu: Duration::from_secs(3600),
            wall: Duration::from_secs(3600),
            ..Limits::default()
        },
        ..call()
    };
    call.caller = Arc::new(Gone(gone.clone()));
    let hurried = tokio::time::timeout(
        Duration::from_millis(200),
        extension.call_tool(call, "t", "{}"),
    );
    hurried.await.expect_err("it spins");
    gone.notified().await;
}

#[tokio::test]
async fn quick_calls_answer_while_more_guests_spin_than_there_are_processors() {
    let runtime = runtime();
    let spinning = Guest::with_tool("(loop $l (br $l)) (unreachable)");
    let spinning = spinning.load(&runtime).await;
    let quick = Guest::default().load(&runtime).await;
    let limits = Limits {
        cpu: Duration::from_secs(3600),
        ..Limits::default()
    };
    let spins: Vec<_> = (0..8)
        .map(|_| {
            let (spinning, call) = (spinning.clone(), Call { limits, ..call() });
            tokio::spawn(async move { spinning.call_tool(call, "t", "{}").await })
        })
        .collect();
    for _ in 0..1000 {
        quick.call_tool(call(), "t", "{}").await.expect("an answer");
        tokio::task::yield_now().await;
    }
    assert!(spins.iter().all(|spin| !spin.is_finished()));
    for spin in spins {
        spin.abort();
        assert!(spin.await.expect_err("cancelled").is_cancelled());
    }
}
