//! Calls of tools.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{StatusCode, header};
use axum::{Extension, Json};
use koi_registry::{Invocation, ToolEntry};
use rmcp::model::CallToolResult;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Rest;
use super::problem::Problem;
use crate::principals::Principal;
use crate::tools;

/// What stands beside the arguments and says on whose behalf a tool is called.
const AGENT: &str = "_agent_id";
const SESSION: &str = "_session_id";
/// What stands in the query and says which version of the extension is to answer.
const VERSION: &str = "version";
/// Most characters of either.
const MAX_ID: usize = 128;

/// On whose behalf a tool is called, in the words of the caller: for the log, and believed by nobody.
#[derive(Debug, Default, Serialize)]
struct OnBehalf {
    #[serde(rename = "_agent_id", skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    #[serde(rename = "_session_id", skip_serializing_if = "Option::is_none")]
    session: Option<String>,
}

/// What a tool answered.
#[derive(Serialize)]
pub(super) struct Answer {
    tool: String,
    #[serde(flatten)]
    result: CallToolResult,
    #[serde(flatten)]
    on_behalf: OnBehalf,
}

/// Who calls, where that is known.
type Caller = Option<Extension<Principal>>;

/// A call with the arguments in the body, a JSON object or nothing.
pub(super) async fn post(
    State(rest): State<Rest>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    principal: Caller,
    request: Request,
) -> Result<Json<Answer>, Problem> {
    let pin = version(query.as_deref());
    let tool = find(&rest, &name, pin.as_deref())?;
    let arguments = body(request, rest.max_body).await?;
    call(&rest, &tool, arguments, principal).await
}

/// A call of a tool that only reads, with the arguments in the query.
pub(super) async fn get(
    State(rest): State<Rest>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    principal: Caller,
) -> Result<Json<Answer>, Problem> {
    let query = query.unwrap_or_default();
    // Of a tool with an argument of that name it is the argument.
    let serving = find(&rest, &name, None).ok();
    let pin = match serving {
        Some(tool) if has_argument(&tool, VERSION) => None,
        _ => version(Some(&query)),
    };
    let tool = find(&rest, &name, pin.as_deref())?;
    if tool.descriptor["annotations"]["readOnlyHint"] != true {
        return Err(Problem::not_safe(&tool.name));
    }
    let mut arguments = arguments(&tool, &query);
    if pin.is_some() {
        arguments.remove(VERSION);
    }
    call(&rest, &tool, arguments, principal).await
}

/// The version that a query asks for.
fn version(query: Option<&str>) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query?.as_bytes());
    let found = pairs.find(|(name, _)| name == VERSION);
    found.map(|(_, version)| version.into_owned())
}

fn find(rest: &Rest, name: &str, pin: Option<&str>) -> Result<Arc<ToolEntry>, Problem> {
    let snapshot = rest.shared.snapshot();
    let tool = snapshot.tool(name, pin);
    let tool = tool.map_err(|error| Problem::no_version(&error))?;
    tool.filter(|tool| rest.shared.options.shows_tool(tool))
        .cloned()
        .ok_or_else(|| Problem::unknown_tool(name))
}

async fn body(request: Request, most: usize) -> Result<Map<String, Value>, Problem> {
    let media_type = request.headers().get(header::CONTENT_TYPE).cloned();
    let length = request.headers().get(header::CONTENT_LENGTH);
    let too_long = || {
        let detail = format!("a body has at most {most} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    let length: Option<usize> = length.and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length| length > most) {
        return Err(too_long());
    }
    let body = to_bytes(request.into_body(), most).await;
    let body = body.map_err(|error| match is_of_length(&error) {
        true => too_long(),
        false => Problem::bad_request(format!("the body could not be read: {error}")),
    })?;
    if body.is_empty() {
        return Ok(Map::new());
    }
    // Another media type would let any web page send this without being asked about.
    if !media_type.is_some_and(|of| is_json(of.to_str().unwrap_or_default())) {
        let detail = "the arguments are JSON: send them with `Content-Type: application/json`";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request(format!("the body is no JSON object: {error}")))
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

fn is_of_length(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The arguments of a query. Where the tool's schema has a text, a value is text; else it is JSON
/// where it parses as such. Where it has an array, a parameter that is repeated has several values.
fn arguments(tool: &ToolEntry, query: &str) -> Map<String, Value> {
    let properties = &tool.descriptor["inputSchema"]["properties"];
    let mut arguments = Map::new();
    for (name, text) in form_urlencoded::parse(query.as_bytes()) {
        let of = &properties[&*name];
        let value = |of: &Value| match of["type"].as_str() {
            Some("string") => Value::from(&*text),
            _ => serde_json::from_str(&text).unwrap_or_else(|_| Value::from(&*text)),
        };
        if of["type"] != "array" {
            let value = value(of);
            arguments.insert(name.into_owned(), value);
            continue;
        }
        let listed = arguments
            .entry(name)
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(listed) = listed {
            match value(&of["items"]) {
                Value::Array(several) if of["items"]["type"] != "array" => listed.extend(several),
                value => listed.push(value),
            }
        }
    }
    arguments
}

async fn call(
    rest: &Rest,
    tool: &ToolEntry,
    mut arguments: Map<String, Value>,
    principal: Caller,
) -> Result<Json<Answer>, Problem> {
    let on_behalf = OnBehalf {
        agent: take(tool, &mut arguments, AGENT)?,
        session: take(tool, &mut arguments, SESSION)?,
    };
    let correlation = rest.shared.correlation();
    let arguments = Value::Object(arguments);
    tool.check_arguments(&arguments).map_err(|problem| {
        let detail = format!(
            "the arguments do not fit the input schema of `{}`: {problem}",
            tool.name
        );
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    })?;
    tracing::debug!(
        %correlation,
        tool = tool.name,
        agent = on_behalf.agent,
        session = on_behalf.session,
        "called over HTTP"
    );
    let mut invocation = Invocation::new(correlation.clone());
    invocation.principal = principal.map(|Extension(principal)| principal.0);
    let output = match tool.call(&arguments.to_string(), invocation).await {
        Ok(output) => output,
        Err(error) => return Err(Problem::of_call(&error, &correlation)),
    };
    Ok(Json(Answer {
        tool: tool.name.clone(),
        result: tools::complete(tool, output, true),
        on_behalf,
    }))
}

fn has_argument(tool: &ToolEntry, name: &str) -> bool {
    let properties = &tool.descriptor["inputSchema"]["properties"];
    properties.get(name).is_some()
}

/// Takes an id out of the arguments, unless the tool has an argument of that name itself.
fn take(
    tool: &ToolEntry,
    arguments: &mut Map<String, Value>,
    id: &str,
) -> Result<Option<String>, Problem> {
    if has_argument(tool, id) {
        return Ok(None);
    }
    match arguments.remove(id) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= MAX_ID => Ok(Some(text)),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(Problem::bad_request(format!(
            "`{id}` is a text of at most {MAX_ID} characters"
        ))),
    }
}
