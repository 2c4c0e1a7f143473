//! Jobs run when they are due, one run at a time, and what became of them is known after any end of the
//! node.

use std::collections::BTreeSet;

use koi_tests::{Node, Witness, eventually, extension};
use serde_json::{Value, json};

use crate::{says, start};

/// Installs the extension whose jobs do what they are named for, those that are wanted.
fn install(node: &Node, wanted: &str, grants: &[&str]) -> Value {
    let file = extension("jobs");
    let (file, wanted) = (file.to_string_lossy(), format!("jobs={wanted}"));
    let mut args = vec!["extension", "install", &file, "--set", &wanted];
    for grant in grants.iter().chain(&["capability=config"]) {
        args.extend(["--grant", grant]);
    }
    node.json(&args)
}

const SCHEDULE: &str = "capability=schedule";

/// The runs of a job with one of these outcomes, the oldest first.
fn runs(node: &Node, job: &str, outcomes: &[&str]) -> Vec<Value> {
    let history = node.json(&["jobs", "history", "jobs", job]);
    let mut runs = history.as_array().unwrap().clone();
    runs.retain(|run| outcomes.contains(&run["outcome"].as_str().unwrap()));
    runs.reverse();
    runs
}

async fn ran(node: &Node, job: &str, outcome: &str, times: usize) -> Vec<Value> {
    eventually(&format!("{times} {outcome} of {job}"), async || {
        let found = runs(node, job, &[outcome]);
        (found.len() >= times).then_some(found)
    })
    .await
}

fn text<'a>(run: &'a Value, member: &str) -> &'a str {
    run[member]
        .as_str()
        .unwrap_or_else(|| panic!("{member}: {run}"))
}

/// How many due times there are, each of which has to be there once.
fn distinct_due(runs: &[Value]) -> usize {
    let due: BTreeSet<&str> = runs.iter().map(|run| text(run, "due")).collect();
    assert_eq!(
        due.len(),
        runs.len(),
        "a due time was taken twice: {runs:?}"
    );
    due.len()
}

#[tokio::test]
async fn a_job_runs_at_its_interval_while_that_is_granted() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    let report = install(&node, "tick", &[]);
    assert_eq!(report["missing"], json!([SCHEDULE]));
    let listed = node.json(&["jobs", "list", "jobs"]);
    let tick = |listed: &Value| {
        let jobs = listed.as_array().unwrap();
        jobs.iter()
            .find(|job| job["job"] == "tick")
            .unwrap()
            .clone()
    };
    let job = tick(&listed);
    assert_eq!(
        (&job["granted"], &job["last"]),
        (&json!(false), &json!(null))
    );
    assert_eq!((&job["every"], &job["title"]), (&json!(1), &json!("Tick")));
    let refusal = node.refusal(&["jobs", "run", "jobs", "tick"]);
    let remedy = "koi-mcp extension grant jobs capability=schedule";
    assert!(refusal.contains(remedy), "{refusal}");

    says(&node, &["extension", "grant", "jobs", SCHEDULE]);
    let ok = ran(&node, "tick", "ok", 3).await;
    distinct_due(&ok);
    // Nothing was missed while nothing was granted.
    assert_eq!(runs(&node, "tick", &["missed"]), [] as [Value; 0]);
    assert_eq!(ok[0]["result"]["kind"], "job");
    assert_eq!(ok[1]["result"]["due"], ok[1]["due"]);
    assert_eq!(ok[1]["result"]["last-success"], ok[0]["started"]);
    assert!(says(&node, &["jobs", "list"]).contains("30 2 29 2 *"));

    says(&node, &["extension", "revoke", "jobs", SCHEDULE]);
    let job = tick(&node.json(&["jobs", "list"]));
    assert_eq!(
        (&job["granted"], &job["next"]),
        (&json!(false), &json!(null))
    );
    says(&node, &["extension", "remove", "jobs"]);
    assert_eq!(node.json(&["jobs", "list"]), json!([]));
    // What it did is known all the same.
    assert!(runs(&node, "tick", &["ok"]).len() >= 3);
    let refusal = node.refusal(&["jobs", "history", "jobs", "none"]);
    assert!(refusal.contains("jobs has no job `none`"), "{refusal}");
}

#[tokio::test]
async fn an_operator_runs_a_job_at_any_time() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    install(&node, "nightly flaky", &[SCHEDULE]);
    let run = node.json(&["jobs", "run", "jobs", "nightly"]);
    assert_eq!((&run["outcome"], &run["due"]), (&json!("ok"), &json!(null)));
    assert_eq!(run["result"]["kind"], "job");
    // What passes is tried again.
    let flaky = ran(&node, "flaky", "ok", 1).await;
    assert_eq!(flaky[0]["attempts"], 3);
    let refusal = node.refusal(&["jobs", "run", "jobs", "none"]);
    assert!(refusal.contains("jobs has no job `none`"), "{refusal}");
}

#[tokio::test]
async fn what_comes_due_while_a_run_goes_on_is_skipped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    install(&node, "slow", &[SCHEDULE]);
    let ok = ran(&node, "slow", "ok", 2).await;
    for pair in ok.windows(2) {
        assert!(
            text(&pair[0], "ended") <= text(&pair[1], "started"),
            "{pair:?}"
        );
    }
    let skipped = ran(&node, "slow", "skipped", 1).await;
    assert!(skipped[0]["times"].as_u64().unwrap() >= 1, "{skipped:?}");
    assert_eq!(skipped[0]["reason"], "the run before went on");
    let running = eventually("a run that goes on", async || {
        runs(&node, "slow", &["running"]).pop()
    });
    running.await;
    let refusal = node.refusal(&["jobs", "run", "jobs", "slow"]);
    assert!(refusal.contains("goes on"), "{refusal}");
}

#[tokio::test]
async fn jobs_that_trap_and_spin_end_their_own_runs_and_harm_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    node.install("echo");
    let witness = Witness::of(&node);
    install(&node, "tick spin trap", &[SCHEDULE, "limit=cpu:200"]);
    let trapped = ran(&node, "trap", "failed", 3).await;
    assert!(
        text(&trapped[0], "reason").contains("crashed"),
        "{trapped:?}"
    );
    let spun = ran(&node, "spin", "failed", 3).await;
    assert!(text(&spun[0], "reason").contains("limits.cpu"), "{spun:?}");
    assert!(node.log().contains(text(&spun[0], "correlation")));
    ran(&node, "tick", "ok", 3).await;
    let seen = witness.since();
    assert!(
        seen.failures.is_empty() && !seen.answers.is_empty(),
        "{:?}",
        seen.failures
    );
    let refusal = node.refusal(&["jobs", "run", "jobs", "nothing"]);
    assert!(refusal.contains("no job"), "{refusal}");
}

#[tokio::test]
async fn after_kill_9_no_due_time_is_lost_or_taken_twice() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    install(&node, "tick tock slow", &[SCHEDULE]);
    ran(&node, "tick", "ok", 2).await;
    let cut = eventually("a run that goes on", async || {
        runs(&node, "slow", &["running"]).pop()
    })
    .await;
    node.process.kill();
    let node = start(&folder);
    let interrupted = ran(&node, "slow", "interrupted", 1).await;
    assert_eq!(interrupted[0]["id"], cut["id"]);
    assert_eq!(interrupted[0]["reason"], "the node ended before it did");
    // One run makes up for it, of the due time that it had or a later one.
    let ok = eventually("a run after that", async || {
        let ok = runs(&node, "slow", &["ok"]);
        ok.into_iter()
            .find(|run| run["id"].as_u64() > cut["id"].as_u64())
    });
    assert!(text(&ok.await, "due") >= text(&cut, "due"));
    let before = runs(&node, "tick", &["ok"]).len();
    ran(&node, "tick", "ok", before + 2).await;
    distinct_due(&runs(&node, "tick", &["ok"]));
    distinct_due(&runs(&node, "tock", &["ok"]));
}

#[tokio::test]
async fn a_node_that_is_stopped_lets_a_run_finish() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    install(&node, "slow", &[SCHEDULE]);
    let going_on = eventually("a run that goes on", async || {
        runs(&node, "slow", &["running"]).pop()
    })
    .await;
    assert_eq!(node.process.terminate(), Some(0));
    let node = start(&folder);
    let history = node.json(&["jobs", "history", "jobs", "slow"]);
    let mut runs = history.as_array().unwrap().iter();
    let finished = runs.find(|run| run["id"] == going_on["id"]).unwrap();
    assert_eq!(finished["outcome"], "ok", "{finished}");
}
