//! Jobs on a clock that the test sets: what is due begins, and what became of it is in the store.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::time::Duration;

use koi_registry::GrantChange;
use koi_runtime::GuestErrorKind;
use koi_schedule::RunError;
use koi_store::JobOutcome;
use serde_json::{Value, json};

use support::{Begun, Fixture, at};

const PATIENCE: Duration = Duration::from_secs(60);

fn minutely(missed: &str) -> Value {
    json!([{"name": "job", "every": 60, "missed": missed}])
}

fn due(begun: &Begun) -> &str {
    begun.told["due"].as_str().unwrap()
}

#[tokio::test]
async fn a_job_begins_at_once_and_then_whenever_it_is_due() {
    let mut node = Fixture::with(minutely("skip")).await;
    let schedule = node.schedule().await;
    let first = node.next().await;
    assert_eq!((first.job.as_str(), due(&first)), ("job", at(0).as_str()));
    assert_eq!(first.told["attempt"], 1);
    assert_eq!(first.told.get("last-success"), None);
    first.succeed();
    node.until(JobOutcome::Ok, |_| true).await;
    node.idle(&schedule).await;
    node.clock.set(59);
    let jobs = schedule.jobs(Some("a")).await.unwrap();
    assert_eq!((jobs[0].next, jobs[0].granted), (Some(at(60)), true));
    node.clock.set(61);
    let second = node.next().await;
    assert_eq!(due(&second), at(60).as_str());
    assert_eq!(second.told["last-success"], at(0).as_str());
    second.fail(GuestErrorKind::Permanent);
    let failed = node.until(JobOutcome::Failed, |_| true).await;
    assert!(failed.reason.unwrap().contains("it failed"));
    assert_eq!((failed.due, failed.attempts), (Some(at(60)), 1));
    assert!(schedule.jobs(Some("b")).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_cron_job_begins_at_its_time() {
    // Second 0 is 2027-01-15T08:00:00Z.
    let mut node = Fixture::with(json!([{"name": "job", "cron": "30 8 * * *"}])).await;
    let _schedule = node.schedule().await;
    node.clock.set(30 * 60);
    let begun = node.next().await;
    assert_eq!(due(&begun), "2027-01-15T08:30:00Z");
}

#[tokio::test]
async fn what_comes_due_while_a_run_goes_on_is_one_entry_that_counts() {
    let mut node = Fixture::with(minutely("skip")).await;
    let schedule = node.schedule().await;
    let long = node.next().await;
    node.clock.set(60);
    node.until(JobOutcome::Skipped, |run| run.times == 1).await;
    node.clock.set(120);
    let skipped = node.until(JobOutcome::Skipped, |run| run.times == 2).await;
    assert_eq!(skipped.due, Some(at(120)));
    let refused = schedule.run_now("a", "job", "operator").await;
    assert!(matches!(refused, Err(RunError::Running(_))), "{refused:?}");
    long.succeed();
    node.until(JobOutcome::Ok, |_| true).await;
    node.idle(&schedule).await;
    node.clock.set(180);
    let next = node.next().await;
    assert_eq!(due(&next), at(180).as_str());
    next.succeed();
    node.until(JobOutcome::Ok, |run| run.due == Some(at(180)))
        .await;
    let history = schedule.history("a", "job", None, 10).await.unwrap().items;
    assert_eq!(history.len(), 3, "{history:?}");
}

#[tokio::test]
async fn what_a_node_missed_is_left_out_or_made_up_for() {
    for missed in ["skip", "once"] {
        let mut node = Fixture::with(minutely(missed)).await;
        node.ran(0, JobOutcome::Ok).await;
        node.clock.set(200);
        let _schedule = node.schedule().await;
        let begun = match missed {
            "skip" => {
                let left_out = node.until(JobOutcome::Missed, |_| true).await;
                assert_eq!((left_out.times, left_out.due), (3, Some(at(180))));
                node.clock.set(240);
                node.next().await
            }
            _ => {
                let begun = node.next().await;
                let left_out = node.until(JobOutcome::Missed, |_| true).await;
                assert_eq!(left_out.times, 2);
                begun
            }
        };
        let expected = if missed == "skip" { at(240) } else { at(180) };
        assert_eq!(due(&begun), expected.as_str(), "{missed}");
    }
}

#[tokio::test]
async fn a_run_that_a_node_did_not_finish_is_done_again_where_missed_ones_are() {
    let mut node = Fixture::with(minutely("once")).await;
    node.ran(0, JobOutcome::Running).await;
    node.clock.set(5);
    let _schedule = node.schedule().await;
    let begun = node.next().await;
    assert_eq!(due(&begun), at(0).as_str());
    let interrupted = node.until(JobOutcome::Interrupted, |_| true).await;
    assert_eq!(interrupted.correlation, "earlier");

    let mut node = Fixture::with(minutely("skip")).await;
    node.ran(0, JobOutcome::Running).await;
    node.clock.set(5);
    let _schedule = node.schedule().await;
    node.until(JobOutcome::Interrupted, |_| true).await;
    node.clock.set(60);
    assert_eq!(due(&node.next().await), at(60).as_str());
}

#[tokio::test]
async fn a_transient_failure_is_tried_again_three_times() {
    let mut node = Fixture::with(json!([{"name": "job", "every": 366 * 24 * 3600}])).await;
    let _schedule = node.schedule().await;
    node.clock.run();
    for attempt in 1..=4 {
        let begun = node.next().await;
        assert_eq!(begun.told["attempt"], attempt);
        begun.fail(GuestErrorKind::Transient);
    }
    let failed = node.until(JobOutcome::Failed, |_| true).await;
    assert_eq!(failed.attempts, 4);
}

#[tokio::test]
async fn a_failure_is_not_tried_again_beyond_the_next_due_time() {
    let mut node = Fixture::with(json!([{"name": "job", "every": 1}])).await;
    let _schedule = node.schedule().await;
    node.next().await.fail(GuestErrorKind::Transient);
    let failed = node.until(JobOutcome::Failed, |_| true).await;
    assert_eq!(failed.attempts, 1);
}

#[tokio::test]
async fn a_new_revision_takes_over_and_the_run_that_goes_on_is_finished() {
    let mut node = Fixture::with(minutely("skip")).await;
    let schedule = node.schedule().await;
    let old = node.next().await;
    assert_eq!(old.revision, 1);
    node.install(json!([{"name": "job", "every": 100}, {"name": "other", "every": 100}]))
        .await;
    let other = node.next().await;
    assert_eq!((other.job.as_str(), other.revision), ("other", 2));
    old.succeed();
    node.until(JobOutcome::Ok, |_| true).await;
    node.idle(&schedule).await;
    node.clock.set(100);
    let new = node.next().await;
    assert_eq!((new.job.as_str(), new.revision), ("job", 2));
    // The interval of the new revision, from when it was due last.
    assert_eq!(due(&new), at(100).as_str());

    node.registry.remove("a", "operator").await.unwrap();
    assert!(schedule.jobs(None).await.unwrap().is_empty());
    let gone = schedule.run_now("a", "job", "operator").await;
    assert!(matches!(gone, Err(RunError::Unknown { .. })), "{gone:?}");
    new.succeed();
    node.until(JobOutcome::Ok, |run| run.due == Some(at(100)))
        .await;
}

#[tokio::test]
async fn a_job_that_is_no_longer_granted_is_not_tried_again() {
    let mut node = Fixture::with(json!([{"name": "job", "every": 366 * 24 * 3600}])).await;
    let schedule = node.schedule().await;
    let begun = node.next().await;
    let schedule_grant = "capability=schedule".parse().unwrap();
    let change = GrantChange {
        grant: Vec::new(),
        revoke: vec![schedule_grant],
    };
    let changed = node.registry.change_grants("a", change, "operator").await;
    changed.unwrap();
    begun.fail(GuestErrorKind::Transient);
    node.clock.run();
    let failed = node.until(JobOutcome::Failed, |_| true).await;
    assert!(failed.reason.unwrap().contains("capability `schedule`"));
    let refused = schedule.run_now("a", "job", "operator").await;
    assert!(
        matches!(refused, Err(RunError::NotGranted(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn somebody_asks_for_a_run_beside_the_schedule() {
    let mut node = Fixture::with(minutely("skip")).await;
    let schedule = node.schedule().await;
    node.next().await.succeed();
    node.until(JobOutcome::Ok, |_| true).await;
    node.idle(&schedule).await;
    node.clock.set(30);
    let asked = schedule.run_now("a", "job", "operator");
    let answering = async {
        let begun = node.next().await;
        assert_eq!(begun.told.get("due"), None);
        begun.succeed();
    };
    let (run, ()) = tokio::join!(asked, answering);
    let run = run.unwrap();
    assert_eq!((run.due, run.outcome), (None, JobOutcome::Ok));
    node.clock.set(60);
    assert_eq!(due(&node.next().await), at(60).as_str());
}

#[tokio::test]
async fn a_schedule_that_stops_lets_runs_finish_and_begins_none() {
    let mut node = Fixture::with(minutely("skip")).await;
    let schedule = node.schedule().await;
    let begun = node.next().await;
    let finish = async {
        tokio::task::yield_now().await;
        node.clock.set(60);
        begun.succeed();
    };
    tokio::join!(schedule.drain(PATIENCE), finish);
    let history = schedule.history("a", "job", None, 10).await.unwrap().items;
    let outcomes: Vec<_> = history.iter().map(|run| run.outcome).collect();
    assert_eq!(outcomes, [JobOutcome::Ok]);
    assert!(node.begun.try_recv().is_err());
}
