use super::*;
use crate::{JobOutcome, JobRun, JobRuns, KEPT_RUNS};

on_every_backend! {
    a_run_is_read_as_it_was_written_last,
    of_each_job_the_newest_runs_are_kept_with_the_last_due_and_the_last_success,
    runs_that_a_node_did_not_finish_are_interrupted,
    runs_are_read_by_pages,
}

fn run(job: &str, due: Option<i64>) -> JobRun {
    JobRun {
        id: 0,
        extension: "feed".to_owned(),
        job: job.to_owned(),
        due: due.map(Timestamp::from_micros),
        times: 1,
        started: Timestamp::from_micros(1_000_001),
        ended: None,
        outcome: JobOutcome::Running,
        attempts: 0,
        reason: None,
        result: None,
        correlation: "job-1".to_owned(),
    }
}

async fn all(runs: &dyn JobRuns, job: &str) -> Vec<JobRun> {
    runs.list("feed", job, None, 1000).await.unwrap().items
}

async fn a_run_is_read_as_it_was_written_last(Fixture { stores, place }: Fixture) {
    let runs = &stores.job_runs;
    let id = runs.add(run("fetch", Some(1_000_000))).await.unwrap();
    runs.add(run("other", None)).await.unwrap();
    let ended = JobRun {
        id,
        times: 3,
        ended: Some(Timestamp::from_micros(1_000_009)),
        outcome: JobOutcome::Failed,
        attempts: 4,
        reason: Some("nobody is there: \0ä".to_owned()),
        result: Some("{}".to_owned()),
        ..run("fetch", Some(2_000_000))
    };
    runs.amend(ended.clone()).await.unwrap();
    drop(stores);
    let reopened = place.open().await;
    let runs = &reopened.job_runs;
    assert_eq!(all(&**runs, "fetch").await, std::slice::from_ref(&ended));
    let last = runs.last("feed", "fetch").await.unwrap();
    assert_eq!(last.newest, Some(ended.clone()));
    assert_eq!(last.due, Some(ended));
    assert_eq!(last.succeeded, None);
    assert_eq!(
        runs.last("feed", "never").await.unwrap(),
        Default::default()
    );
    // Of one that is no longer there nothing is made.
    let gone = JobRun {
        id: 99,
        ..run("fetch", None)
    };
    runs.amend(gone).await.unwrap();
    assert_eq!(all(&**runs, "fetch").await.len(), 1);
}

async fn of_each_job_the_newest_runs_are_kept_with_the_last_due_and_the_last_success(
    Fixture { stores, .. }: Fixture,
) {
    let runs = &stores.job_runs;
    let succeeded = JobRun {
        outcome: JobOutcome::Ok,
        ..run("fetch", None)
    };
    runs.add(run("fetch", Some(1))).await.unwrap();
    let succeeded_id = runs.add(succeeded).await.unwrap();
    let due_id = runs.add(run("fetch", Some(2))).await.unwrap();
    runs.add(run("other", Some(9))).await.unwrap();
    for _ in 0..KEPT_RUNS + 5 {
        runs.add(run("fetch", None)).await.unwrap();
    }
    let kept = all(&**runs, "fetch").await;
    assert_eq!(kept.len() as u32, KEPT_RUNS + 2);
    let last = runs.last("feed", "fetch").await.unwrap();
    assert_eq!(last.newest.as_ref(), kept.first());
    assert_eq!(last.due.unwrap().id, due_id);
    assert_eq!(last.succeeded.unwrap().id, succeeded_id);
    assert_eq!(all(&**runs, "other").await.len(), 1);
}

async fn runs_that_a_node_did_not_finish_are_interrupted(Fixture { stores, .. }: Fixture) {
    let runs = &stores.job_runs;
    runs.add(run("fetch", Some(1))).await.unwrap();
    let done = JobRun {
        outcome: JobOutcome::Ok,
        ..run("fetch", Some(2))
    };
    runs.add(done).await.unwrap();
    assert_eq!(runs.interrupt("the node ended").await.unwrap(), 1);
    assert_eq!(runs.interrupt("the node ended").await.unwrap(), 0);
    let outcomes: Vec<_> = all(&**runs, "fetch")
        .await
        .into_iter()
        .map(|run| (run.outcome, run.reason.is_some(), run.ended.is_some()))
        .collect();
    let expected = [
        (JobOutcome::Ok, false, false),
        (JobOutcome::Interrupted, true, true),
    ];
    assert_eq!(outcomes, expected);
}

async fn runs_are_read_by_pages(Fixture { stores, .. }: Fixture) {
    let runs = &stores.job_runs;
    for due in 0..5 {
        runs.add(run("fetch", Some(due))).await.unwrap();
    }
    let first = runs.list("feed", "fetch", None, 3).await.unwrap();
    let rest = runs.list("feed", "fetch", first.next, 3).await.unwrap();
    let due: Vec<_> = first
        .items
        .iter()
        .chain(&rest.items)
        .map(|run| run.due.unwrap().to_micros())
        .collect();
    assert_eq!(due, [4, 3, 2, 1, 0]);
    assert_eq!(rest.next, None);
}
