//! The routes of the admin API.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router, middleware};
use koi_mcp_server::McpServer;
use koi_net::Net;
use koi_pipeline::{Intake, Pipeline};
use koi_registry::{
    Grant, GrantRequest, Install, Invocation, Registry, Snapshot, ToolEntry, ToolPrefix,
};
use koi_rid::{Contents, Rid};
use koi_runtime::{Runtime, Usage};
use koi_schedule::Schedule;
use koi_store::Stores;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::guard::{Token, check};
use super::problem::Problem;
use super::{
    Archive, MAX_COMPONENT, OPERATOR, archive, audit, bridge, grants, jobs, knowledge, network,
    recordings, revisions, secrets, watch,
};
use crate::data_dir::RunningNode;
use crate::secrets::Secrets;

/// Dead letters in one answer.
const DEAD_LETTERS: u32 = 1000;

/// What the admin API acts on.
#[derive(Clone)]
pub struct AdminParts {
    /// Where the node listens.
    pub node: RunningNode,
    /// What runs the extensions.
    pub runtime: Runtime,
    /// For exports and backups.
    pub archive: Archive,
    /// Installed extensions.
    pub registry: Registry,
    /// Stored knowledge.
    pub stores: Stores,
    /// Secrets of extensions.
    pub secrets: Arc<Secrets>,
    /// What is known of the network.
    pub net: Net,
    /// The way in for publications.
    pub intake: Intake,
    /// For another try at a dead letter.
    pub pipeline: Pipeline,
    /// The jobs of extensions.
    pub schedule: Schedule,
    /// For MCP over the admin listener.
    pub mcp: McpServer,
    /// What is waited for when the node stops.
    pub tasks: TaskTracker,
    /// Cancelled when the node stops: what has no end of its own ends then.
    pub stopping: CancellationToken,
}

/// How to install a component.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstallOptions {
    /// Rights, as `koi-mcp extension install --grant` takes them. Empty: those of the revision
    /// before, if there is one.
    pub grants: Vec<String>,
    /// Grant all that the extension asks for.
    pub grant_asked: bool,
    /// Record what it is refused.
    pub learn: bool,
    /// Settings on top of those of the configuration.
    pub settings: Map<String, Value>,
    /// What to put before the names of its tools. Left out: as the revision before.
    pub tool_prefix: Option<String>,
    /// Where the component came from, for the record.
    pub source: String,
}

/// Knowledge to publish.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// The RID.
    pub rid: String,
    /// Its contents, a JSON object, with the member order as given.
    pub contents: Box<serde_json::value::RawValue>,
}

/// The admin API, guarded by the token.
pub fn router(parts: AdminParts, token: &str) -> Router {
    Router::new()
        .route("/v1/node", get(node))
        .route("/v1/instances", get(instances))
        .route("/v1/extensions", get(extensions).post(install))
        .route("/v1/extensions/{name}", delete(remove))
        .route(
            "/v1/extensions/{name}/grants",
            get(grants::show).patch(grants::change),
        )
        .route(
            "/v1/extensions/{name}/learned",
            get(grants::learned).put(grants::learn),
        )
        .route("/v1/extensions/diff", post(revisions::diff_component))
        .route("/v1/extensions/{name}/diff", get(revisions::diff))
        .route("/v1/extensions/{name}/swap", get(revisions::last_swap))
        .route("/v1/extensions/{name}/revert", post(revisions::revert))
        .route("/v1/extensions/{name}/approve", post(revisions::approve))
        .route("/v1/extensions/{name}/reject", post(revisions::reject))
        .route("/v1/extensions/{name}/revisions", get(revisions::list))
        .route(
            "/v1/extensions/{name}/revisions/{revision}",
            get(revisions::inspect),
        )
        .route(
            "/v1/extensions/{name}/revisions/{revision}/pin",
            put(revisions::pin).delete(revisions::unpin),
        )
        .route(
            "/v1/extensions/{name}/revisions/{revision}/deprecated",
            put(revisions::deprecate),
        )
        .route("/v1/secrets", get(secrets::list))
        .route(
            "/v1/secrets/{name}",
            put(secrets::set).delete(secrets::remove),
        )
        .route("/v1/audit", get(audit::list))
        .route(
            "/v1/extensions/{name}/wrote",
            get(knowledge::wrote).delete(knowledge::forget_written),
        )
        .route("/v1/bundles/query", get(knowledge::query))
        .route("/v1/bundles", get(read).post(publish).delete(forget))
        .route("/v1/tools/{name}", post(call))
        .route("/v1/recordings", post(recordings::record))
        .route("/v1/replays", post(recordings::replay))
        .route("/v1/fetch", post(network::fetch))
        .route("/v1/events", get(watch::watch))
        .route(
            "/v1/network/nodes",
            get(network::nodes).delete(network::forget),
        )
        .route("/v1/network/proposals", post(network::propose))
        .route("/v1/network/edges", get(network::edges))
        .route("/v1/export", get(archive::export))
        .route("/v1/backups", post(archive::backup))
        .route("/v1/jobs", get(jobs::list))
        .route(
            "/v1/jobs/{extension}/{job}",
            get(jobs::history).post(jobs::run),
        )
        .route("/v1/dead-letters", get(dead_letters))
        .route("/v1/dead-letters/{id}", post(retry))
        .route("/v1/mcp", post(bridge::accept))
        .layer(DefaultBodyLimit::max(MAX_COMPONENT))
        .layer(middleware::from_fn_with_state(
            Token(Arc::from(token)),
            check,
        ))
        .with_state(parts)
}

async fn node(State(parts): State<AdminParts>) -> Json<RunningNode> {
    Json(parts.node)
}

async fn instances(State(parts): State<AdminParts>) -> Json<Usage> {
    Json(parts.runtime.usage())
}

async fn extensions(State(parts): State<AdminParts>) -> Result<Response, Problem> {
    let list = parts.registry.list_with_usage().await;
    Ok(Json(list.map_err(Problem::internal)?).into_response())
}

#[derive(Deserialize)]
struct InstallQuery {
    #[serde(default)]
    options: Option<String>,
}

async fn install(
    State(parts): State<AdminParts>,
    Query(query): Query<InstallQuery>,
    component: Bytes,
) -> Result<Response, Problem> {
    let options: InstallOptions = match query.options.as_deref() {
        Some(text) => serde_json::from_str(text)
            .map_err(|error| Problem::bad_request(format!("options: {error}")))?,
        None => InstallOptions::default(),
    };
    let grants = if options.grant_asked {
        GrantRequest::AsAsked
    } else if options.grants.is_empty() {
        GrantRequest::Keep
    } else {
        GrantRequest::Listed(grants::parse(&options.grants)?)
    };
    let tool_prefix = options
        .tool_prefix
        .as_deref()
        .map(ToolPrefix::parse)
        .transpose()
        .map_err(Problem::bad_request)?;
    let report = parts
        .registry
        .install(Install {
            component: component.to_vec(),
            grants,
            settings: options.settings,
            tool_prefix,
            source: options.source,
            learn: options.learn,
            who: OPERATOR.to_owned(),
        })
        .await
        .map_err(Problem::refused)?;
    Ok(Json(report).into_response())
}

async fn remove(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    parts
        .registry
        .remove(&name, OPERATOR)
        .await
        .map_err(Problem::refused)?;
    Ok(Json(json!({"removed": name})))
}

#[derive(Deserialize)]
pub(super) struct RidQuery {
    rid: String,
}

impl RidQuery {
    pub(super) fn parse(&self) -> Result<Rid, Problem> {
        Rid::parse(&self.rid).map_err(Problem::bad_request)
    }
}

#[derive(Deserialize)]
struct ReadQuery {
    rid: String,
    schema: Option<String>,
}

async fn read(
    State(parts): State<AdminParts>,
    Query(query): Query<ReadQuery>,
) -> Result<Response, Problem> {
    let rid = Rid::parse(&query.rid).map_err(Problem::bad_request)?;
    let stored = parts
        .stores
        .bundles
        .read(&rid)
        .await
        .map_err(Problem::internal)?;
    let mut stored = stored.ok_or_else(|| {
        Problem::not_found(format!(
            "nothing is stored under {rid}; `koi-mcp dead-letters list` shows what was refused"
        ))
    })?;
    if let Some(schema) = &query.schema {
        let (snapshot, contents) = (parts.registry.snapshot(), stored.bundle.contents.clone());
        let operator = Invocation::from_operator();
        let transformed = snapshot.transform(&rid, contents, schema, None, operator);
        stored.bundle.contents = transformed.await.map_err(Problem::refused)?;
    }
    let json = [(header::CONTENT_TYPE, "application/json")];
    Ok((json, knowledge::bundle_json(&stored)).into_response())
}

async fn publish(
    State(parts): State<AdminParts>,
    Json(publications): Json<Vec<Publication>>,
) -> Result<Json<Value>, Problem> {
    let mut arrivals = Vec::with_capacity(publications.len());
    let mut accepted = Vec::with_capacity(publications.len());
    for (index, publication) in publications.iter().enumerate() {
        let at = |error: &dyn std::fmt::Display| {
            Problem::bad_request(format!(
                "object {} ({}): {error}",
                index + 1,
                publication.rid
            ))
        };
        let rid = Rid::parse(&publication.rid).map_err(|error| at(&error))?;
        let contents = Contents::parse(publication.contents.get()).map_err(|error| at(&error))?;
        accepted.push(rid.to_string());
        arrivals.push(koi_pipeline::publication(rid, contents));
    }
    parts
        .intake
        .accept(arrivals)
        .await
        .map_err(Problem::internal)?;
    Ok(Json(json!({"accepted": accepted})))
}

async fn forget(
    State(parts): State<AdminParts>,
    Query(query): Query<RidQuery>,
) -> Result<Json<Value>, Problem> {
    let rid = query.parse()?;
    parts
        .intake
        .accept(vec![koi_pipeline::forgetting(rid.clone())])
        .await
        .map_err(Problem::internal)?;
    Ok(Json(json!({"accepted": [rid]})))
}

#[derive(Deserialize)]
struct CallQuery {
    /// Limits to lower for this call, as in `cpu:500,memory:1048576`.
    #[serde(default)]
    limits: String,
}

impl CallQuery {
    fn invocation(&self) -> Result<Invocation, Problem> {
        let mut invocation = Invocation::from_operator();
        for limit in self.limits.split(',').filter(|limit| !limit.is_empty()) {
            if let [Grant::Limit(name, value)] = grants::parse(&[format!("limit={limit}")])?[..] {
                invocation = invocation.within(name, value);
            }
        }
        Ok(invocation)
    }
}

async fn call(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
    Query(query): Query<CallQuery>,
    Json(arguments): Json<Value>,
) -> Result<Json<Value>, Problem> {
    let snapshot = parts.registry.snapshot();
    let tool = tool(&snapshot, &name)?;
    tool.check_arguments(&arguments).map_err(|misfit| {
        Problem::refused(format!(
            "the arguments do not fit what {name} takes: {misfit}"
        ))
    })?;
    let output = tool
        .call(&arguments.to_string(), query.invocation()?)
        .await
        .map_err(Problem::refused)?;
    Ok(Json(json!({
        "structuredContent": output.structured,
        "content": output.content,
        "isError": output.is_error,
    })))
}

/// The tool of that name.
pub(super) fn tool<'a>(snapshot: &'a Snapshot, name: &str) -> Result<&'a ToolEntry, Problem> {
    let tool = snapshot.tools.get(name).ok_or_else(|| {
        Problem::not_found(format!(
            "there is no tool {name:?}; `koi-mcp extension list` shows what is installed"
        ))
    })?;
    Ok(tool)
}

async fn dead_letters(State(parts): State<AdminParts>) -> Result<Json<Value>, Problem> {
    let page = parts
        .stores
        .dead_letters
        .list(None, DEAD_LETTERS)
        .await
        .map_err(Problem::internal)?;
    let letters: Vec<Value> = page
        .items
        .iter()
        .map(|letter| {
            json!({
                "id": letter.id,
                "rid": letter.arrival.rid,
                "source": letter.arrival.source,
                "phase": letter.phase,
                "peer": letter.peer,
                "extension": letter.extension,
                "kind": letter.kind,
                "reason": letter.reason,
                "at": letter.at.as_str(),
                "times": letter.times,
                "correlation": letter.arrival.correlation,
            })
        })
        .collect();
    Ok(Json(letters.into()))
}

async fn retry(
    State(parts): State<AdminParts>,
    Path(id): Path<u64>,
) -> Result<Json<Value>, Problem> {
    parts.pipeline.redrive(id).await.map_err(Problem::refused)?;
    Ok(Json(json!({"retried": id})))
}
