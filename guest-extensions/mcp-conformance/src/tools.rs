//! Tools that answer by themselves: all kinds of content, failures, notices, schemas.

use std::thread;
use std::time::Duration;

use koi_extension::caller::{self, Severity};
use koi_extension::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::media;

/// Between notices, so that a client can tell one from the next.
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Deserialize, JsonSchema)]
struct Routed {
    /// Goes into a header of the request too.
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: String,
}

/// Adds them.
pub fn tools(toolbox: Toolbox) -> Toolbox {
    toolbox
        .tool(
            Tool::new("test_simple_text", "Answers with text").read_only(),
            |_: NoArguments| Ok(Content::text("This is a simple text response for testing.")),
        )
        .tool(
            Tool::new("test_image_content", "Answers with an image").read_only(),
            |_: NoArguments| Ok(media::image()),
        )
        .tool(
            Tool::new("test_audio_content", "Answers with sound").read_only(),
            |_: NoArguments| Ok(media::audio()),
        )
        .tool(
            Tool::new("test_embedded_resource", "Answers with a resource").read_only(),
            |_: NoArguments| {
                Ok(Content::resource(&ResourceContents::text(
                    "test://embedded-resource",
                    "text/plain",
                    "This is an embedded resource content.",
                )))
            },
        )
        .tool(
            Tool::new(
                "test_multiple_content_types",
                "Answers with content of several kinds",
            )
            .read_only(),
            |_: NoArguments| mixed(),
        )
        .tool(
            Tool::new("test_error_handling", "Always fails"),
            |_: NoArguments| -> Result<Content> {
                Err(Error::permanent(
                    "This tool intentionally returns an error for testing",
                ))
            },
        )
        .tool(
            Tool::new(
                "test_tool_with_logging",
                "Says to its caller's log what it does",
            ),
            |_: NoArguments| with_logging(),
        )
        .tool(
            Tool::new("test_logging_tool", "Says something to its caller's log"),
            |_: NoArguments| {
                caller::log(Severity::Info, "A message for those who want to hear it")?;
                Ok(Content::text("Logged"))
            },
        )
        .tool(
            Tool::new("test_tool_with_progress", "Tells how far it is"),
            |_: NoArguments| with_progress(),
        )
        .tool(
            Tool::new(
                "test_reconnection",
                "Takes its time, so that a client can lose its connection meanwhile",
            ),
            |_: NoArguments| {
                thread::sleep(PAUSE);
                Ok(Content::text("Reconnection test completed"))
            },
        )
        .tool(
            Tool::new(
                "json_schema_2020_12_tool",
                "Tool with JSON Schema 2020-12 features",
            )
            .input_schema(schema_2020_12()),
            |arguments: Value| Ok(json!({ "arguments": arguments })),
        )
        .tool(
            Tool::new(
                "test_custom_header",
                "Has an argument that goes into a header",
            )
            .read_only(),
            |routed: Routed| Ok(Content::text(routed.region)),
        )
}

fn mixed() -> Result<ToolResult> {
    let uri = "test://mixed-content-resource";
    let embedded = ResourceContents::json(uri, &json!({ "test": "data", "value": 123 }))?;
    let people = Annotations::new().audience([Role::User]).priority(0.5);
    Ok(ToolResult::of([
        Content::text("Multiple content types test:").annotated(&people),
        media::image(),
        Content::resource(&embedded),
        Content::link(&Resource::new("test://static-text", "Static text").mime_type("text/plain")),
    ]))
}

fn with_logging() -> Result<Content> {
    caller::log(Severity::Info, "Tool execution started")?;
    thread::sleep(PAUSE);
    caller::log(Severity::Info, "Tool processing data")?;
    thread::sleep(PAUSE);
    caller::log(Severity::Info, "Tool execution completed")?;
    Ok(Content::text("Tool with logging executed successfully"))
}

fn with_progress() -> Result<Content> {
    for (progress, pause) in [(0.0, PAUSE), (50.0, PAUSE), (100.0, Duration::ZERO)] {
        caller::progress(progress, Some(100.0), None);
        thread::sleep(pause);
    }
    Ok(Content::text("Tool with progress executed successfully"))
}

/// Keywords that a server must not lose.
fn schema_2020_12() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
            }
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" }
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": {
            "properties": { "contactMethod": { "const": "phone" } },
            "required": ["contactMethod"]
        },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false
    })
}
