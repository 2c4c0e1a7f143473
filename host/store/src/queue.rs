//! The way to the one thread that writes, in whatever backend.
//!
//! Promise: jobs come out in the order in which they were asked for, and dropping the queue waits until
//! all of them are done. It is bounded: whoever finds it full waits outside, in order.
//!
//! Failure: when the thread has gone, what is asked for fails with [`StoreError::Closed`].

use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use crate::{Result, StoreError};

/// Most jobs that wait.
const LENGTH: usize = 1024;

/// Jobs, and the thread that does them.
pub(crate) struct Queue<J: ?Sized> {
    jobs: Option<mpsc::Sender<Box<J>>>,
    thread: Option<JoinHandle<()>>,
}

/// The end at which jobs come out.
pub(crate) type Jobs<J> = mpsc::Receiver<Box<J>>;

impl<J: ?Sized> Queue<J> {
    /// Starts a thread that does the jobs.
    pub(crate) fn start(work: impl FnOnce(Jobs<J>) + Send + 'static) -> Result<Self>
    where
        J: Send + 'static,
    {
        let (sender, jobs) = mpsc::channel(LENGTH);
        let thread = std::thread::Builder::new()
            .name("koi-store".to_owned())
            .spawn(move || work(jobs))
            .map_err(|error| StoreError::Io {
                what: "starting the store's writer thread".to_owned(),
                source: error.into(),
            })?;
        Ok(Self {
            jobs: Some(sender),
            thread: Some(thread),
        })
    }

    /// Has a job done, which is made with the way to its answer.
    pub(crate) async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Box<J>) -> Result<T> {
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        jobs.send(job(Reply(reply)))
            .await
            .map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

impl<J: ?Sized> Drop for Queue<J> {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A thread that has panicked has said so itself.
            let _ = thread.join();
        }
    }
}

/// The way to a caller who waits.
pub(crate) struct Reply<T>(oneshot::Sender<Result<T>>);

impl<T> Reply<T> {
    /// Tells what became of the transaction, and what the job came to in it.
    pub(crate) fn answer(self, outcome: Result<()>, value: Option<T>) {
        let value = outcome.and_then(|()| value.ok_or(StoreError::Closed));
        // Nobody to tell: the caller has stopped waiting.
        let _ = self.0.send(value);
    }
}
