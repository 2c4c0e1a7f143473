use std::sync::Mutex as Lock;

use super::*;

const SOON: Duration = Duration::from_secs(60);

fn want(mode: Mode) -> Want {
    Want {
        count: 1,
        concurrent: 100,
        queue: 100,
        mode,
        rank: Rank::Ordinary,
    }
}

fn fresh() -> Want {
    want(Mode::Fresh)
}

async fn enter(share: &Share<u32>, want: Want) -> Place<u32> {
    share
        .enter(want, Instant::now() + SOON)
        .await
        .expect("a place")
}

/// Lets all that is ready go on.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

fn free(slots: &Slots<u32>) -> u32 {
    slots.lock().free
}

#[tokio::test]
async fn a_place_is_free_again_when_it_is_dropped() {
    let slots = Slots::new(4);
    let share = slots.share();
    let place = enter(&share, fresh()).await;
    assert_eq!(free(&slots), 3);
    drop(place);
    assert_eq!(free(&slots), 4);
}

#[tokio::test]
async fn what_is_used_is_counted_by_those_who_work_and_those_who_wait() {
    let slots = Slots::new(4);
    let share = slots.share();
    let used = |running, warm| Usage {
        slots: 4,
        running,
        warm,
    };
    let place = enter(&share, want(Mode::Pooled)).await;
    assert_eq!(slots.usage(), used(1, 0));
    place.keep(7, Mode::Pooled, Instant::now());
    assert_eq!(slots.usage(), used(0, 1));
    drop(share);
    assert_eq!(slots.usage(), used(0, 0));
}

#[tokio::test]
async fn queues_are_served_in_turns_whoever_came_first() {
    let slots = Slots::new(1);
    let shares: Vec<_> = (0..3).map(|_| Arc::new(slots.share())).collect();
    let blocking = enter(&shares[2], fresh()).await;
    let order = Arc::new(Lock::new(Vec::new()));
    // Three calls of the first extension wait before the second one's only call.
    let tasks: Vec<_> = [0, 0, 0, 1]
        .into_iter()
        .map(|who: usize| {
            let (share, order) = (shares[who].clone(), order.clone());
            tokio::spawn(async move {
                let _place = enter(&share, fresh()).await;
                order.lock().unwrap().push(who);
            })
        })
        .collect();
    settle().await;
    drop(blocking);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 0, 0]);
}

#[tokio::test]
async fn a_large_call_is_not_overtaken_by_small_ones() {
    let slots = Slots::new(4);
    let (large, small) = (slots.share(), slots.share());
    let first = enter(&small, fresh()).await;
    let second = enter(&small, fresh()).await;
    let large_want = Want {
        count: 3,
        ..fresh()
    };
    let mut waiting = std::pin::pin!(enter(&large, large_want));
    assert!(futures_now(waiting.as_mut()).await.is_none());
    let mut late = std::pin::pin!(enter(&small, fresh()));
    assert!(
        futures_now(late.as_mut()).await.is_none(),
        "there are two free"
    );
    drop((first, second));
    drop(waiting.await);
    late.await;
}

/// The outcome of a future that is ready.
async fn futures_now<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    tokio::select! {
        biased;
        done = future => Some(done),
        () = std::future::ready(()) => None,
    }
}

#[tokio::test]
async fn calls_that_wait_for_their_own_extension_hold_up_nobody() {
    let slots = Slots::new(8);
    let (busy, other) = (slots.share(), slots.share());
    let one = Want {
        concurrent: 1,
        ..fresh()
    };
    let _running = enter(&busy, one).await;
    let mut waiting = std::pin::pin!(enter(&busy, one));
    assert!(futures_now(waiting.as_mut()).await.is_none());
    let mut entered = std::pin::pin!(enter(&other, fresh()));
    assert!(futures_now(entered.as_mut()).await.is_some());
}

#[tokio::test]
async fn a_quarter_of_the_slots_is_left_to_others() {
    let slots = Slots::new(8);
    let (greedy, other) = (slots.share(), slots.share());
    let mut places = Vec::new();
    for _ in 0..6 {
        places.push(enter(&greedy, fresh()).await);
    }
    let mut more = std::pin::pin!(enter(&greedy, fresh()));
    assert!(futures_now(more.as_mut()).await.is_none());
    drop(enter(&other, fresh()).await);
}

#[tokio::test]
async fn a_warm_instance_is_found_by_its_mode_and_given_up_for_whoever_waits() {
    let slots = Slots::new(2);
    let (warm, other) = (slots.share(), slots.share());
    enter(&warm, want(Mode::Pooled))
        .await
        .keep(7, Mode::Pooled, Instant::now());
    assert_eq!(enter(&warm, fresh()).await.warm, None);
    let mut place = enter(&warm, want(Mode::Pooled)).await;
    assert_eq!(place.warm.take(), Some(7));
    place.keep(8, Mode::Pooled, Instant::now());
    assert_eq!(free(&slots), 1);
    let both = Want {
        count: 2,
        ..fresh()
    };
    let place = enter(&other, both).await;
    assert_eq!(free(&slots), 0);
    drop(place);
    assert_eq!(enter(&warm, want(Mode::Pooled)).await.warm, None);
}

#[tokio::test]
async fn a_singleton_is_not_given_up() {
    let slots = Slots::new(1);
    let (single, other) = (slots.share(), slots.share());
    let place = enter(&single, want(Mode::Singleton)).await;
    place.keep(7, Mode::Singleton, Instant::now());
    slots.sweep(Duration::ZERO);
    let mut waiting = std::pin::pin!(enter(&other, fresh()));
    assert!(futures_now(waiting.as_mut()).await.is_none());
    assert_eq!(enter(&single, want(Mode::Singleton)).await.warm, Some(7));
    drop(single);
    waiting.await;
}

#[tokio::test]
async fn what_is_not_used_is_swept_up() {
    let slots = Slots::new(2);
    let share = slots.share();
    enter(&share, want(Mode::Pooled))
        .await
        .keep(7, Mode::Pooled, Instant::now());
    slots.sweep(SOON);
    assert_eq!(free(&slots), 1);
    slots.sweep(Duration::ZERO);
    assert_eq!(free(&slots), 2);
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_its_queue_and_its_place() {
    let slots = Slots::new(1);
    let share = slots.share();
    let place = enter(&share, fresh()).await;
    {
        let mut waiting = std::pin::pin!(enter(&share, fresh()));
        assert!(futures_now(waiting.as_mut()).await.is_none());
    }
    {
        let mut waiting = std::pin::pin!(enter(&share, fresh()));
        assert!(futures_now(waiting.as_mut()).await.is_none());
        // It is let in and goes without having heard of it.
        drop(place);
    }
    assert_eq!(free(&slots), 1);
    assert!(slots.lock().turns.is_empty());
}

#[tokio::test]
async fn who_waits_in_vain_is_told_which_bound_it_was_and_its_value() {
    let slots = Slots::new(4);
    let (own, other) = (slots.share(), slots.share());
    let told = async |share: &Share<u32>, want: Want| {
        let refused = share.enter(want, Instant::now()).await;
        refused.err().expect("no place").to_string()
    };
    let few = |concurrent| Want {
        concurrent,
        ..fresh()
    };
    let mut places = vec![enter(&own, fresh()).await];
    let by_limit = told(&own, few(1)).await;
    assert!(
        by_limit.contains("1 calls at a time (setting `limits.concurrent`)"),
        "{by_limit}"
    );
    let by_mode = told(
        &own,
        Want {
            concurrent: 1,
            ..want(Mode::Singleton)
        },
    )
    .await;
    assert!(by_mode.contains("mode `singleton`"), "{by_mode}");
    places.extend([enter(&own, fresh()).await, enter(&own, fresh()).await]);
    let for_others = told(&own, fresh()).await;
    assert!(
        for_others.contains("3 calls at a time") && for_others.contains("`runtime.slots`"),
        "{for_others}"
    );
    places.push(enter(&other, fresh()).await);
    let by_room = told(&other, fresh()).await;
    assert!(
        by_room.contains("all 4 instances (setting `runtime.slots`)"),
        "{by_room}"
    );
}

#[tokio::test]
async fn who_comes_first_goes_before_all_that_wait_however_many_these_are() {
    let slots = Slots::new(4);
    let share = slots.share();
    let one = Want {
        concurrent: 1,
        queue: 1,
        ..want(Mode::Singleton)
    };
    let running = enter(&share, one).await;
    let mut waiting = std::pin::pin!(enter(&share, one));
    assert!(futures_now(waiting.as_mut()).await.is_none());
    let first = Want {
        rank: Rank::First,
        ..one
    };
    let mut holding = std::pin::pin!(enter(&share, first));
    assert!(futures_now(holding.as_mut()).await.is_none());
    running.keep(7, Mode::Singleton, Instant::now());
    let held = futures_now(holding.as_mut()).await.expect("a place");
    assert_eq!(held.warm, Some(7));
    assert!(futures_now(waiting.as_mut()).await.is_none(), "it is held");
    drop(held);
    assert!(futures_now(waiting.as_mut()).await.is_some());
}

#[tokio::test]
async fn who_waits_is_told_of_a_successor_and_only_the_last_call_goes_in_then() {
    let slots = Slots::new(4);
    let share = slots.share();
    let one = Want {
        concurrent: 1,
        ..want(Mode::Singleton)
    };
    let later = Instant::now() + SOON;
    let held = enter(&share, one).await;
    let mut waiting = std::pin::pin!(share.enter(one, later));
    assert!(futures_now(waiting.as_mut()).await.is_none());
    let last = Want {
        rank: Rank::Last,
        ..one
    };
    let mut ending = std::pin::pin!(enter(&share, last));
    assert!(futures_now(ending.as_mut()).await.is_none());
    share.supersede();
    let told = waiting.await.map(drop);
    assert_eq!(told, Err(CallError::Superseded));
    let told = share.enter(one, later).await.map(drop);
    assert_eq!(told, Err(CallError::Superseded));
    drop(held);
    let ended = futures_now(ending.as_mut()).await.expect("a place");
    drop(ended);
    assert_eq!(free(&slots), 4);
}
