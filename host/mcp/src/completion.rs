//! Completion of the arguments of prompts and of the variables of resource templates.
//!
//! Extensions complete what is theirs. The references of a RID type are completed from the stored
//! knowledge.

use std::sync::Arc;

use koi_registry::CompletionOutput;
use koi_runtime::{CallError, GuestErrorKind};
use koi_store::BundleQuery;
use rmcp::ErrorData;
use rmcp::model::{
    ArgumentInfo, CompleteRequestParams, CompletionContext, CompletionInfo, LoggingLevel, Reference,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::json;

use crate::errors;
use crate::requests::without_questions;
use crate::shared::Shared;
use crate::view::{REFERENCE, View};

/// Longest text that is completed, in bytes.
const MAX_VALUE_BYTES: usize = koi_rid::MAX_RID_BYTES;

/// # Errors
/// If there is nothing of that name, or the extension fails.
pub(crate) async fn complete(
    shared: &Arc<Shared>,
    context: &RequestContext<RoleServer>,
    log: Option<LoggingLevel>,
    view: &View,
    request: CompleteRequestParams,
) -> Result<CompletionInfo, ErrorData> {
    let ArgumentInfo { name, value, .. } = request.argument;
    if value.len() > MAX_VALUE_BYTES {
        return Err(ErrorData::invalid_params(
            format!("at most {MAX_VALUE_BYTES} bytes are completed"),
            None,
        ));
    }
    let snapshot = &view.snapshot;
    let given = given(request.context);
    let correlation = shared.correlation();
    let call = (context, log, correlation.clone());
    let outcome = match &request.r#ref {
        Reference::Prompt(of) => {
            let prompt = snapshot.prompts.get(&of.name);
            let prompt = prompt.filter(|of| shared.options.shows_extension(&of.extension));
            let prompt = prompt.ok_or_else(|| errors::unknown_prompt(&of.name))?;
            let ask = |invocation| prompt.complete(&name, &value, &given, invocation);
            without_questions(call, ask).await?
        }
        Reference::Resource(of) => {
            let template = snapshot.templates.get(&of.uri);
            let Some(template) =
                template.filter(|of| shared.options.shows_extension(&of.extension))
            else {
                return references(shared, view, &of.uri, &name, &value).await;
            };
            let ask = |invocation| template.complete(&name, &value, &given, invocation);
            without_questions(call, ask).await?
        }
        // Of a kind that this server does not know.
        _ => return Ok(CompletionInfo::default()),
    };
    match outcome {
        Ok(output) => Ok(info(output)),
        Err(CallError::Guest(error)) if error.kind == GuestErrorKind::InvalidInput => {
            Err(ErrorData::invalid_params(error.message, None))
        }
        Err(CallError::Guest(error)) => Err(errors::internal(&error.message, &correlation)),
        Err(error) => Err(errors::internal(&error, &correlation)),
    }
}

/// What was given for other arguments already, as the contract has it.
fn given(context: Option<CompletionContext>) -> String {
    let arguments = context.and_then(|context| context.arguments);
    json!({ "arguments": arguments.unwrap_or_default() }).to_string()
}

fn info(output: CompletionOutput) -> CompletionInfo {
    let mut info = CompletionInfo::default();
    info.values = output.values;
    info.total = output.total.and_then(|total| total.try_into().ok());
    info.has_more = output.has_more;
    info
}

/// The references of stored bundles of the RID type whose template this is.
async fn references(
    shared: &Shared,
    view: &View,
    template: &str,
    variable: &str,
    value: &str,
) -> Result<CompletionInfo, ErrorData> {
    let rid_type = view
        .rid_type_of_template(template)
        .ok_or_else(|| errors::unknown_template(template))?;
    let mut info = CompletionInfo::default();
    if variable != REFERENCE {
        return Ok(info);
    }
    let query = BundleQuery {
        rid_types: vec![rid_type.clone()],
        reference_prefix: Some(value.to_owned()),
        limit: CompletionInfo::MAX_VALUES.try_into().unwrap_or(u32::MAX),
        ..BundleQuery::default()
    };
    let page = shared.bundles.rids(&query).await;
    let page = page.map_err(|error| errors::internal(&error, &shared.correlation()))?;
    let values = page.items.iter().map(|rid| rid.reference().to_owned());
    info.values = values.collect();
    info.has_more = Some(page.next.is_some());
    Ok(info)
}
