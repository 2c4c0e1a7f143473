//! The one thread that writes.
//!
//! Jobs queue up while a transaction is on its way to the disk; the next transaction takes all of
//! them, so that a flush is shared by as many as wait for one (group commit). Failing is rare, so
//! jobs do not pay for savepoints: when one of a group fails, the group is rolled back and its
//! jobs run again in their order, each in a transaction of its own.

use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::{Result, StoreError};

/// Most jobs that wait; more callers wait outside, in order.
const QUEUE: usize = 1024;

/// Most jobs in one transaction, which bounds how long the first of them waits.
const GROUP: usize = 256;

/// The way to the writer thread. Dropping it waits until what was asked for is done.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread on a connection of its own.
    pub(super) fn start(connection: Connection) -> Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("koi-store".to_owned())
            .spawn(move || serve(&connection, jobs))
            .map_err(|error| StoreError::Io {
                what: "starting the store's writer thread".to_owned(),
                source: error.into(),
            })?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Runs `work` in a transaction and answers when that is durable. `work` runs again after a
    /// transaction that was rolled back, so it may not use up what it holds.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Result<T> + Send + 'static,
    {
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        let task = Task {
            work,
            value: None,
            reply,
        };
        queue
            .send(Box::new(task))
            .await
            .map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A thread that has panicked has said so itself.
            let _ = thread.join();
        }
    }
}

/// A write whose caller waits.
trait Job: Send {
    /// Makes the changes, within a transaction.
    fn run(&mut self, connection: &Connection) -> Result<()>;

    /// Tells the caller what became of the transaction.
    fn answer(self: Box<Self>, outcome: Result<()>);
}

struct Task<T, F> {
    work: F,
    value: Option<T>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnMut(&Connection) -> Result<T> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<()> {
        self.value = Some((self.work)(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<()>) {
        let Task { value, reply, .. } = *self;
        let value = outcome.and_then(|()| value.ok_or(StoreError::Closed));
        // Nobody to tell: the caller has stopped waiting.
        let _ = reply.send(value);
    }
}

fn serve(connection: &Connection, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    while let Some(first) = jobs.blocking_recv() {
        let mut group = vec![first];
        let outcome = transaction(connection, || run_group(connection, &mut group, &mut jobs));
        let alone = group.len() == 1;
        match outcome {
            Err(_) if !alone => {
                for mut job in group {
                    let outcome = transaction(connection, || job.run(connection));
                    job.answer(outcome);
                }
            }
            Err(error) => {
                if let Some(job) = group.pop() {
                    job.answer(Err(error));
                }
            }
            Ok(()) => group.into_iter().for_each(|job| job.answer(Ok(()))),
        }
    }
}

/// Runs the first job of a group, and those that have queued up by then.
fn run_group(
    connection: &Connection,
    group: &mut Vec<Box<dyn Job>>,
    jobs: &mut mpsc::Receiver<Box<dyn Job>>,
) -> Result<()> {
    let mut done = 0;
    loop {
        while let Some(job) = group.get_mut(done) {
            job.run(connection)?;
            done += 1;
        }
        if done == GROUP {
            return Ok(());
        }
        match jobs.try_recv() {
            Ok(job) => group.push(job),
            Err(_) => return Ok(()),
        }
    }
}

/// Runs `work` in a transaction: committed, thus durable, or rolled back.
fn transaction(connection: &Connection, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let statement = |sql| -> Result<()> {
        connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    };
    statement("BEGIN IMMEDIATE")?;
    let outcome = work().and_then(|()| statement("COMMIT"));
    // Some failures have rolled back already.
    if outcome.is_err() && !connection.is_autocommit() {
        statement("ROLLBACK")?;
    }
    outcome
}
