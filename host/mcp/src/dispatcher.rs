//! Three tools that find, describe and call all others: for clients that take no notice when the list
//! of tools changes, and for lists that would fill a model's context.
//!
//! `call_tool` becomes the call that it asks for and goes the way of every other one, so that
//! arguments are checked, progress is told, a cancelled call ends and tasks are made as ever. A name
//! that there is not is something that the agent can put right, and so a failure of the tool that it
//! reads. The names that the three take are those of extensions' tools.

use std::sync::{Arc, LazyLock};

use rmcp::model::{CallToolRequestParams, CallToolResult, JsonObject, Tool, ToolAnnotations};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::endpoint::Dispatcher;
use crate::search::Search;
use crate::shared::Shared;
use crate::tools::failed;

const SEARCH: &str = "search_tools";
const DESCRIBE: &str = "describe_tool";
const CALL: &str = "call_tool";

/// What is said to clients of an endpoint that has the three.
pub(crate) const INSTRUCTIONS: &str = "To find a tool, say what you want to do to `search_tools`; \
     `describe_tool` tells the arguments of a tool that it named, and `call_tool` calls it. All \
     three know of tools that came since you connected.";

/// Tools that a search gives if nothing is said, and at most.
const LIMIT: usize = 5;
const MAX_LIMIT: usize = 50;
/// Longest question, in bytes.
const MAX_QUESTION_BYTES: usize = 2_000;
/// Characters of a tool's description that a search gives.
const MAX_DESCRIPTION: usize = 300;

static TOOLS: LazyLock<[(&str, Arc<Tool>); 3]> = LazyLock::new(|| {
    [
        (
            SEARCH,
            "Find tools by what you want to do, in plain language. Gives names and descriptions, the \
             best match first. Call `describe_tool` next.",
            json!({
                "query": {
                    "type": "string",
                    "maxLength": MAX_QUESTION_BYTES,
                    "description": "What you want to do, such as: add a new supplier",
                },
                "limit": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_LIMIT,
                    "default": LIMIT,
                    "description": "How many tools at most",
                },
            }),
            "query",
        ),
        (
            DESCRIBE,
            "Tell all about one tool: its description, the JSON Schema of its arguments and of its \
             result. Call `call_tool` next.",
            json!({ "name": { "type": "string", "description": "The tool's name" } }),
            "name",
        ),
        (
            CALL,
            "Call a tool by its name. Gives the result of that tool.",
            json!({
                "name": { "type": "string", "description": "The tool's name" },
                "arguments": {
                    "type": "object",
                    "description": "Its arguments, as its input schema has them",
                },
                "version": {
                    "type": "string",
                    "description": "Which version of its extension is to answer, such as 1.2.3 or ^1.2; \
                                    leave it out for the one in use",
                },
            }),
            "name",
        ),
    ]
    .map(|(name, description, properties, required)| {
        let schema = json!({
            "type": "object",
            "properties": properties,
            "required": [required],
            "additionalProperties": false,
        });
        let schema: JsonObject = schema.as_object().cloned().unwrap_or_default();
        let tool = Tool::new(name, description, Arc::new(schema));
        // What `call_tool` does is another tool's.
        let tool = match name {
            CALL => tool,
            _ => tool.with_annotations(ToolAnnotations::new().read_only(true).open_world(false)),
        };
        (name, Arc::new(tool))
    })
});

/// The three, as they are listed.
pub(crate) fn tools() -> &'static [(&'static str, Arc<Tool>)] {
    &*TOOLS
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchArguments {
    query: String,
    #[serde(default)]
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DescribeArguments {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallArguments {
    name: String,
    #[serde(default)]
    arguments: Option<JsonObject>,
    #[serde(default)]
    version: Option<String>,
}

/// What becomes of a call.
pub(crate) enum Step {
    /// It goes on to an extension's tool.
    Call {
        request: CallToolRequestParams,
        /// The version that was asked for in the arguments.
        version: Option<String>,
    },
    /// It is answered.
    Answer(CallToolResult),
}

/// Answers a call of one of the three, where the endpoint has them, or makes it the call that it asks
/// for. Any other call is as it was.
pub(crate) async fn step(
    shared: &Shared,
    pin: Option<&str>,
    mut request: CallToolRequestParams,
) -> Step {
    let version = None;
    let Some(search) = shared.search.as_ref() else {
        return Step::Call { request, version };
    };
    debug_assert_ne!(shared.options.dispatcher, Dispatcher::Off);
    let arguments = request.arguments.clone();
    let answer = match &*request.name {
        SEARCH => find(shared, search, arguments).await,
        DESCRIBE => describe(shared, arguments),
        CALL => match target(shared, pin, request.arguments.take()) {
            Ok(target) => {
                request.name = target.name.into();
                request.arguments = target.arguments;
                let version = target.version;
                return Step::Call { request, version };
            }
            Err(problem) => Err(problem),
        },
        _ => return Step::Call { request, version },
    };
    Step::Answer(answer.unwrap_or_else(failed))
}

async fn find(
    shared: &Shared,
    search: &Arc<Search>,
    arguments: Option<JsonObject>,
) -> Result<CallToolResult, String> {
    let SearchArguments { query, limit } = read(SEARCH, arguments)?;
    let limit = limit.unwrap_or(LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) || query.len() > MAX_QUESTION_BYTES {
        return Err(format!(
            "the arguments of `{SEARCH}`: `query` has at most {MAX_QUESTION_BYTES} bytes, and \
             `limit` is 1 to {MAX_LIMIT}"
        ));
    }
    let found = search.find(shared.view(), query, limit).await;
    let tools: Vec<Value> = found.iter().map(|tool| in_short(tool)).collect();
    Ok(CallToolResult::structured(json!({ "tools": tools })))
}

fn in_short(tool: &Tool) -> Value {
    let mut short = json!({ "name": tool.name });
    if let Some(title) = &tool.title {
        short["title"] = json!(title);
    }
    if let Some(description) = &tool.description {
        let mut characters = description.chars();
        let mut text: String = characters.by_ref().take(MAX_DESCRIPTION).collect();
        if characters.next().is_some() {
            text.push('…');
        }
        short["description"] = json!(text);
    }
    short
}

fn describe(shared: &Shared, arguments: Option<JsonObject>) -> Result<CallToolResult, String> {
    let DescribeArguments { name } = read(DESCRIBE, arguments)?;
    let view = shared.view();
    let tool = view.tool(&name).ok_or_else(|| unknown(&name))?;
    let tool = serde_json::to_value(&**tool).map_err(|error| error.to_string())?;
    Ok(CallToolResult::structured(tool))
}

fn target(
    shared: &Shared,
    pin: Option<&str>,
    arguments: Option<JsonObject>,
) -> Result<CallArguments, String> {
    let target: CallArguments = read(CALL, arguments)?;
    let snapshot = shared.snapshot();
    let tool = snapshot.tool(&target.name, target.version.as_deref().or(pin));
    let tool = tool.map_err(|error| error.to_string())?;
    match tool.filter(|tool| shared.options.shows_tool(tool)) {
        Some(_) => Ok(target),
        None => Err(unknown(&target.name)),
    }
}

fn unknown(name: &str) -> String {
    let name: String = name.chars().take(128).collect();
    format!("there is no tool `{name}`; `{SEARCH}` finds those that there are")
}

fn read<T: DeserializeOwned>(tool: &str, arguments: Option<JsonObject>) -> Result<T, String> {
    let arguments = Value::Object(arguments.unwrap_or_default());
    serde_json::from_value(arguments)
        .map_err(|error| format!("the arguments do not fit the input schema of `{tool}`: {error}"))
}
