//! Installing what lies in a registry: the node pulls it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use koi_distribution::Reference;
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use super::routes::{AdminParts, InstallOptions};

/// What to pull, and how to install it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullRequest {
    /// Where it is: `oci://host/repository:tag`, with a digest if it is to be that and no other.
    pub reference: String,
    /// How to install it. Its source is where it was pulled from, with the digest of the manifest.
    #[serde(default)]
    pub options: InstallOptions,
}

pub(super) async fn pull(
    State(parts): State<AdminParts>,
    Json(request): Json<PullRequest>,
) -> Result<Response, Problem> {
    let reference: Reference = request.reference.parse().map_err(Problem::bad_request)?;
    let client = parts.registries.client(&reference);
    let client = client.map_err(|error| Problem::refused(format!("{error:#}")))?;
    let pulled = client.pull(&reference).await.map_err(Problem::refused)?;
    let mut signed = pulled.signed;
    signed.allow_publisher = request.options.allow_publisher.clone();
    let source = pulled.reference.to_string();
    let role = request.options.role()?;
    let install = request.options.into_install(pulled.component, source)?;
    let report = parts.registry.install_as(install, role, signed).await;
    Ok(Json(report.map_err(Problem::refused)?).into_response())
}
