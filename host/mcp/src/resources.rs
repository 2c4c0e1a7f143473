//! Resources: the stored bundles of the extensions' RID types, merged with the extensions' own.

use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use koi_registry::Invocation;
use koi_rid::Rid;
use koi_runtime::{CallError, GuestErrorKind, ResourceBody, ResourceContents as GuestContents};
use koi_store::{BundleQuery, Bundles, Page, StoreError, StoredBundle};
use rmcp::ErrorData;
use rmcp::model::{
    CacheScope, JsonObject, LoggingLevel, MetaObject, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult, Resource, ResourceContents,
};
use rmcp::service::{RequestContext, RoleServer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::caller::Client;
use crate::errors;
use crate::handler::is_modern;
use crate::open_calls::{Answer, Reply};
use crate::requests::{Request, TaskUse};
use crate::shared::Shared;
use crate::view::{View, mime_type};

/// The member of a request's `_meta` that names the schema in which a bundle is wanted.
const SCHEMA: &str = "koi-mcp/schema";

/// Why the bundle that a URI stands for could not be given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BundleError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be had in the schema in which it is wanted.
    #[error(transparent)]
    Schema(CallError),
}

/// The schema in which a bundle is wanted, and on whose behalf.
pub(crate) struct Wanted<'a> {
    pub(crate) schema: Option<&'a str>,
    pub(crate) invocation: Invocation,
}

/// Where a list goes on.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The last URI that was given.
    after: String,
    /// The store's page on which to go on.
    page: Option<String>,
}

/// One page of all resources in the order of their URIs.
pub(crate) async fn list(
    view: &View,
    bundles: &dyn Bundles,
    mut from: Position,
    limit: usize,
) -> Result<(Vec<Resource>, Option<Position>), StoreError> {
    let mut listed: Vec<Resource> = Vec::with_capacity(limit);
    while listed.len() < limit {
        let page = rids(view, bundles, from.page.clone(), limit).await?;
        let mut stored = page
            .items
            .iter()
            .filter(|rid| rid.as_str() > from.after.as_str())
            .peekable();
        // What is beyond this page's last RID has to wait for the store's next page.
        let end = page.next.as_ref().and(page.items.last());
        let mut own = view
            .resources
            .range::<str, _>((Excluded(from.after.as_str()), Unbounded))
            .take_while(|(uri, _)| {
                page.next.is_none() || end.is_some_and(|end| uri.as_str() <= end.as_str())
            })
            .peekable();
        while listed.len() < limit {
            let own_first = match (own.peek(), stored.peek()) {
                (Some((uri, _)), Some(rid)) => uri.as_str() <= rid.as_str(),
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            if own_first {
                listed.extend(own.next().map(|(_, resource)| resource.as_ref().clone()));
            } else {
                listed.extend(stored.next().map(|rid| derived(view, rid)));
            }
        }
        let more_here = own.peek().is_some() || stored.peek().is_some();
        let last = listed.last().map(|resource| resource.uri.clone());
        match (more_here, page.next) {
            (true, _) => from.after = last.unwrap_or(from.after),
            (false, Some(next)) => {
                from.after = last.unwrap_or(from.after);
                from.page = Some(next);
            }
            (false, None) => return Ok((listed, None)),
        }
    }
    Ok((listed, Some(from)))
}

async fn rids(
    view: &View,
    bundles: &dyn Bundles,
    cursor: Option<String>,
    limit: usize,
) -> Result<Page<Rid>, StoreError> {
    // No types would mean all types.
    if view.rid_types.is_empty() {
        return Ok(Page {
            items: Vec::new(),
            next: None,
        });
    }
    let query = BundleQuery {
        rid_types: view.rid_types.clone(),
        cursor,
        limit: limit.try_into().unwrap_or(u32::MAX),
        ..BundleQuery::default()
    };
    bundles.rids(&query).await
}

fn derived(view: &View, rid: &Rid) -> Resource {
    let mut resource = Resource::new(rid.as_str(), rid.reference());
    resource.mime_type = view
        .snapshot
        .rid_types
        .get(&rid.rid_type())
        .map(|of| mime_type(of).to_owned());
    resource
}

/// Answers a `resources/read`: with a bundle, or with what an extension gives.
pub(crate) async fn read(
    shared: &Arc<Shared>,
    context: &RequestContext<RoleServer>,
    log: Option<LoggingLevel>,
    view: &Arc<View>,
    pin: Option<&str>,
    request: ReadResourceRequestParams,
) -> Result<ReadResourceResponse, ErrorData> {
    let modern = is_modern(context);
    let uri: Arc<str> = request.uri.into();
    let wanted = Wanted {
        schema: context.meta.get(SCHEMA).and_then(Value::as_str),
        invocation: Invocation::new(shared.correlation()),
    };
    let of = Request {
        shared,
        context,
        log,
        method: "resources/read",
        name: &uri,
        arguments: "{}",
        given: request.input_responses,
    };
    let reply = match request.request_state {
        Some(state) if modern => of.go_on(&state, TaskUse::Never).await?,
        _ => match bundle(view, shared.bundles.as_ref(), &uri, wanted).await {
            Ok(Some(contents)) => return Ok(contents_result(vec![contents]).into()),
            Ok(None) => {
                let own = view.own(&uri, pin);
                let own = own.map_err(|error| errors::no_version(&error))?;
                let uri = uri.clone();
                let work = move |invocation: Invocation, client: Arc<Client>| async move {
                    let correlation = invocation.correlation.clone();
                    let outcome = match own {
                        Some(own) => Some(own.read(&uri, invocation).await),
                        None => None,
                    };
                    if modern && matches!(outcome, Some(Err(CallError::Guest(_)))) {
                        errors::check_missing(&client)?;
                    }
                    let contents = own_contents(&uri, outcome, &correlation)?;
                    Ok(Answer::Resource(contents_result(contents)))
                };
                of.begin(TaskUse::Never, work).await?
            }
            Err(BundleError::Schema(CallError::Guest(error))) => {
                return Err(ErrorData::invalid_params(error.message, None));
            }
            Err(error) => return Err(errors::internal(&error, &shared.correlation())),
        },
    };
    match reply {
        Reply::Complete(Answer::Resource(result)) => Ok(result.into()),
        Reply::InputRequired(result) => Ok(result.into()),
        // A state is good for one method, and only tools become tasks.
        _ => Err(errors::cancelled()),
    }
}

fn contents_result(contents: Vec<ResourceContents>) -> ReadResourceResult {
    // Knowledge may change at any time.
    ReadResourceResult::new(contents)
        .with_ttl_ms(0)
        .with_cache_scope(CacheScope::Private)
}

/// The bundle that a URI stands for: its contents as they arrived, the manifest beside them. None if
/// nothing is stored there, or the RID is of no type whose bundles are resources. Where they are wanted in a
/// schema, the contents are what transforms make of them.
pub(crate) async fn bundle(
    view: &View,
    bundles: &dyn Bundles,
    uri: &str,
    wanted: Wanted<'_>,
) -> Result<Option<ResourceContents>, BundleError> {
    let Ok(rid) = Rid::parse(uri) else {
        return Ok(None);
    };
    let Some(rid_type) = view.rid_type(&rid.rid_type()) else {
        return Ok(None);
    };
    let Some(StoredBundle {
        bundle, written_by, ..
    }) = bundles.read(&rid).await?
    else {
        return Ok(None);
    };
    let mut meta = MetaObject::new();
    let manifest = serde_json::from_str(&bundle.manifest.to_json()).unwrap_or(Value::Null);
    meta.insert("manifest".to_owned(), manifest);
    if let Some(writer) = &written_by {
        meta.insert(
            "written_by".to_owned(),
            serde_json::to_value(writer).unwrap_or(Value::Null),
        );
    }
    let contents = match wanted.schema {
        None => bundle.contents,
        Some(schema) => view
            .snapshot
            .transform(&rid, bundle.contents, schema, None, wanted.invocation)
            .await
            .map_err(BundleError::Schema)?,
    };
    let contents = ResourceContents::text(contents.as_str(), uri)
        .with_mime_type(mime_type(rid_type))
        .with_meta(meta);
    Ok(Some(contents))
}

/// What an extension read, in the words of MCP. `outcome` is none if no extension answers for the
/// URI.
///
/// # Errors
/// If there is nothing at the URI, or the call failed.
pub(crate) fn own_contents(
    uri: &str,
    outcome: Option<Result<Vec<GuestContents>, CallError>>,
    correlation: &str,
) -> Result<Vec<ResourceContents>, ErrorData> {
    match outcome.ok_or_else(|| errors::unknown_resource(uri))? {
        Ok(contents) => Ok(contents.into_iter().map(contents_of).collect()),
        Err(CallError::Guest(error)) if error.kind == GuestErrorKind::InvalidInput => {
            Err(errors::unknown_resource(uri))
        }
        Err(error) => Err(errors::failed_call(&error, correlation)),
    }
}

fn contents_of(contents: GuestContents) -> ResourceContents {
    let GuestContents {
        uri,
        mime_type,
        body,
        meta,
    } = contents;
    // `_meta` is an object or it is left out.
    let meta = serde_json::from_str::<JsonObject>(&meta)
        .ok()
        .filter(|meta| !meta.is_empty());
    let meta = meta.map(MetaObject);
    match body {
        ResourceBody::Text(text) => ResourceContents::TextResourceContents {
            uri,
            mime_type,
            text,
            meta,
        },
        ResourceBody::Blob(bytes) => {
            let blob = STANDARD.encode(bytes);
            ResourceContents::BlobResourceContents {
                uri,
                mime_type,
                blob,
                meta,
            }
        }
    }
}
