//! The network over the admin API: who is known, who shares an edge, what another node has.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use koi_pipeline::{FetchError, Fetched};
use koi_rid::Rid;
use koi_store::StoredBundle;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::AdminParts;
use super::knowledge::bundle_json;
use super::problem::Problem;
use super::routes::RidQuery;

/// Something with a RID and a profile.
#[derive(Serialize)]
pub(super) struct Known<T> {
    rid: Rid,
    #[serde(flatten)]
    profile: T,
}

fn known<T: Serialize>(all: Vec<(Rid, T)>) -> Json<Vec<Known<T>>> {
    let known = |(rid, profile)| Known { rid, profile };
    Json(all.into_iter().map(known).collect())
}

pub(super) async fn nodes(State(parts): State<AdminParts>) -> impl IntoResponse {
    known(parts.net.nodes())
}

pub(super) async fn edges(State(parts): State<AdminParts>) -> impl IntoResponse {
    known(parts.net.edges())
}

/// Has an edge proposed to a node again.
pub(super) async fn propose(
    State(parts): State<AdminParts>,
    Query(node): Query<RidQuery>,
) -> Result<Json<Value>, Problem> {
    let node = node.parse()?;
    let rid_types = parts.net.propose(&node).map_err(Problem::refused)?;
    Ok(Json(json!({"proposed_to": node, "rid_types": rid_types})))
}

/// Has a node forgotten, with its edges and what waits for it.
pub(super) async fn forget(
    State(parts): State<AdminParts>,
    Query(node): Query<RidQuery>,
) -> Result<Json<Value>, Problem> {
    let node = node.parse()?;
    if node == *parts.net.rid() {
        return Err(Problem::refused("this node does not forget itself"));
    }
    if !parts.net.nodes().iter().any(|(known, _)| *known == node) {
        return Err(Problem::not_found(format!(
            "no node {node} is known; `koi-mcp network nodes` lists those that are"
        )));
    }
    let forgetting = vec![koi_pipeline::forgetting(node.clone())];
    let accepted = parts.intake.accept(forgetting).await;
    accepted.map_err(Problem::internal)?;
    Ok(Json(json!({"forgotten": node})))
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    rid: String,
    from: Option<String>,
}

/// A bundle from one node, or from whoever provides its type, on its way into the pipeline.
pub(super) async fn fetch(
    State(parts): State<AdminParts>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let rid = Rid::parse(&wanted.rid).map_err(Problem::bad_request)?;
    let from = wanted.from.as_deref().map(Rid::parse).transpose();
    let fetch = parts.net.fetch();
    let fetched = match from.map_err(Problem::bad_request)? {
        Some(source) => {
            let bundle = fetch.bundle(&source, &rid).await;
            bundle.map(|bundle| bundle.map(|bundle| Fetched { bundle, source }))
        }
        None => fetch.dereference(&rid).await,
    };
    let fetched = fetched.map_err(|error| {
        let status = match error {
            FetchError::Transient(_) => StatusCode::SERVICE_UNAVAILABLE,
            FetchError::Permanent(_) => StatusCode::BAD_GATEWAY,
        };
        Problem::new(status, error)
    })?;
    let Some(fetched) = fetched else {
        let who = wanted.from.unwrap_or_else(|| {
            "no node that is known to provide its type, and is there,".to_owned()
        });
        return Err(Problem::not_found(format!("{who} has nothing under {rid}")));
    };
    let Fetched { bundle, source } = &fetched;
    if bundle.manifest.rid != rid || !bundle.hash_is_right() {
        let what = format!("{source} answered with a bundle whose RID or hash is wrong");
        return Err(Problem::new(StatusCode::BAD_GATEWAY, what));
    }
    let body = bundle_json(&StoredBundle {
        bundle: bundle.clone(),
        source: Some(source.clone()),
        written_by: None,
    });
    let accepted = parts
        .intake
        .accept(vec![koi_pipeline::fetched(fetched)])
        .await;
    accepted.map_err(Problem::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
