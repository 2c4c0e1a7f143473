//! Queries of stored knowledge by its contents: the one that extensions and the command line have.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use koi_rid::{BundleOrder, Filter, RidType};
use koi_store::{BundlePage, BundleQuery, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::problem::Problem;
use super::{Rest, json_text};

/// Bundles on a page if nothing is said.
const PAGE: u32 = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    filter: Option<String>,
    order: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

type AskedOf = Result<Query<Asked>, axum::extract::rejection::QueryRejection>;

#[derive(Serialize)]
struct Found<'p> {
    resources: Vec<Resource<'p>>,
    #[serde(rename = "nextCursor", skip_serializing_if = "Option::is_none")]
    next: Option<&'p str>,
    scanned: u32,
    bounded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<&'p str>,
}

#[derive(Serialize)]
struct Resource<'p> {
    id: &'p str,
    timestamp: &'p str,
    content: &'p RawValue,
}

/// One page of the bundles of a RID type whose bundles are resources.
pub(super) async fn query(
    State(rest): State<Rest>,
    Path(rid_type): Path<String>,
    asked: AskedOf,
) -> Result<Response, Problem> {
    let shared = &rest.shared;
    let Query(asked) = asked.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
    let rid_type = RidType::parse(&rid_type)
        .ok()
        .filter(|rid_type| shared.view().rid_type(rid_type).is_some())
        .ok_or_else(Problem::unknown_resource)?;
    let query = of(rid_type, asked).map_err(Problem::bad_request)?;
    let correlation = shared.correlation();
    let page = shared.bundles.list(&query).await;
    let page = page.map_err(|error| match error {
        StoreError::Invalid { .. } => Problem::bad_request(error.to_string()),
        error if error.is_transient() => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
        }
        error => Problem::internal(&error, &correlation),
    })?;
    text(&page)
        .map(json_text)
        .map_err(|error| Problem::internal(&error, &correlation))
}

fn of(rid_type: RidType, asked: Asked) -> Result<BundleQuery, String> {
    let filter = asked.filter.as_deref().map(Filter::parse).transpose();
    let order = asked.order.as_deref().map(str::parse::<BundleOrder>);
    Ok(BundleQuery {
        rid_types: vec![rid_type],
        reference_prefix: None,
        filter: filter.map_err(|error| error.to_string())?,
        order: order
            .transpose()
            .map_err(|error| error.to_string())?
            .unwrap_or_default(),
        cursor: asked.cursor,
        limit: asked.limit.unwrap_or(PAGE),
    })
}

fn text(page: &BundlePage) -> serde_json::Result<String> {
    let resources = page.items.iter().map(|item| {
        let bundle = &item.bundle;
        Ok(Resource {
            id: bundle.manifest.rid.as_str(),
            timestamp: bundle.manifest.timestamp.as_str(),
            content: serde_json::from_str(bundle.contents.as_str())?,
        })
    });
    serde_json::to_string(&Found {
        resources: resources.collect::<serde_json::Result<_>>()?,
        next: page.next.as_deref(),
        scanned: page.scanned,
        bounded: page.is_bounded,
        index: page.index.as_ref().map(koi_rid::Pointer::as_str),
    })
}
