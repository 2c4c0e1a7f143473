//! The network over the admin API: who is known, who shares an edge, what another node has.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use koi_pipeline::{FetchError, Fetched};
use koi_rid::Rid;
use koi_store::StoredBundle;
use serde::{Deserialize, Serialize};

use super::AdminParts;
use super::knowledge::bundle_json;
use super::problem::Problem;

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
