//! The one task that waits for what is due, and the handle to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use koi_registry::{JobDescription, JobEntry, Registry};
use koi_rid::Timestamp;
use koi_store::{JobOutcome, JobRun, JobRuns, Page, StoreError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Clock;
use crate::clock::later;
use crate::plan::Verdict;
use crate::run::{complete, left_out};
use crate::standing::{Key, Standing, Standings, key};

/// Longest time between two looks at what is due: a clock may be set meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// When to look again at jobs whose runs could not be read.
const STORE_WAIT: Duration = Duration::from_secs(1);

const OUTLASTED: &str = "the run before went on";
const NOBODY_THERE: &str = "the node or the extension was not there, or the job was not granted";

/// What a schedule is made of.
pub struct ScheduleParts {
    /// The extensions, and with them their jobs.
    pub registry: Registry,
    /// Keeps the runs.
    pub runs: Arc<dyn JobRuns>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

/// A running schedule. Clones are the same one.
#[derive(Clone)]
pub struct Schedule {
    world: Arc<World>,
}

/// A job, as an operator sees it.
#[derive(Debug, Clone)]
pub struct JobStatus {
    /// Whose it is.
    pub extension: Arc<str>,
    /// What it is.
    pub job: JobDescription,
    /// Whether it may run: whether its extension has the capability `schedule`.
    pub granted: bool,
    /// When it begins next; none if that is never.
    pub next: Option<Timestamp>,
    /// Whether a run of it goes on.
    pub running: bool,
    /// What it did last.
    pub last: Option<JobRun>,
}

/// Why a job was not run, or what is asked of it not answered.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no such job.
    #[error("{extension} has no job `{job}`; `koi-mcp jobs` lists those that there are")]
    Unknown {
        /// The extension.
        extension: String,
        /// The job.
        job: String,
    },
    /// A run of it goes on.
    #[error(
        "a run of the job `{0}` goes on, and there is one at a time: try again when it has ended"
    )]
    Running(String),
    /// It may not run.
    #[error("{0} may not do jobs: grant it with `koi-mcp extension grant {0} capability=schedule`")]
    NotGranted(String),
    /// The node stops, or the host failed.
    #[error("the job was not done to its end; the node's log says more")]
    Ended,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) struct World {
    registry: Registry,
    pub(crate) runs: Arc<dyn JobRuns>,
    pub(crate) clock: Arc<dyn Clock>,
    standings: Mutex<Standings>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Schedule {
    /// Starts a schedule. What an earlier run of the node did not finish is interrupted.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn start(parts: ScheduleParts) -> BoxFuture<'static, Result<Self, StoreError>> {
        Box::pin(async move {
            let ScheduleParts {
                registry,
                runs,
                clock,
            } = parts;
            runs.interrupt("the node ended before it did").await?;
            let world = Arc::new(World {
                registry,
                runs,
                clock,
                standings: Mutex::default(),
                stopping: CancellationToken::new(),
                tasks: TaskTracker::new(),
            });
            world.tasks.spawn(serve(world.clone()));
            Ok(Self { world })
        })
    }

    /// The jobs of now, those of one extension or all, in the order of their names.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn jobs<'a>(
        &'a self,
        extension: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<JobStatus>, StoreError>> {
        Box::pin(async move {
            let snapshot = self.world.registry.snapshot();
            let wanted = |name: &str| extension.is_none_or(|extension| extension == name);
            let mut jobs = Vec::new();
            let entries = snapshot.extensions.values().flat_map(|entry| &entry.jobs);
            for entry in entries.filter(|entry| wanted(&entry.extension)) {
                let last = self.world.runs.last(&entry.extension, &entry.job.name);
                let running = self.world.standings().running.contains(&key(entry));
                jobs.push(JobStatus {
                    extension: entry.extension.clone(),
                    job: entry.job.clone(),
                    granted: entry.is_granted(),
                    next: self.world.begins(&key(entry)),
                    running,
                    last: last.await?.newest,
                });
            }
            Ok(jobs)
        })
    }

    /// The runs of a job, also of one that is no longer there, the newest first, by pages.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn history<'a>(
        &'a self,
        extension: &'a str,
        job: &'a str,
        cursor: Option<String>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Page<JobRun>, StoreError>> {
        Box::pin(async move { self.world.runs.list(extension, job, cursor, limit).await })
    }

    /// Runs a job now, beside its schedule, on behalf of `who`, and gives how that ended.
    ///
    /// # Errors
    /// If it was not run; a run that failed is no error.
    pub fn run_now<'a>(
        &'a self,
        extension: &'a str,
        job: &'a str,
        who: &'a str,
    ) -> BoxFuture<'a, Result<JobRun, RunError>> {
        Box::pin(async move {
            let key: Key = (extension.into(), job.to_owned());
            let entry = self.world.entry(&key).ok_or_else(|| RunError::Unknown {
                extension: extension.to_owned(),
                job: job.to_owned(),
            })?;
            if !entry.is_granted() {
                return Err(RunError::NotGranted(extension.to_owned()));
            }
            if self.world.stopping.is_cancelled() {
                return Err(RunError::Ended);
            }
            let running = Running::begin(&self.world, &key);
            let running = running.ok_or_else(|| RunError::Running(job.to_owned()))?;
            let (world, who) = (self.world.clone(), Some(who.into()));
            // Its own task: whoever asked for it may go away.
            let run = self.world.tasks.spawn(async move {
                let _running = running;
                complete(&world, &key, None, who).await
            });
            Ok(run.await.map_err(|_| RunError::Ended)??)
        })
    }

    /// Begins nothing more and lets the runs that go on finish, for as long as `patience`. One that is
    /// not finished then is interrupted.
    pub async fn drain(&self, patience: Duration) {
        self.world.stopping.cancel();
        self.world.tasks.close();
        let drained = tokio::time::timeout(patience, self.world.tasks.wait());
        if drained.await.is_err() {
            tracing::warn!("some jobs were still running; their runs are interrupted");
        }
    }
}

/// That a run of a job goes on, for as long as this is there.
struct Running {
    world: Arc<World>,
    key: Key,
}

impl Running {
    /// None if one goes on already.
    fn begin(world: &Arc<World>, key: &Key) -> Option<Self> {
        let began = world.standings().running.insert(key.clone());
        began.then(|| Self {
            world: world.clone(),
            key: key.clone(),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.world.standings().running.remove(&self.key);
    }
}

impl World {
    fn standings(&self) -> MutexGuard<'_, Standings> {
        // Whatever panicked left whole standings behind.
        self.standings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A job as the newest snapshot has it.
    pub(crate) fn entry(&self, key: &Key) -> Option<Arc<JobEntry>> {
        let snapshot = self.registry.snapshot();
        let extension = snapshot.extensions.get(&*key.0)?;
        let entry = extension.jobs.iter().find(|entry| entry.job.name == key.1);
        entry.cloned()
    }

    /// When a job begins next.
    pub(crate) fn begins(&self, key: &Key) -> Option<Timestamp> {
        let standings = self.standings();
        Some(standings.jobs.get(key)?.plan?.at)
    }

    /// Waits; false if the node stops meanwhile.
    pub(crate) async fn pause(&self, wait: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stopping.cancelled() => false,
            () = self.clock.wait_until(later(self.clock.now(), wait)) => true,
        }
    }

    /// Begins what is due; when to look again.
    async fn turn(self: &Arc<Self>) -> Timestamp {
        let now = self.clock.now();
        let new = self.standings().follow(&self.registry.snapshot(), now);
        let mut again = later(now, LONGEST_WAIT);
        for entry in new {
            match self.runs.last(&entry.extension, &entry.job.name).await {
                Ok(last) => {
                    let standing = Standing::of(entry.clone(), &last, now);
                    self.standings().jobs.insert(key(&entry), standing);
                }
                Err(error) => {
                    let name = &entry.job.name;
                    tracing::error!(job = name, %error, "the runs of a job could not be read");
                    again = later(now, STORE_WAIT);
                }
            }
        }
        let (notes, next) = self.begin_due(now);
        for (key, note) in notes {
            self.write_down(key, note).await;
        }
        next.map_or(again, |next| next.min(again))
    }

    /// Begins what is due. What is to be written down of due times that are left out, and when the next
    /// run begins.
    fn begin_due(self: &Arc<Self>, now: Timestamp) -> (Vec<(Key, JobRun)>, Option<Timestamp>) {
        let mut notes = Vec::new();
        let mut next: Option<Timestamp> = None;
        let mut sooner = |at: Timestamp| next = Some(next.map_or(at, |next| next.min(at)));
        let mut standings = self.standings();
        let Standings { jobs, running } = &mut *standings;
        let mut begin = Vec::new();
        for (key, standing) in jobs {
            let Some(plan) = standing.plan else { continue };
            let due = match plan.judge(&standing.entry.job, now) {
                Verdict::Wait(at) => {
                    sooner(at);
                    continue;
                }
                // It stays due until it is granted, which is another snapshot. One that never ran has
                // missed nothing.
                _ if !standing.entry.is_granted() => {
                    if standing.last_due.is_none() {
                        standing.plan_from(None, now);
                    }
                    continue;
                }
                Verdict::Miss(due) => {
                    let missed = (due.due, due.times);
                    let missed = left_out(key, JobOutcome::Missed, missed, now, NOBODY_THERE);
                    notes.push((key.clone(), missed));
                    due
                }
                Verdict::Run(due) if running.contains(key) => {
                    notes.push((key.clone(), standing.skip(key, (due.due, due.times), now)));
                    due
                }
                Verdict::Run(due) => {
                    if due.times > 1 {
                        let missed = (due.first, due.times - 1);
                        let missed = left_out(key, JobOutcome::Missed, missed, now, NOBODY_THERE);
                        notes.push((key.clone(), missed));
                    }
                    standing.skipped = None;
                    begin.push((key.clone(), due.due));
                    due
                }
            };
            standing.plan_from(Some(due.due), now);
            if let Some(plan) = standing.plan {
                sooner(plan.at);
            }
        }
        drop(standings);
        for (key, due) in begin {
            self.spawn(key, due);
        }
        (notes, next)
    }

    /// Begins a run.
    fn spawn(self: &Arc<Self>, key: Key, due: Timestamp) {
        // Somebody may have asked for one in this very moment: then this due time is theirs.
        let Some(running) = Running::begin(self, &key) else {
            return;
        };
        let world = self.clone();
        self.tasks.spawn(async move {
            let _running = running;
            if let Err(error) = complete(&world, &key, Some(due), None).await {
                let (extension, job) = (&key.0, &key.1);
                tracing::error!(%extension, job, %error, "a job was not begun");
            }
        });
    }

    /// Writes down due times that are left out.
    async fn write_down(&self, key: Key, note: JobRun) {
        let written = match note.id {
            0 => self.runs.add(note.clone()).await,
            id => self.runs.amend(note.clone()).await.map(|()| id),
        };
        match written {
            Ok(id) if note.outcome == JobOutcome::Skipped => {
                if let Some(standing) = self.standings().jobs.get_mut(&key) {
                    standing.skipped = standing.skipped.take().map(|run| JobRun { id, ..run });
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(job = note.job, %error, "what a job left out could not be stored");
            }
        }
    }
}

impl Standing {
    /// What the history says of due times that the run which goes on has outlasted, these among them.
    fn skip(&mut self, key: &Key, due: (Timestamp, u32), now: Timestamp) -> JobRun {
        let skipped = match self.skipped.take() {
            Some(run) => JobRun {
                due: Some(due.0),
                times: run.times.saturating_add(due.1),
                ended: Some(now),
                ..run
            },
            None => left_out(key, JobOutcome::Skipped, due, now, OUTLASTED),
        };
        self.skipped = Some(skipped.clone());
        skipped
    }
}

async fn serve(world: Arc<World>) {
    let mut changes = world.registry.changes();
    loop {
        changes.borrow_and_update();
        let again = world.turn().await;
        tokio::select! {
            biased;
            () = world.stopping.cancelled() => return,
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = world.clock.wait_until(again) => {}
        }
    }
}
