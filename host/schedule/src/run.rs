//! One run of a job, from its beginning in the store to its end there.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use koi_registry::{Invocation, JobTold};
use koi_rid::Timestamp;
use koi_store::{JobOutcome, JobRun, StoreError};

use crate::clock::later;
use crate::scheduler::World;
use crate::standing::Key;

/// How often a transient failure is tried again.
const RETRIES: u32 = 3;
/// How long to wait before the first of these.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// How much longer each wait is than the one before.
const GROWTH: f64 = 1.5;
/// Longest wait between tries to reach a store that fails.
const MAX_STORE_WAIT: Duration = Duration::from_secs(30);
/// Longest reason that is kept, in characters.
const MAX_REASON: usize = 1000;
/// Longest answer that is kept, in bytes.
const MAX_RESULT: usize = 4096;

/// A run that is about to begin.
pub(crate) fn begin(key: &Key, due: Option<Timestamp>, now: Timestamp) -> JobRun {
    let id: u64 = rand::random();
    JobRun {
        id: 0,
        extension: key.0.to_string(),
        job: key.1.clone(),
        due,
        times: 1,
        started: now,
        ended: None,
        outcome: JobOutcome::Running,
        attempts: 0,
        reason: None,
        result: None,
        correlation: format!("job-{id:016x}"),
    }
}

/// Due times for which there is no run.
pub(crate) fn left_out(
    key: &Key,
    outcome: JobOutcome,
    (due, times): (Timestamp, u32),
    now: Timestamp,
    reason: &str,
) -> JobRun {
    JobRun {
        times,
        ended: Some(now),
        outcome,
        reason: Some(reason.to_owned()),
        ..begin(key, Some(due), now)
    }
}

/// Does a job, over as many tries as it takes, and writes down how that ended.
pub(crate) async fn complete(
    world: &World,
    key: &Key,
    due: Option<Timestamp>,
    principal: Option<Arc<str>>,
) -> Result<JobRun, StoreError> {
    let last = world.runs.last(&key.0, &key.1).await?;
    let last_success = last.succeeded.map(|run| run.started);
    let mut run = begin(key, due, world.clock.now());
    run.id = world.runs.add(run.clone()).await?;
    let (outcome, said) = attempts(world, key, &mut run, last_success, principal).await;
    run.outcome = outcome;
    run.ended = Some(world.clock.now());
    match outcome {
        JobOutcome::Ok if said.len() <= MAX_RESULT => run.result = Some(said),
        JobOutcome::Ok => {}
        _ => {
            run.reason = Some(said.chars().take(MAX_REASON).collect());
            tracing::warn!(
                extension = run.extension,
                job = run.job,
                outcome = outcome.as_str(),
                reason = run.reason,
                correlation = run.correlation,
                "a job came to nothing"
            );
        }
    }
    write_down(world, &run).await;
    Ok(run)
}

/// Tries until there is an answer or no more is to be tried: how it ended, with the answer or the reason.
async fn attempts(
    world: &World,
    key: &Key,
    run: &mut JobRun,
    last_success: Option<Timestamp>,
    principal: Option<Arc<str>>,
) -> (JobOutcome, String) {
    loop {
        // Of the newest snapshot each time: what was removed or taken back is not tried again.
        let Some(entry) = world.entry(key) else {
            let reason = format!("the extension {} is no longer there", key.0);
            return (JobOutcome::Failed, reason);
        };
        if !entry.is_granted() {
            let reason = "the capability `schedule` was taken back".to_owned();
            return (JobOutcome::Failed, reason);
        }
        run.attempts += 1;
        let told = JobTold {
            due: run.due,
            attempt: run.attempts,
            last_success,
        };
        let invocation = Invocation {
            principal: principal.clone(),
            ..Invocation::new(run.correlation.as_str())
        };
        let answer = AssertUnwindSafe(entry.run(told, invocation)).catch_unwind();
        let error = match answer.await {
            Ok(Ok(answer)) => return (JobOutcome::Ok, answer),
            Ok(Err(error)) => error,
            Err(_) => {
                return (
                    JobOutcome::Failed,
                    "the host failed; its log says more".to_owned(),
                );
            }
        };
        let wait = match error.is_transient() {
            true => wait_before(run.attempts),
            false => None,
        };
        let now = world.clock.now();
        let in_time = |wait: &Duration| {
            let next = world.begins(key);
            next.is_none_or(|next| later(now, *wait) < next)
        };
        let Some(wait) = wait.filter(in_time) else {
            return (JobOutcome::Failed, error.to_string());
        };
        tracing::info!(
            extension = run.extension,
            job = run.job,
            reason = %error,
            attempt = run.attempts,
            correlation = run.correlation,
            "a job will be tried again"
        );
        if !world.pause(wait).await {
            return (JobOutcome::Interrupted, "the node stopped".to_owned());
        }
    }
}

/// The wait after so many tries; none if that were enough.
fn wait_before(tries: u32) -> Option<Duration> {
    if tries == 0 || tries > RETRIES {
        return None;
    }
    let exponent = i32::try_from(tries - 1).unwrap_or(i32::MAX);
    Some(FIRST_WAIT.mul_f64(GROWTH.powi(exponent)))
}

/// Writes down how a run ended, as soon as the store takes it. A node that ends before finds the run
/// at its next start as one that was interrupted.
async fn write_down(world: &World, run: &JobRun) {
    let mut wait = Duration::from_millis(100);
    while let Err(error) = world.runs.amend(run.clone()).await {
        tracing::error!(
            extension = run.extension,
            job = run.job,
            %error,
            "how a job ended could not be stored"
        );
        if !world.pause(wait).await {
            return;
        }
        wait = (wait * 2).min(MAX_STORE_WAIT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_there_are_three() {
        let waits: Vec<_> = (0..6).filter_map(wait_before).collect();
        let expected = [1000, 1500, 2250].map(Duration::from_millis);
        assert_eq!(waits, expected);
    }
}
