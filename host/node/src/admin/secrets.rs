//! Secrets over the admin API: set, listed without their values, removed.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use koi_registry::{SecretName, SecretValue};
use serde_json::{Value, json};

use super::problem::Problem;
use super::{AdminParts, OPERATOR};
use crate::secrets::SecretInfo;

pub(super) async fn list(
    State(parts): State<AdminParts>,
) -> Result<Json<Vec<SecretInfo>>, Problem> {
    let secrets = parts.secrets.list().await.map_err(Problem::internal)?;
    Ok(Json(secrets))
}

/// The body is the value and nothing else.
pub(super) async fn set(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
    value: Bytes,
) -> Result<Json<Value>, Problem> {
    let name: SecretName = name.parse().map_err(Problem::bad_request)?;
    let value = String::from_utf8(value.into())
        .map_err(|_| Problem::bad_request("the value is no UTF-8 text"))?;
    let value = SecretValue::new(value).map_err(Problem::bad_request)?;
    let set = parts.secrets.set(name.clone(), value, OPERATOR);
    set.await.map_err(Problem::refused)?;
    Ok(Json(json!({"set": name})))
}

pub(super) async fn remove(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let name: SecretName = name.parse().map_err(Problem::bad_request)?;
    let removed = parts.secrets.remove(&name, OPERATOR);
    removed.await.map_err(Problem::refused)?;
    Ok(Json(json!({"removed": name})))
}
