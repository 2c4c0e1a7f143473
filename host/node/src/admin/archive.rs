//! Exports and backups over the admin API, one at a time: each keeps the database from using room again
//! that others have freed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::AdminParts;
use super::problem::Problem;
use crate::backup::{self, Backup};

/// Where the node's things are, and whose turn it is to copy them.
#[derive(Clone)]
pub struct Archive {
    data_dir: Arc<Path>,
    is_on_a_server: bool,
    turn: Arc<Semaphore>,
}

impl Archive {
    /// Of the node on a data folder, whose store is in that or on a server.
    pub fn new(data_dir: &Path, is_on_a_server: bool) -> Self {
        Self {
            data_dir: data_dir.into(),
            is_on_a_server,
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.turn.clone().try_acquire_owned().map_err(|_| {
            let detail = "an export or a backup is being made; try again when it is done";
            Problem::new(StatusCode::CONFLICT, detail)
        })
    }
}

/// Everything as JSON lines. What is not whole lacks the last line.
pub(super) async fn export(State(parts): State<AdminParts>) -> Result<Response, Problem> {
    let turn = parts.archive.turn()?;
    let export = parts.stores.archive.export().await;
    let pieces = export
        .map_err(Problem::internal)?
        .inspect_err(|error| tracing::error!(%error, "an export was broken off"))
        .take_until(parts.stopping.cancelled_owned())
        // Until the stream has ended or was dropped.
        .inspect(move |_| {
            let _ = &turn;
        });
    let head = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((head, Body::from_stream(pieces)).into_response())
}

/// Where to make a backup.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupRequest {
    /// An absolute path on the node's machine: a folder that is not there yet or is empty.
    pub folder: PathBuf,
}

pub(super) async fn backup(
    State(parts): State<AdminParts>,
    Json(request): Json<BackupRequest>,
) -> Result<Json<Backup>, Problem> {
    let archive = parts.archive;
    if archive.is_on_a_server {
        return Err(Problem::refused(backup::IS_ON_A_SERVER));
    }
    if !request.folder.is_absolute() {
        let detail = format!("{} is no absolute path", request.folder.display());
        return Err(Problem::bad_request(detail));
    }
    let turn = archive.turn()?;
    let made = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        backup::make(&archive.data_dir, &request.folder)
    });
    let made = made.await.map_err(Problem::internal)?;
    made.map(Json)
        .map_err(|error| Problem::refused(format!("{error:#}")))
}
