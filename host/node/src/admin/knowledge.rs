//! Queries of stored knowledge over the admin API: by contents, and by who wrote it.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use koi_rid::{BundleOrder, Filter, Pointer, RidType};
use koi_store::{BundleQuery, Page, StoredBundle, Written, WrittenQuery};
use serde::Deserialize;
use serde_json::{Value, json};

use super::AdminParts;
use super::problem::Problem;

/// Entries of provenance in one answer, and bundles forgotten by one request.
const PAGE: u32 = 500;

#[derive(Deserialize)]
pub(super) struct Asked {
    rid_type: String,
    filter: Option<String>,
    order: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// One page of bundles: `bundles` as `koi-mcp read` prints them, `next`, how many were looked at
/// (`scanned`), whether the page ended for that (`bounded`), and the path whose `index` was used.
pub(super) async fn query(
    State(parts): State<AdminParts>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let filter = asked.filter.as_deref().map(Filter::parse).transpose();
    let order = asked.order.as_deref().map(str::parse::<BundleOrder>);
    let query = BundleQuery {
        rid_types: vec![RidType::parse(&asked.rid_type).map_err(Problem::bad_request)?],
        reference_prefix: None,
        filter: filter.map_err(Problem::bad_request)?,
        order: order
            .transpose()
            .map_err(Problem::bad_request)?
            .unwrap_or_default(),
        cursor: asked.cursor,
        limit: asked.limit.unwrap_or(100),
    };
    let page = parts.stores.bundles.list(&query).await;
    let page = page.map_err(Problem::refused)?;
    let bundles: Vec<String> = page.items.iter().map(bundle_json).collect();
    let body = format!(
        "{{\"bundles\":[{}],\"next\":{},\"scanned\":{},\"bounded\":{},\"index\":{}}}",
        bundles.join(","),
        json!(page.next),
        page.scanned,
        page.is_bounded,
        json!(page.index.as_ref().map(Pointer::as_str)),
    );
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// A stored bundle as `koi-mcp read` prints it: its contents as the text that arrived, and who wrote
/// it.
pub(super) fn bundle_json(stored: &StoredBundle) -> String {
    let bundle = &stored.bundle;
    let (manifest, contents) = (bundle.manifest.to_json(), bundle.contents.as_str());
    let writer = stored
        .written_by
        .as_ref()
        .and_then(|writer| serde_json::to_string(writer).ok());
    let writer = writer
        .map(|writer| format!(",\"written_by\":{writer}"))
        .unwrap_or_default();
    format!("{{\"manifest\":{manifest},\"contents\":{contents}{writer}}}")
}

#[derive(Deserialize)]
pub(super) struct WrittenBy {
    revision: Option<u64>,
    cursor: Option<String>,
}

/// One page of what an extension wrote.
pub(super) async fn wrote(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
    Query(by): Query<WrittenBy>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(written_json(&written(&parts, name, by).await?)))
}

/// Has one page of what an extension wrote forgotten, through the pipeline.
pub(super) async fn forget_written(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
    Query(by): Query<WrittenBy>,
) -> Result<Json<Value>, Problem> {
    let page = written(&parts, name, by).await?;
    let forgettings = page
        .items
        .iter()
        .map(|item| koi_pipeline::forgetting(item.rid.clone()));
    let accepted = parts.intake.accept(forgettings.collect()).await;
    accepted.map_err(Problem::internal)?;
    Ok(Json(written_json(&page)))
}

async fn written(
    parts: &AdminParts,
    extension: String,
    by: WrittenBy,
) -> Result<Page<Written>, Problem> {
    let query = WrittenQuery {
        extension,
        revision: by.revision,
        cursor: by.cursor,
        limit: PAGE,
    };
    let page = parts.stores.bundles.written_by(&query).await;
    page.map_err(Problem::refused)
}

fn written_json(page: &Page<Written>) -> Value {
    let wrote: Vec<Value> = page
        .items
        .iter()
        .map(|item| {
            json!({
                "rid": item.rid,
                "timestamp": item.timestamp.as_str(),
                "revision": item.writer.revision,
                "digest": item.writer.digest,
            })
        })
        .collect();
    json!({"wrote": wrote, "next": page.next})
}
