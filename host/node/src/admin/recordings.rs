//! Calls recorded and run again over the admin API.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use koi_registry::Invocation;
use koi_runtime::{Recording, Replayed};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::AdminParts;
use super::problem::Problem;

/// What to call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum RecordRequest {
    /// A tool.
    Tool {
        /// Its name.
        name: String,
        /// Its arguments, a JSON object.
        arguments: Value,
    },
    /// A resource of an extension.
    Resource {
        /// Its URI.
        uri: String,
    },
}

/// What came of a replay.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReplayReport {
    /// Whether it was the same to the byte.
    pub same: bool,
    /// The digest of the component that was run.
    pub digest: String,
    /// Where it first went another way, for a program.
    pub divergence: Option<Value>,
    /// The same in one sentence.
    pub told: Option<String>,
}

impl ReplayReport {
    /// Of a replay.
    #[must_use]
    pub fn new(replayed: &Replayed) -> Self {
        let divergence = replayed.divergence.as_ref();
        Self {
            same: divergence.is_none(),
            digest: replayed.digest.to_string(),
            divergence: divergence.map(|divergence| serde_json::json!(divergence)),
            told: divergence.map(ToString::to_string),
        }
    }
}

/// Makes a call; the answer is the recording, as it is to stand in a file.
pub(super) async fn record(
    State(parts): State<AdminParts>,
    Json(request): Json<RecordRequest>,
) -> Result<Response, Problem> {
    let snapshot = parts.registry.snapshot();
    let invocation = Invocation::from_operator();
    let recorded = match request {
        RecordRequest::Tool { name, arguments } => {
            let tool = super::routes::tool(&snapshot, &name, None)?;
            tool.check_arguments(&arguments).map_err(Problem::refused)?;
            tool.record(&arguments.to_string(), invocation).await
        }
        RecordRequest::Resource { uri } => {
            let recorded = snapshot.record_resource(&uri, invocation).await;
            recorded.ok_or_else(|| {
                Problem::not_found(format!("no extension lists a resource {uri:?}"))
            })?
        }
    };
    let recording = recorded.map_err(Problem::refused)?;
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((json, recording.to_json()).into_response())
}

/// Runs the recording in the body again.
pub(super) async fn replay(
    State(parts): State<AdminParts>,
    recording: Bytes,
) -> Result<Json<ReplayReport>, Problem> {
    let recording = Recording::parse(&recording).map_err(Problem::bad_request)?;
    let replayed = parts.registry.replay(&recording).await;
    Ok(Json(ReplayReport::new(
        &replayed.map_err(Problem::refused)?,
    )))
}
