//! Tool calls: what goes to the extension and what comes back.

use koi_registry::{ToolEntry, ToolOutput};
use koi_runtime::CallError;
use rmcp::ErrorData;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, Tool};
use serde_json::Value;

use crate::errors;

/// A failure that the agent reads and may do something about.
pub(crate) fn failed(message: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(message)])
}

/// Why arguments were not given to a tool.
pub(crate) fn misfit(tool: &ToolEntry, problem: &str) -> CallToolResult {
    failed(format!(
        "the arguments do not fit the input schema of `{}`: {problem}",
        tool.name
    ))
}

/// Before the modern era structured content was an object and nothing else; its text is in the
/// content all the same.
pub(crate) fn for_legacy(tool: &mut Tool) {
    let is_object = |schema: &JsonObject| schema.get("type").is_some_and(|of| of == "object");
    if tool
        .output_schema
        .as_deref()
        .is_some_and(|schema| !is_object(schema))
    {
        tool.output_schema = None;
    }
}

/// # Errors
/// Only if neither the agent nor the extension could have done anything about the failure.
pub(crate) fn result(
    tool: &ToolEntry,
    outcome: Result<ToolOutput, CallError>,
    modern: bool,
    correlation: &str,
) -> Result<CallToolResult, ErrorData> {
    match outcome {
        Ok(output) => Ok(complete(tool, output, modern)),
        Err(CallError::Guest(error)) => Ok(failed(error.message)),
        Err(error @ (CallError::Limit { .. } | CallError::Trap(_) | CallError::Overloaded(_))) => {
            tracing::warn!(
                correlation, extension = %tool.extension, tool = %tool.name, %error,
                "a tool call was ended"
            );
            Ok(failed(format!(
                "`{}` of {}: {error}",
                tool.name, tool.extension
            )))
        }
        Err(error @ (CallError::NotExported(_) | CallError::Host(_))) => {
            Err(errors::internal(&error, correlation))
        }
    }
}

fn complete(tool: &ToolEntry, output: ToolOutput, modern: bool) -> CallToolResult {
    let content = match serde_json::from_str(output.content.get()) {
        Ok(content) => content,
        Err(error) => {
            return failed(format!(
                "`{}` of {} answered with content that is none of MCP's: {error}",
                tool.name, tool.extension
            ));
        }
    };
    let mut result = CallToolResult::default();
    result.content = content;
    result.structured_content = output
        .structured
        .filter(|structured| modern || structured.is_object());
    result.is_error = Some(output.is_error);
    result
}

/// The arguments as the extension gets them: the text of a JSON object.
///
/// # Errors
/// What does not fit the tool's input schema.
pub(crate) fn arguments(tool: &ToolEntry, arguments: Option<JsonObject>) -> Result<String, String> {
    let arguments = Value::Object(arguments.unwrap_or_default());
    tool.check_arguments(&arguments)?;
    Ok(arguments.to_string())
}
