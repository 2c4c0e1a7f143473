//! The requests of one client, answered from the newest snapshot.
//!
//! One handler is made for each session of the legacy era and for each request of the modern one,
//! which costs the cloning of an [`Arc`].

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use koi_store::McpSession;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CancelTaskParams, CompleteRequestParams,
    CompleteResult, DiscoverResult, GetPromptRequestParams, GetPromptResponse, GetTaskParams,
    GetTaskResult, InitializeRequestParams, InitializeResult, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, LoggingLevel, MetaObject,
    PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse,
    ResultType, ServerConfig, SetLevelRequestMethod, SetLevelRequestParams, SubscribeRequestParams,
    SubscriptionFilter, Tool, UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::{NotificationContext, Peer, RequestContext, RoleServer, SubscriptionContext};
use rmcp::{ErrorData, ServerHandler};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cursor::{self, PAGE, page, position};
use crate::dispatcher::{self, Step};
use crate::notices::{
    self, Lists, MAX_SUBSCRIPTIONS, MAX_WATCHED_BYTES, Outlet, Subscription, TooManySubscriptions,
};
use crate::open_calls::OpenCall;
use crate::principals::principal_of;
use crate::sessions::in_use;
use crate::shared::Shared;
use crate::{completion, errors, management, prompts, resources, tools};

/// The member of a request's `_meta` that names the version of an extension that is to answer.
const VERSION: &str = "koi-mcp/version";

/// Longest URI that can be subscribed to, in bytes.
const MAX_URI_BYTES: usize = koi_rid::MAX_RID_BYTES;

/// A legacy client's session.
struct Session {
    subscription: Subscription,
    /// From which level it wants to hear messages.
    log: Mutex<LoggingLevel>,
}

/// Answers the requests of one session, or one request of the modern era.
pub(crate) struct Handler {
    shared: Arc<Shared>,
    session: OnceLock<Session>,
    /// What was kept of the session while it was parked.
    parked: Option<McpSession>,
}

impl Handler {
    pub(crate) fn new(shared: Arc<Shared>, parked: Option<McpSession>) -> Self {
        Self {
            shared,
            session: OnceLock::new(),
            parked,
        }
    }

    fn session(&self, peer: &Peer<RoleServer>) -> &Session {
        self.session.get_or_init(|| {
            let subscription = self.shared.hub.subscribe(Lists {
                tools: true,
                resources: true,
                prompts: true,
            });
            let outlet = Outlet::Session(peer.clone());
            tokio::spawn(notices::deliver(subscription.mailbox(), outlet));
            let mut log = LoggingLevel::Info;
            if let Some(parked) = &self.parked {
                log = resume(parked, &subscription).unwrap_or(log);
            }
            Session {
                subscription,
                log: Mutex::new(log),
            }
        })
    }

    /// Whether parameters of a call of this tool have to stand in headers too.
    pub(crate) fn wants_parameters_in_headers(&self, tool: &str) -> bool {
        self.shared.present_view().has_header_parameters(tool)
    }

    /// A page of the tools for a client of the modern era; none if no page of these begins there.
    pub(crate) fn listed_tools(&self, cursor: Option<&str>) -> Option<ListedTools> {
        let view = self.shared.view();
        let page = view.tool_page(cursor)?;
        Some(ListedTools {
            result_type: ResultType::COMPLETE,
            meta: self.shared.stamp.clone(),
            next_cursor: page.next.clone(),
            ttl_ms: self.shared.list_ttl_ms(),
            cache_scope: CacheScope::Private,
            tools: page.text.clone(),
        })
    }

    /// From which level the client of a request wants to hear messages.
    fn log_level(&self, context: &RequestContext<RoleServer>) -> Option<LoggingLevel> {
        if is_modern(context) {
            return context.meta.log_level();
        }
        let session = self.session(&context.peer);
        Some(*session.log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A task of the client's.
    fn task(
        &self,
        id: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<Arc<OpenCall>, ErrorData> {
        let call = self.shared.calls.find(id, principal_of(context).as_ref());
        call.filter(|call| call.is_task())
            .ok_or_else(|| errors::unknown_task(id))
    }

    /// Results of the modern era say who made them.
    fn stamp(&self, context: &RequestContext<RoleServer>) -> Option<MetaObject> {
        is_modern(context).then(|| self.shared.stamp.clone())
    }
}

/// [`ListToolsResult`], its tools already as they are sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedTools {
    result_type: ResultType,
    #[serde(rename = "_meta")]
    meta: MetaObject,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    ttl_ms: u64,
    cache_scope: CacheScope,
    tools: Arc<RawValue>,
}

/// Has a client that was away hear again what it subscribed to, and tells from which level on it wants
/// to hear messages.
fn resume(parked: &McpSession, subscription: &Subscription) -> Option<LoggingLevel> {
    for uri in &parked.subscriptions {
        if let Err(error) = subscription.watch(uri) {
            tracing::warn!(%error, "a client that is back does not hear of all that it subscribed to");
            break;
        }
    }
    subscription.catch_up();
    serde_json::from_value(parked.log_level.as_deref()?.into()).ok()
}

/// Whether a request is of the era without sessions.
pub(crate) fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    context
        .protocol_version()
        .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

/// The version of an extension that a request asks for.
///
/// # Errors
/// If that is no text.
fn pin(context: &RequestContext<RoleServer>) -> Result<Option<&str>, ErrorData> {
    match context.meta.get(VERSION) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(version)) => Ok(Some(version)),
        Some(_) => Err(ErrorData::invalid_params(
            format!(
                "`{VERSION}` in `_meta` is a text, such as \"1.2.3\", \"^1.2\" or \"revision:3\""
            ),
            None,
        )),
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        self.shared.config.clone()
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let mut result = self.negotiate_initialize(&request)?;
        // Tasks are of the modern era.
        result.capabilities.extensions = None;
        Ok(result)
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.get_info())
            .with_ttl_ms(self.shared.list_ttl_ms())
            .with_cache_scope(CacheScope::Private))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let (mut tools, next_cursor) = page(&self.shared.view().listed, request)?;
        if !is_modern(&context) {
            tools.iter_mut().for_each(tools::for_legacy);
        }
        let mut result = ListToolsResult::with_all_items(tools)
            .with_ttl_ms(self.shared.list_ttl_ms())
            .with_cache_scope(CacheScope::Private);
        result.next_cursor = next_cursor;
        result.meta = self.stamp(&context);
        Ok(result)
    }

    /// For the transport, before each call: from the view that there is, without waiting.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.shared.present_view().tool_for_transport(name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let pin = pin(&context)?;
        let principal = principal_of(&context);
        if let Some(mut result) = management::answer(&self.shared, &request, principal).await {
            result.meta = self.stamp(&context);
            return Ok(result.into());
        }
        let (request, version) = match dispatcher::step(&self.shared, pin, request).await {
            Step::Call { request, version } => (request, version),
            Step::Answer(mut result) => {
                result.meta = self.stamp(&context);
                return Ok(result.into());
            }
        };
        let snapshot = self.shared.snapshot();
        let tool = snapshot.tool(request.name.as_ref(), version.as_deref().or(pin));
        let tool = tool.map_err(|error| errors::no_version(&error))?;
        let tool = tool.filter(|tool| self.shared.options.shows_tool(tool));
        let log = self.log_level(&context);
        let mut response = tools::call(&self.shared, &context, log, tool, request).await?;
        let meta = match &mut response {
            CallToolResponse::Complete(result) => &mut result.meta,
            CallToolResponse::InputRequired(result) => &mut result.meta,
            CallToolResponse::Task(result) => &mut result.meta,
            _ => return Ok(response),
        };
        *meta = self.stamp(&context);
        Ok(response)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let from: Option<resources::Position> = position(request)?;
        let view = self.shared.view();
        let (listed, next) = resources::list(
            &view,
            self.shared.bundles.as_ref(),
            from.unwrap_or_default(),
            PAGE,
        )
        .await
        .map_err(|error| errors::internal(&error, &self.shared.correlation()))?;
        let mut result = ListResourcesResult::with_all_items(listed)
            .with_ttl_ms(self.shared.list_ttl_ms())
            .with_cache_scope(CacheScope::Private);
        result.next_cursor = next.as_ref().map(cursor::encode);
        result.meta = self.stamp(&context);
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let (templates, next_cursor) = page(&self.shared.view().templates, request)?;
        let mut result = ListResourceTemplatesResult::with_all_items(templates)
            .with_ttl_ms(self.shared.list_ttl_ms())
            .with_cache_scope(CacheScope::Private);
        result.next_cursor = next_cursor;
        result.meta = self.stamp(&context);
        Ok(result)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let view = self.shared.view();
        let log = self.log_level(&context);
        let pin = pin(&context)?;
        let read = resources::read(&self.shared, &context, log, &view, pin, request);
        let mut response = read.await?;
        let meta = match &mut response {
            ReadResourceResponse::Complete(result) => &mut result.meta,
            ReadResourceResponse::InputRequired(result) => &mut result.meta,
            _ => return Ok(response),
        };
        *meta = self.stamp(&context);
        Ok(response)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let (prompts, next_cursor) = page(&self.shared.view().prompts, request)?;
        let mut result = ListPromptsResult::with_all_items(prompts)
            .with_ttl_ms(self.shared.list_ttl_ms())
            .with_cache_scope(CacheScope::Private);
        result.next_cursor = next_cursor;
        result.meta = self.stamp(&context);
        Ok(result)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let snapshot = self.shared.snapshot();
        let prompt = snapshot.prompt(&request.name, pin(&context)?);
        let prompt = prompt.map_err(|error| errors::no_version(&error))?;
        let prompt = prompt.filter(|of| self.shared.options.shows_extension(&of.extension));
        let log = self.log_level(&context);
        let mut response = prompts::get(&self.shared, &context, log, prompt, request).await?;
        let meta = match &mut response {
            GetPromptResponse::Complete(result) => &mut result.meta,
            GetPromptResponse::InputRequired(result) => &mut result.meta,
            _ => return Ok(response),
        };
        *meta = self.stamp(&context);
        Ok(response)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let view = self.shared.view();
        let log = self.log_level(&context);
        let info = completion::complete(&self.shared, &context, log, &view, request).await?;
        let mut result = CompleteResult::new(info);
        result.meta = self.stamp(&context);
        Ok(result)
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let task = self.task(&request.task_id, &context)?.detailed();
        let task = task.ok_or_else(|| errors::unknown_task(&request.task_id))?;
        let mut result = GetTaskResult::new(task);
        result.meta = self.stamp(&context);
        Ok(result)
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let task = self.task(&request.task_id, &context)?;
        task.answer_task(request.input_responses)
            .map_err(|misfit| errors::no_answer(&misfit))
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.task(&request.task_id, &context)?.cancel();
        Ok(())
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.session(&context.peer);
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if request.uri.len() > MAX_URI_BYTES {
            return Err(ErrorData::invalid_params(
                format!("a URI to subscribe to has at most {MAX_URI_BYTES} bytes"),
                None,
            ));
        }
        let subscription = &self.session(&context.peer).subscription;
        subscription
            .watch(&request.uri)
            .map_err(|error| ErrorData::invalid_request(error.to_string(), None))?;
        let Some(session) = in_use(&context.extensions) else {
            return Ok(());
        };
        let kept = session
            .subscribe(&request.uri, MAX_WATCHED_BYTES as u64)
            .await;
        if !matches!(kept, Ok(true)) {
            subscription.unwatch(&request.uri);
        }
        match kept {
            Ok(true) => Ok(()),
            Ok(false) => {
                let error = TooManySubscriptions::OfAll.to_string();
                Err(ErrorData::invalid_request(error, None))
            }
            Err(error) => Err(errors::internal(&error, &self.shared.correlation())),
        }
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.session(&context.peer)
            .subscription
            .unwatch(&request.uri);
        let Some(session) = in_use(&context.extensions) else {
            return Ok(());
        };
        let kept = session.unsubscribe(&request.uri).await;
        kept.map_err(|error| errors::internal(&error, &self.shared.correlation()))
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        let mut accepted = requested.supported_by(&self.shared.config.capabilities);
        if let Some(uris) = &mut accepted.resource_subscriptions {
            uris.retain(|uri| uri.len() <= MAX_URI_BYTES);
            uris.truncate(MAX_SUBSCRIPTIONS);
        }
        Some(accepted)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let accepted = context.accepted();
        let principal = principal_of(context.request_context());
        let _place = self
            .shared
            .streams
            .take(principal.as_ref())
            .map_err(|full| ErrorData::invalid_request(full.to_string(), None))?;
        let subscription = self.shared.hub.subscribe(Lists {
            tools: accepted.tools_list_changed == Some(true),
            resources: accepted.resources_list_changed == Some(true),
            prompts: accepted.prompts_list_changed == Some(true),
        });
        for uri in accepted.resource_subscriptions.iter().flatten() {
            subscription
                .watch(uri)
                .map_err(|error| ErrorData::invalid_request(error.to_string(), None))?;
        }
        let outlet = Outlet::Listen(context.sink().clone());
        tokio::select! {
            () = notices::deliver(subscription.mailbox(), outlet) => {}
            () = context.cancelled() => {}
            () = self.shared.closing.cancelled() => {}
        }
        Ok(())
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if is_modern(&context) {
            return Err(ErrorData::method_not_found::<SetLevelRequestMethod>());
        }
        let session = self.session(&context.peer);
        *session.log.lock().unwrap_or_else(PoisonError::into_inner) = request.level;
        let level = serde_json::to_value(request.level).unwrap_or_default();
        let (Some(session), Some(level)) = (in_use(&context.extensions), level.as_str()) else {
            return Ok(());
        };
        let kept = session.set_log_level(level).await;
        kept.map_err(|error| errors::internal(&error, &self.shared.correlation()))
    }
}
