//! Grants over the admin API: shown, given, taken back.

use axum::Json;
use axum::extract::{Path, State};
use koi_registry::{Grant, GrantChange, GrantsView, Learned};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::problem::Problem;
use super::{AdminParts, OPERATOR};

/// What to grant and what to take back, in the words of the command line.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GrantEdit {
    /// To be granted.
    pub grant: Vec<String>,
    /// To be taken back.
    pub revoke: Vec<String>,
}

/// Grants in the words of the command line.
pub(super) fn parse(grants: &[String]) -> Result<Vec<Grant>, Problem> {
    grants
        .iter()
        .map(|text| text.parse().map_err(Problem::bad_request))
        .collect()
}

pub(super) async fn show(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
) -> Result<Json<GrantsView>, Problem> {
    let view = parts.registry.grants(&name).map_err(Problem::not_found)?;
    Ok(Json(view))
}

pub(super) async fn change(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
    Json(edit): Json<GrantEdit>,
) -> Result<Json<Value>, Problem> {
    let change = GrantChange {
        grant: parse(&edit.grant)?,
        revoke: parse(&edit.revoke)?,
    };
    let grants = parts
        .registry
        .change_grants(&name, change, OPERATOR)
        .await
        .map_err(Problem::refused)?;
    // None where the extension does not run, whatever it was granted.
    let idle = parts.registry.grants(&name).map(|view| view.idle);
    let idle = idle.unwrap_or_default();
    Ok(Json(
        json!({"extension": name, "grants": grants, "idle": idle}),
    ))
}

pub(super) async fn learned(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
) -> Result<Json<Learned>, Problem> {
    let learned = parts.registry.learned(&name).map_err(Problem::not_found)?;
    Ok(Json(learned))
}

pub(super) async fn learn(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
    Json(on): Json<bool>,
) -> Result<Json<Value>, Problem> {
    parts
        .registry
        .learn(&name, on)
        .map_err(Problem::not_found)?;
    Ok(Json(json!({"extension": name, "learning": on})))
}
