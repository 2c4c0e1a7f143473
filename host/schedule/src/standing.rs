//! How the jobs of this moment stand, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use koi_registry::{JobEntry, Snapshot};
use koi_rid::Timestamp;
use koi_store::{JobRun, LastRuns};

use crate::plan::Plan;

/// Which job: of which extension, and its name.
pub(crate) type Key = (Arc<str>, String);

pub(crate) fn key(entry: &JobEntry) -> Key {
    (entry.extension.clone(), entry.job.name.clone())
}

/// A job and when it is due.
pub(crate) struct Standing {
    pub(crate) entry: Arc<JobEntry>,
    /// The latest time that it was due and dealt with.
    pub(crate) last_due: Option<Timestamp>,
    /// None if it is never due again.
    pub(crate) plan: Option<Plan>,
    /// What stands in the history of the due times that the run which goes on has outlasted.
    pub(crate) skipped: Option<JobRun>,
}

impl Standing {
    pub(crate) fn of(entry: Arc<JobEntry>, last: &LastRuns, now: Timestamp) -> Self {
        let due = last.due.as_ref();
        Self {
            last_due: due.and_then(|run| run.due),
            plan: Plan::resume(&entry.job, due, now, rand::random()),
            entry,
            skipped: None,
        }
    }

    /// From now on, its newest description.
    pub(crate) fn renew(&mut self, entry: Arc<JobEntry>, now: Timestamp) {
        let is_same = self.entry.job == entry.job;
        self.entry = entry;
        if !is_same {
            self.plan_from(self.last_due, now);
        }
    }

    /// Plans the next run after a due time that was dealt with.
    pub(crate) fn plan_from(&mut self, last: Option<Timestamp>, now: Timestamp) {
        self.last_due = last;
        self.plan = Plan::after(&self.entry.job, last, now, rand::random());
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Standings {
    pub(crate) jobs: BTreeMap<Key, Standing>,
    /// Those of which a run goes on, also if they are no longer there.
    pub(crate) running: BTreeSet<Key>,
}

impl Standings {
    /// Takes up what a snapshot has; gives the jobs that are new.
    pub(crate) fn follow(&mut self, snapshot: &Snapshot, now: Timestamp) -> Vec<Arc<JobEntry>> {
        let present: BTreeMap<Key, &Arc<JobEntry>> = snapshot
            .extensions
            .values()
            .flat_map(|extension| &extension.jobs)
            .map(|entry| (key(entry), entry))
            .collect();
        self.jobs.retain(|key, _| present.contains_key(key));
        let mut new = Vec::new();
        for (key, entry) in present {
            match self.jobs.get_mut(&key) {
                Some(standing) => standing.renew(entry.clone(), now),
                None => new.push(entry.clone()),
            }
        }
        new
    }
}
