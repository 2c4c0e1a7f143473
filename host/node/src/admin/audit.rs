//! The audit log over the admin API.

use axum::Json;
use axum::extract::{Query, State};
use koi_store::{Audit, AuditEntry};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::AdminParts;
use super::problem::Problem;

/// Entries in one answer.
const PAGE: u32 = 500;

#[derive(Deserialize)]
pub(super) struct AuditQuery {
    extension: Option<String>,
    cursor: Option<String>,
}

pub(super) async fn list(
    State(parts): State<AdminParts>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Value>, Problem> {
    page(&*parts.stores.audit, query.extension, query.cursor)
        .await
        .map(Json)
        .map_err(Problem::refused)
}

/// One page of the log as JSON: `entries`, the newest first, and `next`.
pub(crate) async fn page(
    audit: &dyn Audit,
    extension: Option<String>,
    cursor: Option<String>,
) -> koi_store::Result<Value> {
    let page = audit.list(extension.as_deref(), cursor, PAGE).await?;
    let entries: Vec<Value> = page.items.iter().map(entry).collect();
    Ok(json!({"entries": entries, "next": page.next}))
}

fn entry(entry: &AuditEntry) -> Value {
    let change = &entry.change;
    let text = |text: &Option<String>| {
        text.as_ref()
            .and_then(|text| RawValue::from_string(text.clone()).ok())
    };
    json!({
        "id": entry.id,
        "at": entry.at.as_str(),
        "who": change.who,
        "action": change.action,
        "extension": change.extension,
        "before": text(&change.before),
        "after": text(&change.after),
    })
}
