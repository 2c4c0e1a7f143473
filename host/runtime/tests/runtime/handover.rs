//! What a singleton keeps goes on in another revision, with the calls that waited; and one that crashes
//! again and again is not called for a while.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use koi_runtime::{Call, CallError, Extension, Mode};
use tokio::task::JoinHandle;

use crate::guest::{Guest, runtime};
use crate::modes::{counter, loaded};
use crate::ports::{Kept, Saved, Waiting, call};

/// A counter that does not go on from any state.
fn refusing() -> Guest {
    Guest {
        fields: r#"(func (export "save") (result i32)
                (call $text (i32.const 512) (i32.const 4)))
            (func (export "load") (param i32 i32) (result i32)
                (call $fail (i32.const 1) (i32.const 16) (i32.const 18)))"#,
        call_tool: "(call $text (i32.const 0) (i32.const 2))",
        ..counter()
    }
}

/// A counter whose state cannot be saved.
fn unsaved() -> Guest {
    Guest {
        fields: r#"(global $calls (mut i32) (i32.const 0))
            (func (export "save") (result i32)
                (call $fail (i32.const 1) (i32.const 16) (i32.const 18)))
            (func (export "load") (param i32 i32) (result i32) (call $done))"#,
        ..counter()
    }
}

fn saving(saved: &Arc<Saved>) -> Call {
    let mut call = Call {
        mode: Mode::Singleton,
        ..call()
    };
    Arc::make_mut(&mut call.ports).saved_state = saved.clone();
    call
}

async fn count(extension: &Extension, call: Call) -> Result<usize, CallError> {
    let answer = extension.call_tool(call, "t", "{}").await?;
    Ok(answer.len())
}

fn counting(extension: &Extension, saved: &Arc<Saved>) -> JoinHandle<Result<usize, CallError>> {
    let (extension, call) = (extension.clone(), saving(saved));
    tokio::spawn(async move { count(&extension, call).await })
}

/// Begins a call that waits until it is released.
async fn busy(
    extension: &Extension,
    saved: &Arc<Saved>,
) -> (Arc<Waiting>, JoinHandle<Result<String, CallError>>) {
    let port = Arc::new(Waiting::default());
    let mut call = saving(saved);
    Arc::make_mut(&mut call.ports).knowledge = port.clone();
    let extension = extension.clone();
    let running = tokio::spawn(async move { extension.call_tool(call, "forget", "{}").await });
    port.reached.notified().await;
    (port, running)
}

/// Lets all that can go on do so.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_state_goes_on_in_another_revision_with_the_calls_that_waited() {
    let runtime = runtime();
    let (old, new) = (
        loaded(&runtime).await,
        loaded(&runtime).await.bind(NonZero::<u32>::MIN),
    );
    // Nothing is saved but what the handover saves.
    let old = old.bind(NonZero::new(1000).expect("a thousand"));
    let saved = Arc::new(Saved::default());
    for expected in 1..=3 {
        assert_eq!(count(&old, saving(&saved)).await, Ok(expected));
    }
    let (port, running) = busy(&old, &saved).await;
    let waiting = [counting(&old, &saved), counting(&old, &saved)];
    settle().await;
    let holding = {
        let (old, call) = (old.clone(), saving(&saved));
        tokio::spawn(async move { old.hold(call).await })
    };
    settle().await;
    assert!(!holding.is_finished(), "the running call has not ended");
    port.release.notify_one();
    let held = holding
        .await
        .expect("no panic")
        .expect("the calls are held");
    assert_eq!(
        running.await.expect("no panic").map(|text| text.len()),
        Ok(4)
    );
    let state = held.state().expect("a state").to_vec();
    assert_eq!(state, 4u32.to_le_bytes());
    assert_eq!(
        saved.0.lock().expect("nobody panics with the lock").0,
        Some(state.clone()),
        "whatever happens now, it is saved"
    );
    new.take_up(saving(&saved), state).await.expect("taken up");
    let late = counting(&old, &saved);
    settle().await;
    held.supersede();
    for call in waiting.into_iter().chain([late]) {
        assert_eq!(call.await.expect("no panic"), Err(CallError::Superseded));
    }
    assert_eq!(
        count(&old, saving(&saved)).await,
        Err(CallError::Superseded)
    );
    assert_eq!(count(&new, saving(&saved)).await, Ok(5));
    old.stop(saving(&saved))
        .await
        .expect("the old one still stops");
}

#[tokio::test]
async fn calls_that_were_held_go_on_where_they_were_when_nothing_comes_of_it() {
    let runtime = runtime();
    let (old, new) = (loaded(&runtime).await, refusing().load(&runtime).await);
    let saved = Arc::new(Saved::default());
    assert_eq!(count(&old, saving(&saved)).await, Ok(1));
    let held = old.hold(saving(&saved)).await.expect("the calls are held");
    let waiting = counting(&old, &saved);
    settle().await;
    assert!(!waiting.is_finished(), "it is held");
    let state = held.state().expect("a state").to_vec();
    let refused = new
        .take_up(saving(&saved), state)
        .await
        .expect_err("refused");
    let text = refused.to_string();
    assert!(
        text.contains("does not take up its saved state") && text.contains("orn:test.thing:one"),
        "{text}"
    );
    drop(held);
    assert_eq!(waiting.await.expect("no panic"), Ok(2));
    assert_eq!(count(&old, saving(&saved)).await, Ok(3));
}

#[tokio::test]
async fn a_state_that_cannot_be_saved_is_not_handed_over() {
    let extension = unsaved().load(&runtime()).await;
    let saved = Arc::new(Saved::default());
    assert_eq!(count(&extension, saving(&saved)).await, Ok(1));
    let refused = extension.hold(saving(&saved)).await.map(drop);
    let text = refused.expect_err("refused").to_string();
    assert!(text.contains("orn:test.thing:one"), "{text}");
    assert_eq!(count(&extension, saving(&saved)).await, Ok(2));
}

#[tokio::test]
async fn without_an_instance_the_state_is_what_was_saved_last() {
    let extension = loaded(&runtime()).await;
    let saved = Arc::new(Saved::default());
    let held = extension.hold(saving(&saved)).await.expect("held");
    assert_eq!(held.state(), None, "nothing was saved yet");
    drop(held);
    assert_eq!(count(&extension, saving(&saved)).await, Ok(1));
    let crash = extension.call_tool(saving(&saved), "crash", "{}").await;
    assert!(matches!(crash, Err(CallError::Trap(_))), "{crash:?}");
    let held = extension.hold(saving(&saved)).await.expect("held");
    assert_eq!(held.state(), Some(&1u32.to_le_bytes()[..]));
}

#[tokio::test]
async fn a_call_that_never_ends_is_waited_for_no_longer_than_a_call_may_take() {
    let extension = loaded(&runtime()).await;
    let saved = Arc::new(Saved::default());
    let (port, running) = busy(&extension, &saved).await;
    let mut hurried = saving(&saved);
    hurried.limits.wall = Duration::from_millis(50);
    let refused = extension.hold(hurried).await.map(drop);
    let refused = refused.expect_err("the call runs on");
    assert!(matches!(refused, CallError::Overloaded(_)), "{refused:?}");
    port.release.notify_one();
    assert!(running.await.expect("no panic").is_ok());
    assert_eq!(count(&extension, saving(&saved)).await, Ok(2));
}

#[tokio::test]
async fn what_crashes_again_and_again_is_not_called_for_a_while_and_says_until_when() {
    let extension = loaded(&runtime()).await;
    let saved = Arc::new(Saved::default());
    assert_eq!(count(&extension, saving(&saved)).await, Ok(1));
    let crash = async || extension.call_tool(saving(&saved), "crash", "{}").await;
    for _ in 0..2 {
        let crashed = crash().await;
        assert!(matches!(crashed, Err(CallError::Trap(_))), "{crashed:?}");
    }
    let refused = count(&extension, saving(&saved)).await;
    let Err(CallError::Unavailable {
        reason,
        retry_after,
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert!(reason.contains("failed 2 times in a row"), "{reason}");
    assert!(retry_after <= Duration::from_millis(100), "{retry_after:?}");
    tokio::time::sleep(retry_after).await;
    assert_eq!(
        count(&extension, saving(&saved)).await,
        Ok(2),
        "from its state"
    );
    let crashed = crash().await;
    assert!(matches!(crashed, Err(CallError::Trap(_))), "{crashed:?}");
    assert_eq!(
        count(&extension, saving(&saved)).await,
        Ok(3),
        "after an answer a crash is the first one again"
    );
}

#[tokio::test]
async fn a_state_that_is_refused_is_a_crash_and_a_limit_is_none() {
    let runtime = runtime();
    let saved = Arc::new(Saved::default());
    let extension = loaded(&runtime).await;
    assert_eq!(count(&extension, saving(&saved)).await, Ok(1));
    for _ in 0..3 {
        let mut spin = saving(&saved);
        spin.limits.cpu = Duration::from_millis(20);
        let end = extension.call_tool(spin, "spin", "{}").await;
        assert!(matches!(end, Err(CallError::Limit { .. })), "{end:?}");
    }
    assert_eq!(count(&extension, saving(&saved)).await, Ok(2));
    let refusing = refusing().load(&runtime).await;
    for _ in 0..2 {
        let refused = count(&refusing, saving(&saved)).await;
        assert!(matches!(refused, Err(CallError::Guest(_))), "{refused:?}");
    }
    let refused = count(&refusing, saving(&saved)).await;
    assert!(
        matches!(refused, Err(CallError::Unavailable { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_a_state_is_taken_up_from_reaches_only_the_ports_of_its_call() {
    let extension = loaded(&runtime()).await;
    let (log, saved) = (Arc::new(Kept::default()), Arc::new(Saved::default()));
    let state = 7u32.to_le_bytes().to_vec();
    let call = log.behind(saving(&saved));
    extension.take_up(call, state).await.expect("taken up");
    assert_eq!(count(&extension, saving(&saved)).await, Ok(8));
    assert_eq!(
        Arc::strong_count(&log),
        1,
        "the ports of that call are let go"
    );
}
