//! Jobs of extensions over the admin API: when they run, how they ran, and a run now.

use axum::Json;
use axum::extract::{Path, Query, State};
use koi_registry::{Missed, When};
use koi_rid::Timestamp;
use koi_schedule::{JobStatus, RunError};
use koi_store::JobRun;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::problem::Problem;
use super::{AdminParts, OPERATOR};

/// Runs in one answer.
const PAGE: u32 = 100;

#[derive(Deserialize)]
pub(super) struct Of {
    extension: Option<String>,
}

pub(super) async fn list(
    State(parts): State<AdminParts>,
    Query(of): Query<Of>,
) -> Result<Json<Value>, Problem> {
    let jobs = parts.schedule.jobs(of.extension.as_deref()).await;
    let jobs = jobs.map_err(Problem::internal)?;
    Ok(Json(jobs.iter().map(status_json).collect()))
}

#[derive(Deserialize)]
pub(super) struct Cursor {
    cursor: Option<String>,
}

/// The runs of a job; one that nothing is known of is refused.
pub(super) async fn history(
    State(parts): State<AdminParts>,
    Path((extension, job)): Path<(String, String)>,
    Query(from): Query<Cursor>,
) -> Result<Json<Value>, Problem> {
    let is_first = from.cursor.is_none();
    let page = parts
        .schedule
        .history(&extension, &job, from.cursor, PAGE)
        .await
        .map_err(Problem::refused)?;
    if page.items.is_empty() && is_first {
        let jobs = parts.schedule.jobs(Some(&extension)).await;
        let jobs = jobs.map_err(Problem::internal)?;
        if !jobs.iter().any(|status| status.job.name == job) {
            return Err(Problem::not_found(RunError::Unknown { extension, job }));
        }
    }
    let runs: Vec<Value> = page.items.iter().map(run_json).collect();
    Ok(Json(json!({"runs": runs, "next": page.next})))
}

/// Runs a job and answers when it has ended.
pub(super) async fn run(
    State(parts): State<AdminParts>,
    Path((extension, job)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let run = parts.schedule.run_now(&extension, &job, OPERATOR).await;
    let run = run.map_err(|error| match error {
        RunError::Unknown { .. } => Problem::not_found(error),
        RunError::Store(_) | RunError::Ended => Problem::internal(error),
        RunError::Running(_) | RunError::NotGranted(_) => Problem::refused(error),
    })?;
    Ok(Json(run_json(&run)))
}

fn status_json(status: &JobStatus) -> Value {
    let job = &status.job;
    let (every, cron) = match &job.when {
        When::Every(every) => (Some(every.as_secs()), None),
        When::Cron(cron) => (None, Some(cron.as_str())),
    };
    json!({
        "extension": status.extension,
        "job": job.name,
        "title": job.title,
        "description": job.description,
        "every": every,
        "cron": cron,
        "jitter": job.jitter.as_secs(),
        "missed": match job.missed {
            Missed::Skip => "skip",
            Missed::Once => "once",
        },
        "granted": status.granted,
        "running": status.running,
        "next": status.next.filter(|_| status.granted).as_ref().map(Timestamp::as_str),
        "last": status.last.as_ref().map(run_json),
    })
}

fn run_json(run: &JobRun) -> Value {
    // It was checked to be JSON when the run ended.
    let result = run.result.as_deref().map(serde_json::from_str::<&RawValue>);
    json!({
        "id": run.id,
        "due": run.due.as_ref().map(Timestamp::as_str),
        "times": run.times,
        "started": run.started.as_str(),
        "ended": run.ended.as_ref().map(Timestamp::as_str),
        "outcome": run.outcome.as_str(),
        "attempts": run.attempts,
        "reason": run.reason,
        "result": result.and_then(Result::ok),
        "correlation": run.correlation,
    })
}
