//! Tool calls: what goes to the extension and what comes back.

use std::sync::Arc;

use koi_registry::{Invocation, ToolEntry, ToolOutput};
use koi_runtime::CallError;
use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ContentBlock,
    JsonObject, LoggingLevel, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::Value;

use crate::caller::Client;
use crate::errors;
use crate::handler::is_modern;
use crate::open_calls::{Answer, OpenCallOptions, Outcome, Reply};
use crate::requests::{Request, TaskUse};
use crate::shared::Shared;

/// Answers a `tools/call` with a tool: none if there is none of that name, which a call that waits for
/// its client's answers need not care about.
pub(crate) async fn call(
    shared: &Arc<Shared>,
    context: &RequestContext<RoleServer>,
    log: Option<LoggingLevel>,
    tool: Option<&Arc<ToolEntry>>,
    request: CallToolRequestParams,
) -> Result<CallToolResponse, ErrorData> {
    let modern = is_modern(context);
    let arguments = Value::Object(request.arguments.unwrap_or_default());
    let text: Arc<str> = arguments.to_string().into();
    let of = Request {
        shared,
        context,
        log,
        method: "tools/call",
        name: &request.name,
        arguments: &text,
        given: request.input_responses,
    };
    let task = tool.map_or(TaskSupport::Unsaid, |tool| TaskSupport::of(tool));
    let task_use = task.task_use(&shared.calls.options);
    let reply = match request.request_state {
        Some(state) if modern => of.go_on(&state, task_use).await?,
        _ => {
            let tool = tool.ok_or_else(|| errors::unknown_tool(&request.name))?;
            if task == TaskSupport::Required && modern {
                check_takes_tasks(context)?;
            }
            if let Err(problem) = tool.check_arguments(&arguments) {
                return Ok(misfit(tool, &problem).into());
            }
            let work = work(tool.clone(), text.clone(), modern);
            of.begin(task_use, work).await?
        }
    };
    Ok(match reply {
        Reply::Complete(Answer::Tool(result)) => result.into(),
        Reply::Complete(Answer::Ended(message)) => failed(message).into(),
        Reply::InputRequired(result) => result.into(),
        Reply::Task(task) => task.into(),
        // A state is good for one method.
        Reply::Complete(_) => return Err(errors::cancelled()),
    })
}

fn work(
    tool: Arc<ToolEntry>,
    arguments: Arc<str>,
    modern: bool,
) -> impl FnOnce(Invocation, Arc<Client>) -> futures::future::BoxFuture<'static, Outcome> {
    move |invocation, client| {
        Box::pin(async move {
            let correlation = invocation.correlation.clone();
            let outcome = tool.call(&arguments, invocation).await;
            if modern && matches!(outcome, Err(CallError::Guest(_))) {
                errors::check_missing(&client)?;
            }
            result(&tool, outcome, modern, &correlation)
        })
    }
}

fn check_takes_tasks(context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
    let offers = context.client_capabilities().unwrap_or_default();
    if offers.supports_tasks() {
        return Ok(());
    }
    let required = ClientCapabilities::builder().enable_tasks().build();
    Err(ErrorData::missing_required_client_capability(required))
}

/// What a tool says of tasks in its description, as MCP 2025-11-25 has it: `execution.taskSupport`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TaskSupport {
    Unsaid,
    Forbidden,
    Optional,
    Required,
}

impl TaskSupport {
    fn of(tool: &ToolEntry) -> Self {
        let said = tool.descriptor.get("execution");
        match said.and_then(|of| of.get("taskSupport")?.as_str()) {
            Some("forbidden") => Self::Forbidden,
            Some("optional") => Self::Optional,
            Some("required") => Self::Required,
            _ => Self::Unsaid,
        }
    }

    fn task_use(self, options: &OpenCallOptions) -> TaskUse {
        match self {
            Self::Unsaid => TaskUse::After(options.any_task_after),
            Self::Forbidden => TaskUse::Never,
            Self::Optional | Self::Required => TaskUse::After(options.task_after),
        }
    }
}

/// A failure that the agent reads and may do something about.
pub(crate) fn failed(message: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(message)])
}

/// Why arguments were not given to a tool.
fn misfit(tool: &ToolEntry, problem: &str) -> CallToolResult {
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
fn result(
    tool: &ToolEntry,
    outcome: Result<ToolOutput, CallError>,
    modern: bool,
    correlation: &str,
) -> Outcome {
    match outcome {
        Ok(output) => Ok(Answer::Tool(complete(tool, output, modern))),
        Err(CallError::Guest(error)) => Ok(Answer::Tool(failed(error.message))),
        Err(
            error @ (CallError::Limit { .. }
            | CallError::Uncounted
            | CallError::Trap(_)
            | CallError::Overloaded(_)
            | CallError::Superseded),
        ) => {
            tracing::warn!(
                correlation, extension = %tool.extension, tool = %tool.name, %error,
                "a tool call was ended"
            );
            Ok(Answer::Ended(format!(
                "`{}` of {}: {error}",
                tool.name, tool.extension
            )))
        }
        // That it is so was told once, when it came to be.
        Err(error @ CallError::Unavailable { .. }) => Ok(Answer::Ended(format!(
            "`{}` of {}: {error}",
            tool.name, tool.extension
        ))),
        Err(error @ (CallError::NotExported(_) | CallError::Host(_))) => {
            Err(errors::internal(&error, correlation))
        }
    }
}

/// What a tool answered, in the words of MCP.
pub(crate) fn complete(tool: &ToolEntry, output: ToolOutput, modern: bool) -> CallToolResult {
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
