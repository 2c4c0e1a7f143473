//! A fresh instance made before the call that gets it, where making one takes long.
//!
//! Half of what a Python guest's call takes in a fresh instance is making it and clearing it away. So
//! when an extension has answered a call and no other came for a moment, an instance is made in the slow
//! lane that no call has been in. It waits among the warm ones: whoever needs its slots gets them, and
//! it goes when nobody has called for a while. While calls follow each other none is made: it would be
//! the same work at another time, and two threads that map and unmap memory hold each other up (a
//! third more for each call of a Python guest, measured).
//!
//! It is what the call would have made itself, or it is dropped: one that asks the host for anything
//! while it is made may have got what it would not get in a call, and then none is made ahead any more.
//! What fails here fails again in the call, where somebody is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::bound::Bound;
use crate::limits::Limits;
use crate::live::Live;
use crate::slots::Place;
use crate::time::CallTime;
use crate::values::{Call, Mode};
use crate::work::Measured;

/// From here on it pays. A Rust guest takes a twentieth: what that saves a call is less than the other
/// thread costs.
const PAYS_FROM: Duration = Duration::from_micros(200);

/// How long no call has to have ended.
const QUIET: Duration = Duration::from_millis(5);

/// How long making an extension's instances takes, and what is being done about it.
#[derive(Default)]
pub(crate) struct Ahead {
    pays: AtomicBool,
    /// One could not be made, or asked the host for something meanwhile.
    never: AtomicBool,
    /// Whether somebody waits for a quiet moment.
    waiting: AtomicBool,
    /// Calls that have ended.
    ended: AtomicU64,
}

impl Ahead {
    /// Notes how long it took to make an instance.
    pub(crate) fn note(&self, took: Duration) {
        self.pays.store(took >= PAYS_FROM, Ordering::Relaxed);
    }

    /// Returns when no call has ended for a moment.
    async fn quiet(&self) {
        let mut ended = self.ended.load(Ordering::Relaxed);
        loop {
            tokio::time::sleep(QUIET).await;
            let now = self.ended.load(Ordering::Relaxed);
            if now == ended {
                return;
            }
            ended = now;
        }
    }
}

/// A call in a fresh instance has ended, and with it the instance: has one made for the next call, in a
/// moment, where that pays.
pub(crate) fn after_call(bound: &Arc<Bound>, limits: Limits) {
    let ahead = &bound.ahead;
    if !ahead.pays.load(Ordering::Relaxed)
        || ahead.never.load(Ordering::Relaxed)
        || limits.wants_fuel()
    {
        return;
    }
    ahead.ended.fetch_add(1, Ordering::Relaxed);
    if ahead.waiting.swap(true, Ordering::Relaxed) {
        return;
    }
    let bound = bound.clone();
    let shared = bound.code.shared.clone();
    shared.lanes.spawn(async move {
        bound.ahead.quiet().await;
        // From now on a call that ends has another one made, also one that gets this one at once.
        bound.ahead.waiting.store(false, Ordering::Relaxed);
        if let Some(place) = bound.share.set_aside(bound.code.slots) {
            let making = bound.clone();
            let made = Box::pin(async move { make(&making, limits, place).await });
            let made = Measured::new(made, limits.cpu, CallTime::start(&limits));
            // A limit or a panic that ended it would end the next one too.
            if bound.code.shared.lanes.aside(made).await != Some(true) {
                bound.ahead.never.store(true, Ordering::Relaxed);
            }
        }
    });
}

/// Makes one and leaves it for the next call; false if it is not what the call would have made.
async fn make(bound: &Bound, limits: Limits, place: Place<Box<Live>>) -> bool {
    let call = Call {
        limits,
        ..bound.ungranted()
    };
    let code = &bound.code;
    let start = Instant::now();
    let time = CallTime::start(&limits);
    let made = Live::new(code, call, time).await;
    let Ok(live) = made else { return false };
    bound.ahead.note(start.elapsed());
    let as_in_a_call = live.store.data().is_untouched();
    if as_in_a_call {
        place.keep(live, Mode::Fresh, tokio::time::Instant::now());
    }
    as_in_a_call
}
