//! Keeps the work of one call within its limits.
//!
//! The work is a future that owns its Store. Whatever ends it early (a limit, the caller who goes
//! away, a panic of a host capability) drops that future and with it the Store, so that nothing of
//! the guest goes on. The engine's epochs make a running guest yield every few milliseconds: the CPU
//! time is then compared with its limit, and the thread turns to others.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};
use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

use crate::bindings::koi::extension::types::Error;
use crate::capabilities::convert::guest_error;
use crate::error::{CallError, sentence};
use crate::limits::Limits;
use crate::meter::{Exceeded, Stop};

/// A longer wall limit is cut to this one, which timers can express.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What the engine says when a guest hands over more than it may. Its type is private; the test
/// `a_result_beyond_its_limit_is_refused` holds the text to be right.
const TOO_MUCH_DATA: &str = "fuel allocated for hostcalls has been exhausted";

/// What a guest's function gives: a trap, the guest's own failure, or its answer.
pub(crate) type Answer<R> = wasmtime::Result<Result<R, Error>>;

/// The room for instances, in memories: calls wait for it instead of failing.
pub(crate) struct Slots {
    free: Semaphore,
    total: u32,
}

impl Slots {
    pub(crate) fn new(total: u32) -> Self {
        Self {
            free: Semaphore::new(total as usize),
            total,
        }
    }

    /// How many there are in all.
    pub(crate) fn total(&self) -> u32 {
        self.total
    }

    async fn take(&self, count: u32, until: Instant) -> Result<SemaphorePermit<'_>, CallError> {
        if let Ok(permit) = self.free.try_acquire_many(count) {
            return Ok(permit);
        }
        match timeout_at(until, self.free.acquire_many(count)).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(CallError::Overloaded(format!(
                "all {} instances are in use and none became free within the call's wall time: try again later",
                self.total
            ))),
        }
    }
}

/// Does the work of one call, which takes so many slots, within the limits.
pub(crate) async fn within<R>(
    slots: &Slots,
    count: u32,
    limits: Limits,
    work: impl Future<Output = Answer<R>>,
) -> Result<R, CallError> {
    let until = Instant::now() + limits.wall.min(LONGEST);
    let _taken = slots.take(count, until).await?;
    // The Store goes with this statement, before the slots do.
    let done = timeout_at(until, metered(limits.cpu, work)).await;
    match done {
        Err(_) => Err(Exceeded::Wall(limits.wall).error()),
        Ok(Err(error)) => Err(error),
        Ok(Ok(Err(trap))) => Err(failure(&trap, &limits)),
        Ok(Ok(Ok(Err(error)))) => Err(guest_error(error).into()),
        Ok(Ok(Ok(Ok(answer)))) => Ok(answer),
    }
}

/// Polls the work until it is done, has used up its CPU time or panics.
async fn metered<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, CallError> {
    let mut work = pin!(work);
    let mut used = Duration::ZERO;
    std::future::poll_fn(|context| {
        let before = thread_cpu_time();
        // After a panic the work is only dropped, so that nobody sees what it left half done.
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        used += thread_cpu_time().saturating_sub(before);
        match polled {
            Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
            Ok(Poll::Pending) if used > limit => Poll::Ready(Err(Exceeded::Cpu(limit).error())),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(CallError::Host(panic_text(&*panic)))),
        }
    })
    .await
}

/// CPU time of this thread since it began.
fn thread_cpu_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(now.tv_nsec).unwrap_or(0))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or("without a message"))
}

/// What the caller sees of a call that the engine ended.
pub(crate) fn failure(error: &wasmtime::Error, limits: &Limits) -> CallError {
    tracing::debug!(?error, "the engine ended a call");
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return match stop {
            Stop::Limit(exceeded) => exceeded.error(),
            Stop::Port(port) => {
                guest_error(crate::capabilities::convert::error(port.clone())).into()
            }
        };
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return CallError::Trap(trap.to_string());
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return CallError::Trap(format!("it left with exit status {}", exit.0));
    }
    if let Some(full) = error.downcast_ref::<PoolConcurrencyLimitError>() {
        return CallError::Overloaded(full.to_string());
    }
    if error.root_cause().to_string().contains(TOO_MUCH_DATA) {
        return Exceeded::Result(limits.result).error();
    }
    CallError::Trap(sentence(error))
}
