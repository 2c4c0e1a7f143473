//! The one thread that writes.
//!
//! Jobs queue up while a transaction is on its way to the disk; the next transaction takes all of
//! them, so that a flush is shared by as many as wait for one (group commit). Failing is rare, so
//! jobs do not pay for savepoints: when one of a group fails, the group is rolled back and its
//! jobs run again in their order, each in a transaction of its own.

use rusqlite::Connection;

use crate::Result;
use crate::queue::{Jobs, Queue, Reply};

/// Most jobs in one transaction, which bounds how long the first of them waits.
const GROUP: usize = 256;

/// The way to the writer thread. Dropping it waits until what was asked for is done.
pub(super) struct Writer(Queue<dyn Job>);

impl Writer {
    /// Starts the thread on a connection of its own.
    pub(super) fn start(connection: Connection) -> Result<Self> {
        Queue::start(move |jobs| serve(&connection, jobs)).map(Self)
    }

    /// Runs `work` in a transaction and answers when that is durable. `work` runs again after a
    /// transaction that was rolled back, so it may not use up what it holds.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Result<T> + Send + 'static,
    {
        let task = |reply| -> Box<dyn Job> {
            Box::new(Task {
                work,
                value: None,
                reply,
            })
        };
        self.0.ask(task).await
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
    reply: Reply<T>,
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
        self.reply.answer(outcome, self.value);
    }
}

fn serve(connection: &Connection, mut jobs: Jobs<dyn Job>) {
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
    jobs: &mut Jobs<dyn Job>,
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
