//! Revisions over the admin API: listed, compared, gone back to, approved.

use axum::Json;
use axum::extract::{Path, Query, State};
use koi_registry::{
    Diff, GrantRequest, Inspection, InstallReport, Naming, RevisionError, RevisionView, SwapReport,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::problem::Problem;
use super::upload::Component;
use super::{AdminParts, OPERATOR, grants};

/// Which revision to go back to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reverting {
    /// Its number; left out: the one before.
    pub to: Option<u64>,
}

/// What to grant a held revision on top of what it has.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Approval {
    /// Rights, as `koi-mcp extension install --grant` takes them.
    pub grants: Vec<String>,
    /// Grant all that it asks for.
    pub grant_asked: bool,
}

/// Which revisions to compare.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DiffQuery {
    from: u64,
    /// Left out: the one that serves.
    to: Option<u64>,
}

/// What a component in the body is called.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ComponentQuery {
    /// If it does not say it by the contract.
    pub name: Option<String>,
    /// The file that it is from, whose name it gets if nothing else says one.
    pub file: String,
}

/// What is not there is told as such; all else is refused.
fn problem(error: RevisionError) -> Problem {
    match error {
        RevisionError::Unknown(_)
        | RevisionError::NoSuchRevision { .. }
        | RevisionError::NothingHeld(_) => Problem::not_found(error),
        RevisionError::Store(_) => Problem::internal(error),
        error => Problem::refused(error),
    }
}

pub(super) async fn list(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
) -> Result<Json<Vec<RevisionView>>, Problem> {
    let revisions = parts.registry.revisions(&name).await;
    Ok(Json(revisions.map_err(problem)?))
}

pub(super) async fn inspect(
    State(parts): State<AdminParts>,
    Path((name, revision)): Path<(String, u64)>,
) -> Result<Json<Inspection>, Problem> {
    let inspection = parts.registry.inspect(&name, revision).await;
    Ok(Json(inspection.map_err(problem)?))
}

pub(super) async fn diff(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
    Query(query): Query<DiffQuery>,
) -> Result<Json<Diff>, Problem> {
    let registry = &parts.registry;
    let to = match query.to {
        Some(to) => to,
        None => registry.serving(&name).await.map_err(problem)?,
    };
    let diff = registry.diff(&name, query.from, to).await;
    Ok(Json(diff.map_err(problem)?))
}

pub(super) async fn diff_component(
    State(parts): State<AdminParts>,
    Query(query): Query<ComponentQuery>,
    component: Component,
) -> Result<Json<Diff>, Problem> {
    let naming = match query.name {
        Some(name) => Naming::Given(name),
        None => Naming::After(query.file),
    };
    let diff = parts.registry.diff_component(component.0, naming).await;
    Ok(Json(diff.map_err(problem)?))
}

pub(super) async fn last_swap(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
) -> Result<Json<SwapReport>, Problem> {
    let swap = parts.registry.last_swap(&name).ok_or_else(|| {
        Problem::not_found(format!(
            "no revision of {name:?} has begun to serve since the node started"
        ))
    })?;
    Ok(Json(swap))
}

pub(super) async fn revert(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
    Json(reverting): Json<Reverting>,
) -> Result<Json<InstallReport>, Problem> {
    let report = parts.registry.revert(&name, reverting.to, OPERATOR).await;
    Ok(Json(report.map_err(problem)?))
}

pub(super) async fn approve(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
    Json(approval): Json<Approval>,
) -> Result<Json<InstallReport>, Problem> {
    let request = if approval.grant_asked {
        GrantRequest::AsAsked
    } else {
        GrantRequest::Listed(grants::parse(&approval.grants)?)
    };
    let report = parts.registry.approve(&name, request, OPERATOR).await;
    Ok(Json(report.map_err(problem)?))
}

pub(super) async fn reject(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let rejected = parts.registry.reject(&name, OPERATOR).await;
    let rejected = rejected.map_err(problem)?;
    Ok(Json(json!({"extension": name, "rejected": rejected})))
}

pub(super) async fn pin(
    State(parts): State<AdminParts>,
    Path((name, revision)): Path<(String, u64)>,
) -> Result<Json<Value>, Problem> {
    set_pinned(&parts, &name, revision, true).await
}

pub(super) async fn unpin(
    State(parts): State<AdminParts>,
    Path((name, revision)): Path<(String, u64)>,
) -> Result<Json<Value>, Problem> {
    set_pinned(&parts, &name, revision, false).await
}

async fn set_pinned(
    parts: &AdminParts,
    name: &str,
    revision: u64,
    pinned: bool,
) -> Result<Json<Value>, Problem> {
    let set = parts.registry.pin(name, revision, pinned, OPERATOR).await;
    set.map_err(problem)?;
    Ok(Json(
        json!({"extension": name, "revision": revision, "pinned": pinned}),
    ))
}

pub(super) async fn deprecate(
    State(parts): State<AdminParts>,
    Path((name, revision)): Path<(String, u64)>,
    Json(reason): Json<Option<String>>,
) -> Result<Json<Value>, Problem> {
    let told = json!({"extension": name, "revision": revision, "deprecated": reason});
    let deprecated = parts
        .registry
        .deprecate(&name, revision, reason, OPERATOR)
        .await;
    deprecated.map_err(problem)?;
    Ok(Json(told))
}
