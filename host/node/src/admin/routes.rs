//! What the routes of the admin API answer that have no module of their own.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use koi_distribution::Attached;
use koi_mcp_server::McpServer;
use koi_net::Net;
use koi_pipeline::{Intake, Pipeline};
use koi_registry::{
    Grant, GrantRequest, Install, Invocation, Naming, Registry, Role, Snapshot, ToolEntry,
    ToolPrefix, VersionError,
};
use koi_rid::{Contents, Rid};
use koi_runtime::{Runtime, Usage};
use koi_schedule::Schedule;
use koi_store::Stores;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::problem::Problem;
use super::upload::Component;
use super::{Archive, OPERATOR, grants, knowledge, versions};
use crate::data_dir::RunningNode;
use crate::drop_folder::{DropFolderView, Report};
use crate::registries::Registries;
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
    /// Where components are pulled from.
    pub registries: Registries,
    /// Installed extensions.
    pub registry: Registry,
    /// What is known of the drop folder.
    pub dropped: Report,
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
    /// What to call a component that does not say it by the contract. Left out: by what it exports, or after
    /// where it came from.
    pub name: Option<String>,
    /// As what to install it. Left out: it serves.
    pub role: Option<versions::RoleRequest>,
    /// Where the component came from, for the record.
    pub source: String,
    /// What lies beside the component and says who made it.
    pub attached: Attached,
    /// A publisher that may take the place of that of the revision before: the fingerprint of a key, or
    /// `none` for what is unsigned.
    pub allow_publisher: Option<String>,
}

impl InstallOptions {
    /// As what it is to be active.
    pub(super) fn role(&self) -> Result<Role, Problem> {
        let role = self.role.map(versions::RoleRequest::role);
        Ok(role.transpose()?.unwrap_or(Role::Serving))
    }

    /// What the registry is asked for.
    pub(super) fn into_install(
        self,
        component: Vec<u8>,
        source: String,
    ) -> Result<Install, Problem> {
        let grants = if self.grant_asked {
            GrantRequest::AsAsked
        } else if self.grants.is_empty() {
            GrantRequest::Keep
        } else {
            GrantRequest::Listed(grants::parse(&self.grants)?)
        };
        let tool_prefix = self.tool_prefix.as_deref().map(ToolPrefix::parse);
        let naming = match self.name {
            Some(name) => Naming::Given(name),
            None => Naming::After(source.clone()),
        };
        Ok(Install {
            component,
            naming,
            grants,
            settings: self.settings,
            tool_prefix: tool_prefix.transpose().map_err(Problem::bad_request)?,
            source,
            learn: self.learn,
            who: OPERATOR.to_owned(),
        })
    }
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

pub(super) async fn node(State(parts): State<AdminParts>) -> Json<RunningNode> {
    Json(parts.node)
}

pub(super) async fn instances(State(parts): State<AdminParts>) -> Json<Usage> {
    Json(parts.runtime.usage())
}

pub(super) async fn extensions(State(parts): State<AdminParts>) -> Result<Response, Problem> {
    let list = parts.registry.list_with_usage().await;
    Ok(Json(list.map_err(Problem::internal)?).into_response())
}

pub(super) async fn drop_folder(State(parts): State<AdminParts>) -> Json<DropFolderView> {
    Json(parts.dropped.view())
}

#[derive(Deserialize)]
pub(super) struct InstallQuery {
    #[serde(default)]
    options: Option<String>,
}

pub(super) async fn install(
    State(parts): State<AdminParts>,
    Query(query): Query<InstallQuery>,
    component: Component,
) -> Result<Response, Problem> {
    let options: InstallOptions = match query.options.as_deref() {
        Some(text) => serde_json::from_str(text)
            .map_err(|error| Problem::bad_request(format!("options: {error}")))?,
        None => InstallOptions::default(),
    };
    let signatures = parts.registry.signatures();
    let mut signed = signatures
        .read(&options.attached, &component.0)
        .map_err(Problem::refused)?;
    signed.allow_publisher = options.allow_publisher.clone();
    let source = options.source.clone();
    let role = options.role()?;
    let install = options.into_install(component.0, source)?;
    let report = parts.registry.install_as(install, role, signed).await;
    Ok(Json(report.map_err(Problem::refused)?).into_response())
}

pub(super) async fn remove(
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
        Rid::parse(&self.rid)
            .map_err(|error| Problem::bad_request(format!("`rid` is no RID: {error}")))
    }
}

#[derive(Deserialize)]
pub(super) struct ReadQuery {
    rid: String,
    schema: Option<String>,
}

pub(super) async fn read(
    State(parts): State<AdminParts>,
    Query(query): Query<ReadQuery>,
) -> Result<Response, Problem> {
    let rid = RidQuery { rid: query.rid }.parse()?;
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

pub(super) async fn publish(
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

pub(super) async fn forget(
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
pub(super) struct CallQuery {
    /// Limits to lower for this call, as in `cpu:500,memory:1048576`.
    #[serde(default)]
    limits: String,
    /// Which version of the extension is to answer.
    version: Option<String>,
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

pub(super) async fn call(
    State(parts): State<AdminParts>,
    Path(name): Path<String>,
    Query(query): Query<CallQuery>,
    Json(arguments): Json<Value>,
) -> Result<Json<Value>, Problem> {
    let snapshot = parts.registry.snapshot();
    let tool = tool(&snapshot, &name, query.version.as_deref())?;
    tool.check_arguments(&arguments).map_err(|misfit| {
        Problem::refused(format!(
            "the arguments do not fit what {name} takes: {misfit}"
        ))
    })?;
    let output = tool
        .call(&arguments.to_string(), query.invocation()?)
        .await
        .map_err(|error| Problem::of_call(&error))?;
    Ok(Json(json!({
        "structuredContent": output.structured,
        "content": output.content,
        "isError": output.is_error,
    })))
}

/// The tool of that name, of the version that is asked for.
pub(super) fn tool<'a>(
    snapshot: &'a Snapshot,
    name: &str,
    version: Option<&str>,
) -> Result<&'a ToolEntry, Problem> {
    let tool = snapshot.tool(name, version).map_err(|error| match error {
        VersionError::Malformed(_) => Problem::bad_request(error),
        error => Problem::not_found(error),
    })?;
    let tool = tool.ok_or_else(|| {
        Problem::not_found(format!(
            "there is no tool {name:?}; `koi-mcp extension list` shows what is installed"
        ))
    })?;
    Ok(tool)
}

pub(super) async fn dead_letters(State(parts): State<AdminParts>) -> Result<Json<Value>, Problem> {
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

pub(super) async fn retry(
    State(parts): State<AdminParts>,
    Path(id): Path<u64>,
) -> Result<Json<Value>, Problem> {
    parts.pipeline.redrive(id).await.map_err(Problem::refused)?;
    Ok(Json(json!({"retried": id})))
}
