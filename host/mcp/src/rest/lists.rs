//! Lists of tools and resources, and what a resource holds.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::{Extension, Json};
use koi_registry::Invocation;
use koi_rid::Rid;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rmcp::model::{PaginatedRequestParams, Resource, ResourceContents};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::problem::Problem;
use super::{Rest, json_text};
use crate::cursor::{self, PAGE, page, position};
use crate::principals::Principal;
use crate::resources::{self, BundleError, Wanted};
use crate::view::{BUNDLE_MIME_TYPE, View};

/// What stands in a path as it is, besides letters and digits.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'/');

/// Where a list goes on.
#[derive(Deserialize)]
pub(super) struct Page {
    cursor: Option<String>,
}

impl Page {
    fn request(self) -> Option<PaginatedRequestParams> {
        let cursor = self.cursor;
        cursor.map(|cursor| PaginatedRequestParams::default().with_cursor(Some(cursor)))
    }
}

type PageOfQuery = Result<Query<Page>, axum::extract::rejection::QueryRejection>;

fn request(page: PageOfQuery) -> Result<Option<PaginatedRequestParams>, Problem> {
    match page {
        Ok(Query(page)) => Ok(page.request()),
        Err(rejection) => Err(Problem::bad_request(rejection.body_text())),
    }
}

/// The tools as MCP lists them.
pub(super) async fn tools(
    State(rest): State<Rest>,
    page_of: PageOfQuery,
) -> Result<Json<Value>, Problem> {
    let view = rest.shared.view();
    let (tools, next) = page(view.tools(), request(page_of)?)?;
    Ok(Json(list("tools", json!(tools), next)))
}

/// The tools by name, with the path under which each is called.
pub(super) async fn tools_in_short(
    State(rest): State<Rest>,
    page_of: PageOfQuery,
) -> Result<Json<Value>, Problem> {
    let view = rest.shared.view();
    let (tools, next) = page(view.tools(), request(page_of)?)?;
    let short: Vec<Value> = tools
        .iter()
        .map(|tool| {
            json!({
                "name": tool.name,
                "description": tool.description,
                "url": format!("/tools/call/{}", tool.name),
            })
        })
        .collect();
    Ok(Json(list("tools", json!(short), next)))
}

pub(super) async fn resources(
    State(rest): State<Rest>,
    page_of: PageOfQuery,
) -> Result<Json<Value>, Problem> {
    let from: Option<resources::Position> = position(request(page_of)?)?;
    let view = rest.shared.view();
    let bundles = rest.shared.bundles.as_ref();
    let listed = resources::list(&view, bundles, from.unwrap_or_default(), PAGE).await;
    let (listed, next) =
        listed.map_err(|error| Problem::internal(&error, &rest.shared.correlation()))?;
    let short: Vec<Value> = listed.iter().map(|of| in_short(&view, of)).collect();
    let next = next.as_ref().map(cursor::encode);
    Ok(Json(list("resources", json!(short), next)))
}

fn list(what: &str, items: Value, next: Option<String>) -> Value {
    let mut list = json!({ what: items });
    if let Some(next) = next {
        list["nextCursor"] = json!(next);
    }
    list
}

fn in_short(view: &View, resource: &Resource) -> Value {
    let description = resource.description.as_ref().or(resource.title.as_ref());
    json!({
        "id": resource.uri,
        "type": type_of(view, &resource.uri, resource.mime_type.as_deref()),
        "description": description.unwrap_or(&resource.name),
        "url": format!("/resources/read/{}", utf8_percent_encode(&resource.uri, IN_PATH)),
    })
}

/// Of knowledge its RID type, of anything else its media type.
fn type_of(view: &View, uri: &str, mime_type: Option<&str>) -> String {
    match Rid::parse(uri) {
        Ok(rid) if view.rid_type(&rid.rid_type()).is_some() => rid.type_str().to_owned(),
        _ => mime_type.unwrap_or("application/octet-stream").to_owned(),
    }
}

/// One thing that is read.
#[derive(Serialize)]
struct Content {
    id: String,
    r#type: String,
    /// JSON as it is, other text as a string, bytes in Base64.
    content: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    #[serde(rename = "mimeType", skip_serializing_if = "Option::is_none")]
    mime_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<rmcp::model::MetaObject>,
    /// What was read besides, where that is more than one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    more: Vec<Content>,
}

/// How something is wanted.
#[derive(Deserialize)]
pub(super) struct As {
    schema: Option<String>,
    version: Option<String>,
}

pub(super) async fn read(
    State(rest): State<Rest>,
    Path(id): Path<String>,
    Query(wanted): Query<As>,
    principal: Option<Extension<Principal>>,
) -> Result<Response, Problem> {
    let shared = &rest.shared;
    let (view, correlation) = (shared.view(), shared.correlation());
    let mut invocation = Invocation::new(correlation.clone());
    invocation.principal = principal.map(|Extension(principal)| principal.0);
    let wanted_version = wanted.version;
    let wanted = Wanted {
        schema: wanted.schema.as_deref(),
        invocation: invocation.clone(),
    };
    let stored = resources::bundle(&view, shared.bundles.as_ref(), &id, wanted).await;
    let contents = match stored {
        Ok(Some(contents)) => vec![contents],
        Err(BundleError::Schema(error)) => return Err(Problem::of_call(&error, &correlation)),
        Err(error) => return Err(Problem::internal(&error, &correlation)),
        Ok(None) => {
            let own = view.own(&id, wanted_version.as_deref());
            let own = own.map_err(|error| Problem::no_version(&error))?;
            let own = own.ok_or_else(Problem::unknown_resource)?;
            match own.read(&id, invocation).await {
                Ok(contents) => resources::own_contents(&id, Some(Ok(contents)), &correlation)?,
                Err(koi_runtime::CallError::Guest(error))
                    if error.kind == koi_runtime::GuestErrorKind::InvalidInput =>
                {
                    return Err(Problem::unknown_resource());
                }
                Err(error) => return Err(Problem::of_call(&error, &correlation)),
            }
        }
    };
    let mut contents = contents.into_iter().filter_map(|of| content(&view, of));
    let mut first = contents.next().ok_or_else(Problem::unknown_resource)?;
    first.more = contents.collect();
    let text = serde_json::to_string(&first);
    text.map(json_text)
        .map_err(|error| Problem::internal(&error, &correlation))
}

/// None for a kind that MCP may have in the future.
fn content(view: &View, contents: ResourceContents) -> Option<Content> {
    let (id, mime_type, content, encoding, meta) = match contents {
        ResourceContents::TextResourceContents {
            uri,
            mime_type,
            text,
            meta,
        } => {
            let json = is_json(mime_type.as_deref())
                .then(|| RawValue::from_string(text.clone()).ok())
                .flatten();
            (
                uri,
                mime_type,
                json.unwrap_or_else(|| string(&text)),
                None,
                meta,
            )
        }
        ResourceContents::BlobResourceContents {
            uri,
            mime_type,
            blob,
            meta,
        } => (uri, mime_type, string(&blob), Some("base64"), meta),
        _ => return None,
    };
    Some(Content {
        r#type: type_of(view, &id, mime_type.as_deref()),
        id,
        content,
        encoding,
        mime_type,
        meta,
        more: Vec::new(),
    })
}

fn is_json(mime_type: Option<&str>) -> bool {
    mime_type.is_some_and(|of| of == BUNDLE_MIME_TYPE || of.ends_with("+json"))
}

fn string(text: &str) -> Box<RawValue> {
    serde_json::value::to_raw_value(text).unwrap_or_default()
}
