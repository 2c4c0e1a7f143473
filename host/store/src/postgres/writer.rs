//! The one connection that writes, on the store's own thread.
//!
//! Jobs queue up while a transaction is on its way to the server's disk; the next transaction takes
//! all of them, so that a flush is shared by as many as wait for one (group commit). Each has a
//! savepoint of its own, so that one that fails takes back what it did and nothing else.
//!
//! Failure: a job whose transaction's end was not answered is told so and never run again; nor is any
//! other that had been in a transaction. The next job finds a new connection, or is told why there is
//! none.

use std::sync::Arc;

use deadpool_postgres::ClientWrapper;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::fault;
use super::link::Link;
use super::place::Place;
use crate::indexes::Declared;
use crate::queue::{Jobs, Queue, Reply};
use crate::{Result, StoreError};

/// Most jobs in one transaction: as many subtransactions as the server keeps at hand for those who
/// read meanwhile.
const GROUP: usize = 64;

/// The way to the writer. Dropping it waits until what was asked for is done.
pub(super) struct Writer(Queue<dyn Job>);

impl Writer {
    /// Starts the thread, opens the store and gives the runtime that connections belong to.
    pub(super) async fn start(
        place: Arc<Place>,
        declared: Arc<Declared>,
    ) -> Result<(Self, Handle)> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| StoreError::Io {
            what: "starting the store's runtime".to_owned(),
            source: error.into(),
        })?;
        let handle = runtime.handle().clone();
        let (opened, opening) = oneshot::channel();
        let serving = move |jobs| {
            runtime.block_on(open_and_serve(Link::new(place, declared), opened, jobs));
        };
        let writer = Self(Queue::start(serving)?);
        opening.await.map_err(|_| StoreError::Closed)??;
        Ok((writer, handle))
    }

    /// Runs `work` in a transaction and answers when that is durable.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&ClientWrapper) -> Result<T> + Send + 'static,
    {
        let task = |reply| -> Box<dyn Job> {
            Box::new(Task {
                work: Some(work),
                value: None,
                reply,
            })
        };
        self.0.ask(task).await
    }
}

type Running<'a> = std::pin::Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// A write whose caller waits.
trait Job: Send {
    /// Makes the changes, within a transaction.
    fn run<'a>(&'a mut self, client: &'a ClientWrapper) -> Running<'a>;

    /// Tells the caller what became of the transaction.
    fn answer(self: Box<Self>, outcome: Result<()>);
}

struct Task<T, F> {
    work: Option<F>,
    value: Option<T>,
    reply: Reply<T>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: AsyncFnOnce(&ClientWrapper) -> Result<T> + Send,
{
    fn run<'a>(&'a mut self, client: &'a ClientWrapper) -> Running<'a> {
        Box::pin(async move {
            let work = self.work.take().ok_or(StoreError::Closed)?;
            self.value = Some(work(client).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, outcome: Result<()>) {
        self.reply.answer(outcome, self.value);
    }
}

async fn open_and_serve(
    mut link: Link,
    opened: oneshot::Sender<Result<()>>,
    mut jobs: Jobs<dyn Job>,
) {
    let outcome = link.client().await.map(drop);
    let is_open = outcome.is_ok();
    if opened.send(outcome).is_err() || !is_open {
        return;
    }
    while let Some(first) = jobs.recv().await {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(job) = jobs.try_recv()
        {
            group.push(job);
        }
        if !serve(&mut link, group).await {
            link.drop_client();
        }
    }
}

/// Runs a group in a transaction and answers all of it; false if the connection is of no more use.
async fn serve(link: &mut Link, group: Vec<Box<dyn Job>>) -> bool {
    let client = match link.client().await {
        Ok(client) => client,
        Err(error) => {
            answer_all(group, &error);
            return false;
        }
    };
    let mut done = Vec::with_capacity(group.len());
    let mut jobs = group.into_iter();
    match run(client, &mut jobs, &mut done).await {
        Ok(()) => done.into_iter().for_each(|job| job.answer(Ok(()))),
        Err(error) => {
            answer_all(done.into_iter().chain(jobs), &error);
            return false;
        }
    }
    true
}

fn answer_all(jobs: impl IntoIterator<Item = Box<dyn Job>>, error: &StoreError) {
    for job in jobs {
        job.answer(Err(fault::again(error)));
    }
}

/// Runs jobs in a transaction and commits it. Those that fail by themselves are answered; those that
/// are `done` stand and fall with the transaction, and so do those that are left if this fails.
async fn run(
    client: &ClientWrapper,
    jobs: &mut impl Iterator<Item = Box<dyn Job>>,
    done: &mut Vec<Box<dyn Job>>,
) -> Result<()> {
    let mut before = "BEGIN; SAVEPOINT job";
    for mut job in jobs {
        // The job's first statement does not wait for the answer to ours.
        let (begun, outcome) = tokio::join!(biased; client.batch_execute(before), job.run(client));
        match outcome {
            Ok(()) => {
                before = "RELEASE SAVEPOINT job; SAVEPOINT job";
                done.push(job);
            }
            Err(error) => {
                job.answer(Err(error));
                before = "ROLLBACK TO SAVEPOINT job";
            }
        }
        begun?;
    }
    // Also takes back what the last job did, if that has failed.
    if before == "ROLLBACK TO SAVEPOINT job" {
        client.batch_execute(before).await?;
    }
    client
        .batch_execute("COMMIT")
        .await
        .map_err(fault::of_commit)
}
