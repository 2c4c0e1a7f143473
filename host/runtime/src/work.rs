//! The work of one call: polled wherever it is, measured and ended at its limits.
//!
//! Work owns all that it needs, its Store too, so that it can go on in another place than where it
//! began. Whatever ends it early (a limit, a panic of a host capability, whoever drops it) drops the
//! Store, so that nothing of the guest goes on.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::engine::TICK;
use crate::error::CallError;
use crate::meter::Exceeded;
use crate::time::CallTime;

/// From here on CPU time is taken from the thread's own clock. Until then the time that passes while
/// the work is polled stands for it, which is never less and costs a tenth: a third of a small call
/// would go into asking the system twice.
const EXACT_FROM: Duration = Duration::from_millis(1);

/// A future in a box. The code of what is not in one is made where it is waited for: in each crate
/// that does, with all that it goes through.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a call does.
pub(crate) type Work<T> = Boxed<'static, T>;

/// Work under its limits of time.
pub(crate) struct Measured<T> {
    work: Option<Work<T>>,
    used: Duration,
    cpu: Duration,
    time: Arc<CallTime>,
    /// There is none until the work waits for the first time: most never do.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<T> Measured<T> {
    pub(crate) fn new(work: Work<T>, cpu: Duration, time: Arc<CallTime>) -> Self {
        Self {
            work: Some(work),
            used: Duration::ZERO,
            cpu,
            time,
            timer: None,
        }
    }

    /// CPU time that it has used so far.
    pub(crate) fn used(&self) -> Duration {
        self.used
    }

    /// Whether there is something left to do.
    pub(crate) fn is_under_way(&self) -> bool {
        self.work.is_some()
    }

    fn step(&mut self, context: &mut Context<'_>) -> Poll<Result<T, CallError>> {
        let Some(work) = &mut self.work else {
            return Poll::Pending;
        };
        let exact = self.used >= EXACT_FROM;
        let (wall, cpu) = (
            std::time::Instant::now(),
            exact.then(thread_cpu_time).unwrap_or_default(),
        );
        // After a panic the work is only dropped, so that nobody sees what it left half done.
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        self.used += match exact {
            true => thread_cpu_time().saturating_sub(cpu),
            // A guest gives its thread back at each tick; longer is the machine's doing.
            false => wall.elapsed().min(TICK),
        };
        match polled {
            Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
            Ok(Poll::Pending) if self.used > self.cpu => {
                Poll::Ready(Err(Exceeded::Cpu(self.cpu).error()))
            }
            Ok(Poll::Pending) => self.in_time(context).map(Err),
            Err(panic) => Poll::Ready(Err(CallError::Host(panic_text(&*panic)))),
        }
    }

    /// Ready when the time is over.
    fn in_time(&mut self, context: &mut Context<'_>) -> Poll<CallError> {
        loop {
            let (end, exceeded) = self.time.end();
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
            if timer.deadline() != end {
                timer.as_mut().reset(end);
            }
            ready!(timer.as_mut().poll(context));
            // Somebody may have been waited for in between.
            if self.time.end().0 <= Instant::now() {
                return Poll::Ready(exceeded.error());
            }
        }
    }
}

impl<T> Future for Measured<T> {
    type Output = Result<T, CallError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let done = ready!(self.step(context));
        self.time.note_cpu(self.used);
        self.work = None;
        Poll::Ready(done)
    }
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
