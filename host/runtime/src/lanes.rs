//! Where the work of calls is done.
//!
//! Work begins where its caller is: a small call costs no switch of threads. Work that has used its
//! first ticks of CPU goes on in the slow lane: threads of its own, one per core, at a low
//! priority, so that others get the processors first. Work of an extension that went there often of
//! late begins there.
//!
//! A caller who goes away ends the work, wherever it is done, at the guest's next tick at the latest;
//! only the work of a singleton goes on, in the slow lane.

use std::cell::Cell;
use std::future::Future;
use std::num::NonZero;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::error::CallError;
use crate::work::Measured;

/// So much CPU time is spent where the caller is. Starting a Python guest takes less.
pub(crate) const FIRST_TICKS: Duration = Duration::from_millis(20);

/// A tenth of the processor time of an ordinary thread where both want it, and an ordinary thread that
/// wakes up runs at once. Lower still, long calls would meet their wall limit on a busy machine before
/// they have used a fraction of their CPU time.
const NICE: i32 = 10;

thread_local! {
    static LOWERED: Cell<bool> = const { Cell::new(false) };
}

/// The slow lane.
pub(crate) struct Lanes {
    /// None only while it is dropped.
    slow: Option<Runtime>,
}

impl Lanes {
    pub(crate) fn new() -> std::io::Result<Self> {
        let slow = Builder::new_multi_thread()
            .worker_threads(std::thread::available_parallelism().map_or(1, NonZero::get))
            .thread_name("koi-slow")
            .enable_all()
            .build()?;
        Ok(Self { slow: Some(slow) })
    }

    /// Does work for a caller who waits here. Work that is to be `finished` goes on without them.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        manners: &Arc<Manners>,
        work: Measured<T>,
        finished: bool,
    ) -> Result<T, CallError> {
        let mut begun = Begun {
            lanes: self,
            manners,
            work: Some(work),
            finished,
        };
        if !manners.are_bad()
            && let Some(done) = begun.first_ticks().await
        {
            return done;
        }
        let Some(task) = begun.hand_over() else {
            return Err(stopping());
        };
        HandedOver { task, finished }.await
    }

    /// Does measured work that is nobody's call. To be awaited in the slow lane. None if a limit or a
    /// panic ended it.
    pub(crate) async fn aside<T>(&self, mut work: Measured<T>) -> Option<T> {
        let done = std::future::poll_fn(|context| {
            lower_priority();
            Pin::new(&mut work).poll(context)
        });
        done.await.ok()
    }

    /// Does what is nobody's call, in the slow lane.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(slow) = &self.slow {
            slow.spawn(work);
        }
    }
}

impl Drop for Lanes {
    /// The last clone of a runtime may go where no thread may be waited for.
    fn drop(&mut self) {
        if let Some(slow) = self.slow.take() {
            slow.shutdown_background();
        }
    }
}

fn stopping() -> CallError {
    CallError::Host("the runtime has ended".to_owned())
}

/// Work where its caller is.
struct Begun<'a, T: Send + 'static> {
    lanes: &'a Lanes,
    manners: &'a Arc<Manners>,
    work: Option<Measured<T>>,
    finished: bool,
}

impl<T: Send + 'static> Begun<'_, T> {
    /// The outcome, or none if the first ticks are over.
    async fn first_ticks(&mut self) -> Option<Result<T, CallError>> {
        std::future::poll_fn(|context| {
            let Some(work) = &mut self.work else {
                return Poll::Ready(None);
            };
            match Pin::new(&mut *work).poll(context) {
                Poll::Ready(done) => {
                    self.manners.note(work.used());
                    Poll::Ready(Some(done))
                }
                Poll::Pending if work.used() > FIRST_TICKS => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    fn hand_over(&mut self) -> Option<JoinHandle<Result<T, CallError>>> {
        let mut work = self.work.take()?;
        let manners = self.manners.clone();
        let slow = self.lanes.slow.as_ref()?;
        Some(slow.spawn(async move {
            let done = std::future::poll_fn(|context| {
                lower_priority();
                Pin::new(&mut work).poll(context)
            })
            .await;
            manners.note(work.used());
            done
        }))
    }
}

impl<T: Send + 'static> Drop for Begun<'_, T> {
    fn drop(&mut self) {
        if self.finished && self.work.as_ref().is_some_and(Measured::is_under_way) {
            self.hand_over();
        }
    }
}

/// Work in the slow lane, for a caller who waits for it.
struct HandedOver<T> {
    task: JoinHandle<Result<T, CallError>>,
    finished: bool,
}

impl<T> Future for HandedOver<T> {
    type Output = Result<T, CallError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let done = ready!(Pin::new(&mut self.task).poll(context));
        Poll::Ready(done.unwrap_or_else(|_| Err(stopping())))
    }
}

impl<T> Drop for HandedOver<T> {
    fn drop(&mut self) {
        if !self.finished {
            self.task.abort();
        }
    }
}

/// Only threads that run guests: those on which the slow lane's host capabilities wait for disks
/// may hold what others wait for.
fn lower_priority() {
    if LOWERED.replace(true) {
        return;
    }
    // On Linux this is the calling thread.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "the priority of a thread for long calls could not be lowered");
    }
}

/// How an extension's last ten calls were: a bit for each, set if it used more than its first ticks.
#[derive(Default)]
pub(crate) struct Manners(AtomicU16);

impl Manners {
    const CALLS: u32 = 10;
    const OFTEN: u32 = 3;

    fn are_bad(&self) -> bool {
        self.0.load(Ordering::Relaxed).count_ones() >= Self::OFTEN
    }

    fn note(&self, used: Duration) {
        let slow = u16::from(used > FIRST_TICKS);
        let before = self.0.load(Ordering::Relaxed);
        if before == 0 && slow == 0 {
            return;
        }
        // That two calls at once may count as one changes nothing that matters.
        let after = (before << 1 | slow) & ((1 << Self::CALLS) - 1);
        self.0.store(after, Ordering::Relaxed);
    }
}
