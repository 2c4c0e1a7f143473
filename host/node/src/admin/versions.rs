//! Versions of an extension over the admin API: brought in beside the one that serves, changed, taken
//! away; and how they do.

use axum::Json;
use axum::extract::{Path, State};
use koi_registry::{Role, VersionsError, Vitals};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::problem::Problem;
use super::{AdminParts, OPERATOR};

/// As what a revision is to be active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "role", deny_unknown_fields)]
pub enum RoleRequest {
    /// It serves.
    Serving,
    /// It answers calls that ask for its version.
    Beside,
    /// It answers a share of the calls.
    Canary {
        /// Calls in a thousand, 1 to 1000.
        share: u16,
    },
    /// It answers unseen.
    Shadow,
}

impl RoleRequest {
    /// The role.
    ///
    /// # Errors
    /// If the share is none.
    pub(super) fn role(self) -> Result<Role, Problem> {
        match self {
            Self::Serving => Ok(Role::Serving),
            Self::Beside => Ok(Role::Beside),
            Self::Canary { share } if (1..=1000).contains(&share) => Ok(Role::Canary { share }),
            Self::Canary { share } => Err(Problem::bad_request(format!(
                "`share` is 1 to 1000 calls in a thousand, not {share}"
            ))),
            Self::Shadow => Ok(Role::Shadow),
        }
    }
}

pub(super) async fn put(
    State(parts): State<AdminParts>,
    Path((name, revision)): Path<(String, u64)>,
    Json(request): Json<RoleRequest>,
) -> Result<Json<Value>, Problem> {
    let registry = &parts.registry;
    let done = match request.role()? {
        Role::Serving => registry.promote(&name, revision, OPERATOR).await.map(drop),
        role => registry.put_beside(&name, revision, role, OPERATOR).await,
    };
    done.map_err(|error| problem(&error))?;
    let mut answer = serde_json::to_value(request).unwrap_or_default();
    answer["extension"] = json!(name);
    answer["revision"] = json!(revision);
    Ok(Json(answer))
}

pub(super) async fn retire(
    State(parts): State<AdminParts>,
    Path((name, revision)): Path<(String, u64)>,
) -> Result<Json<Value>, Problem> {
    let retired = parts.registry.retire(&name, revision, OPERATOR).await;
    retired.map_err(|error| problem(&error))?;
    Ok(Json(json!({"extension": name, "retired": revision})))
}

pub(super) async fn health(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
) -> Result<Json<Vitals>, Problem> {
    let vitals = parts.registry.vitals(&name);
    let vitals = vitals.ok_or_else(|| {
        let name: String = name.chars().take(64).collect();
        Problem::not_found(format!(
            "no extension `{name}` runs; `koi-mcp extension list` shows what is installed"
        ))
    })?;
    Ok(Json(vitals))
}

fn problem(error: &VersionsError) -> Problem {
    match error {
        VersionsError::Unknown(_) | VersionsError::NoSuchRevision { .. } => {
            Problem::not_found(error)
        }
        error => Problem::refused(error),
    }
}
