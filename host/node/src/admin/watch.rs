//! What passes, as it passes: `GET /v1/events` answers with a line of JSON for each change of the
//! stored knowledge, until whoever watches leaves or the node stops. One who reads too slowly is told
//! how many it missed; the node waits for nobody.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use koi_pipeline::Change;
use koi_rid::{RidType, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::AdminParts;
use super::problem::Problem;

#[derive(Deserialize)]
pub(super) struct Watched {
    rid_type: Option<String>,
}

/// Begins with the line `{"event":"watching"}`: what is stored from then on is told.
pub(super) async fn watch(
    State(parts): State<AdminParts>,
    Query(watched): Query<Watched>,
) -> Result<Response, Problem> {
    let rid_type = watched.rid_type.as_deref().map(RidType::parse).transpose();
    let rid_type = rid_type.map_err(Problem::bad_request)?;
    let changes = parts.pipeline.changes();
    let told = stream::unfold((changes, rid_type), |(mut changes, rid_type)| async {
        let told = next(&mut changes, rid_type.as_ref()).await?;
        Some((told, (changes, rid_type)))
    });
    let lines = stream::once(async { json!({ "event": "watching" }) })
        .chain(told)
        .map(|line| Ok::<_, Infallible>(format!("{line}\n")))
        .take_until(parts.stopping.cancelled_owned());
    let head = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((head, Body::from_stream(lines)).into_response())
}

/// The next line; none when the pipeline has ended.
async fn next(changes: &mut Receiver<Change>, rid_type: Option<&RidType>) -> Option<Value> {
    loop {
        match changes.recv().await {
            Ok(change) if rid_type.is_none_or(|of| change.rid.rid_type() == *of) => {
                return Some(json!({
                    "at": Timestamp::now().as_str(),
                    "event": change.event_type.as_str(),
                    "rid": change.rid,
                    "source": change.source,
                }));
            }
            Ok(_) => {}
            Err(RecvError::Lagged(missed)) => {
                return Some(json!({ "event": "missed", "count": missed }));
            }
            Err(RecvError::Closed) => return None,
        }
    }
}
