//! Prompts: what goes to the extension and what comes back.

use std::sync::Arc;

use koi_registry::{Invocation, PromptEntry, PromptOutput};
use koi_runtime::{CallError, GuestErrorKind};
use rmcp::ErrorData;
use rmcp::model::{
    GetPromptRequestParams, GetPromptResponse, GetPromptResult, LoggingLevel, PromptMessage,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;

use crate::caller::Client;
use crate::errors;
use crate::handler::is_modern;
use crate::open_calls::{Answer, Outcome, Reply};
use crate::requests::{Request, TaskUse};
use crate::shared::Shared;

/// Answers a `prompts/get` with a prompt: none if there is none of that name, which a call that waits
/// for its client's answers need not care about.
pub(crate) async fn get(
    shared: &Arc<Shared>,
    context: &RequestContext<RoleServer>,
    log: Option<LoggingLevel>,
    prompt: Option<&Arc<PromptEntry>>,
    request: GetPromptRequestParams,
) -> Result<GetPromptResponse, ErrorData> {
    let modern = is_modern(context);
    let arguments = request.arguments.unwrap_or_default();
    let text = Value::Object(arguments.clone()).to_string();
    let of = Request {
        shared,
        context,
        log,
        method: "prompts/get",
        name: &request.name,
        arguments: &text,
        given: request.input_responses,
    };
    let reply = match request.request_state {
        Some(state) if modern => of.go_on(&state, TaskUse::Never).await?,
        _ => {
            let prompt = prompt.ok_or_else(|| errors::unknown_prompt(&request.name))?;
            let prompt = prompt.clone();
            let work = move |invocation: Invocation, client: Arc<Client>| async move {
                let correlation = invocation.correlation.clone();
                let outcome = prompt.get(&arguments, invocation).await;
                if modern && matches!(outcome, Err(CallError::Guest(_))) {
                    errors::check_missing(&client)?;
                }
                result(&prompt, outcome, &correlation)
            };
            of.begin(TaskUse::Never, work).await?
        }
    };
    match reply {
        Reply::Complete(Answer::Prompt(result)) => Ok(result.into()),
        Reply::InputRequired(result) => Ok(result.into()),
        // A state is good for one method, and only tools become tasks.
        _ => Err(errors::cancelled()),
    }
}

fn result(
    prompt: &PromptEntry,
    outcome: Result<PromptOutput, CallError>,
    correlation: &str,
) -> Outcome {
    let output = outcome.map_err(|error| match error {
        CallError::Guest(error) if error.kind == GuestErrorKind::InvalidInput => {
            ErrorData::invalid_params(error.message, None)
        }
        CallError::Guest(error) => errors::internal(&error.message, correlation),
        error => errors::failed_call(&error, correlation),
    })?;
    let messages: Vec<PromptMessage> =
        serde_json::from_str(output.messages.get()).map_err(|error| {
            let (name, extension) = (&prompt.name, &prompt.extension);
            let problem = format!(
                "the prompt `{name}` of {extension} was made into messages that are none of MCP's: \
                 {error}"
            );
            errors::internal(&problem, correlation)
        })?;
    let mut result = GetPromptResult::new(messages);
    result.description = output.description;
    Ok(Answer::Prompt(result))
}
