//! JSON-RPC errors: what went wrong, to what, what to do.

use rmcp::ErrorData;
use serde_json::json;

pub(crate) fn unknown_tool(name: &str) -> ErrorData {
    let name: String = name.chars().take(128).collect();
    ErrorData::invalid_params(
        format!("there is no tool `{name}`; `tools/list` names those that there are"),
        None,
    )
}

/// -32602 in the modern era, -32002 before: rmcp tells them apart.
pub(crate) fn unknown_resource(uri: &str) -> ErrorData {
    ErrorData::resource_not_found(
        "there is no resource at this URI; `resources/list` and `resources/templates/list` name \
         those that there are",
        Some(json!({ "uri": uri })),
    )
}

pub(crate) fn bad_cursor() -> ErrorData {
    ErrorData::invalid_params(
        "this cursor is none of this list: ask for the first page without a cursor",
        None,
    )
}

pub(crate) fn cancelled() -> ErrorData {
    ErrorData::internal_error("the request was cancelled", None)
}

/// Something that only the operator can do anything about; the correlation id leads to the log.
pub(crate) fn internal(error: &dyn std::fmt::Display, correlation: &str) -> ErrorData {
    tracing::error!(correlation, %error, "an MCP request failed");
    ErrorData::internal_error(
        error.to_string(),
        Some(json!({ "correlationId": correlation })),
    )
}
