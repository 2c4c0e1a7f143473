//! JSON-RPC errors: what went wrong, to what, what to do.

use koi_registry::VersionError;
use koi_runtime::{CallError, whole_seconds};
use rmcp::ErrorData;
use serde_json::json;

use crate::caller::Client;
use crate::open_calls::BadState;
use crate::questions::Misfit;

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

pub(crate) fn unknown_prompt(name: &str) -> ErrorData {
    let name: String = name.chars().take(128).collect();
    ErrorData::invalid_params(
        format!("there is no prompt `{name}`; `prompts/list` names those that there are"),
        None,
    )
}

pub(crate) fn unknown_template(uri: &str) -> ErrorData {
    let uri: String = uri.chars().take(128).collect();
    ErrorData::invalid_params(
        format!(
            "there is no resource template `{uri}`; `resources/templates/list` names those that \
             there are"
        ),
        None,
    )
}

pub(crate) fn unknown_task(id: &str) -> ErrorData {
    let id: String = id.chars().take(128).collect();
    ErrorData::invalid_params(
        format!("there is no task `{id}`, or none of yours, or its time is over"),
        None,
    )
}

pub(crate) fn bad_state(bad: &BadState) -> ErrorData {
    ErrorData::invalid_params(bad.to_string(), None)
}

pub(crate) fn no_answer(misfit: &Misfit) -> ErrorData {
    ErrorData::invalid_params(misfit.to_string(), None)
}

/// # Errors
/// If its guest asked for something that the client does not offer: which capabilities that needs.
pub(crate) fn check_missing(client: &Client) -> Result<(), ErrorData> {
    match client.missing() {
        Some(missing) => Err(ErrorData::missing_required_client_capability(
            missing.clone(),
        )),
        None => Ok(()),
    }
}

/// For a task whose questions nobody answered, or that worked for too long.
pub(crate) fn out_of_time() -> ErrorData {
    ErrorData::internal_error(
        "the time of this task was over before it had a result",
        None,
    )
}

pub(crate) fn cancelled() -> ErrorData {
    ErrorData::internal_error("the request was cancelled", None)
}

pub(crate) fn no_version(error: &VersionError) -> ErrorData {
    ErrorData::invalid_params(error.to_string(), None)
}

/// A call failed through no fault of the client's.
pub(crate) fn failed_call(error: &CallError, correlation: &str) -> ErrorData {
    match error {
        // That it is so was told once, when it came to be.
        CallError::Unavailable { retry_after, .. } => ErrorData::internal_error(
            error.to_string(),
            Some(json!({ "retryAfter": whole_seconds(*retry_after) })),
        ),
        error => internal(error, correlation),
    }
}

/// Something that only the operator can do anything about; the correlation id leads to the log.
pub(crate) fn internal(error: &dyn std::fmt::Display, correlation: &str) -> ErrorData {
    tracing::error!(correlation, %error, "an MCP request failed");
    ErrorData::internal_error(
        error.to_string(),
        Some(json!({ "correlationId": correlation })),
    )
}
