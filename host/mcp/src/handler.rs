//! The requests of one client, answered from the newest snapshot.
//!
//! One handler is made for each session of the legacy era and for each request of the modern one,
//! which costs the cloning of an [`Arc`].

// MCP has deprecated logging and, in the modern era, `resources/subscribe`; clients still use them.
#![expect(deprecated)]

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestMethod,
    CompleteRequestParams, CompleteResult, DiscoverResult, ListPromptsRequestMethod,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    LoggingLevel, MetaObject, PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult, ServerConfig, SetLevelRequestMethod,
    SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool,
    UnsubscribeRequestParams,
};
use rmcp::service::{NotificationContext, Peer, RequestContext, RoleServer, SubscriptionContext};
use rmcp::{ErrorData, ServerHandler};

use crate::caller::on_behalf;
use crate::cursor::{self, PAGE, page, position};
use crate::dispatcher::{self, Step};
use crate::notices::{self, Lists, MAX_SUBSCRIPTIONS, Outlet, Subscription};
use crate::shared::Shared;
use crate::{errors, resources, tools};

/// For how long a client may go by a list that it has; notices come sooner.
const LIST_TTL_MS: u64 = 5_000;
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
}

impl Handler {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            session: OnceLock::new(),
        }
    }

    fn session(&self, peer: &Peer<RoleServer>) -> &Session {
        self.session.get_or_init(|| {
            let subscription = self.shared.hub.subscribe(Lists {
                tools: true,
                resources: true,
            });
            let outlet = Outlet::Session(peer.clone());
            tokio::spawn(notices::deliver(subscription.mailbox(), outlet));
            Session {
                subscription,
                log: Mutex::new(LoggingLevel::Info),
            }
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

    /// Results of the modern era say who made them.
    fn stamp(&self, context: &RequestContext<RoleServer>) -> Option<MetaObject> {
        is_modern(context).then(|| self.shared.stamp.clone())
    }
}

fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    context
        .protocol_version()
        .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        self.shared.config.clone()
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.get_info())
            .with_ttl_ms(LIST_TTL_MS)
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
            .with_ttl_ms(LIST_TTL_MS)
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
        let request = match dispatcher::step(&self.shared, request).await {
            Step::Call(request) => request,
            Step::Answer(mut result) => {
                result.meta = self.stamp(&context);
                return Ok(result.into());
            }
        };
        let snapshot = self.shared.snapshot();
        let tool = snapshot.tools.get(request.name.as_ref());
        let Some(tool) = tool.filter(|tool| self.shared.options.shows_tool(tool)) else {
            return Err(errors::unknown_tool(&request.name));
        };
        let mut result = match tools::arguments(tool, request.arguments) {
            Ok(arguments) => {
                let correlation = self.shared.correlation();
                let log = self.log_level(&context);
                let call = |invocation| tool.call(&arguments, invocation);
                let outcome = on_behalf(&context, log, correlation.clone(), call).await?;
                tools::result(tool, outcome, is_modern(&context), &correlation)?
            }
            Err(problem) => tools::misfit(tool, &problem),
        };
        result.meta = self.stamp(&context);
        Ok(result.into())
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
            .with_ttl_ms(LIST_TTL_MS)
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
            .with_ttl_ms(LIST_TTL_MS)
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
        let uri = request.uri.as_str();
        let view = self.shared.view();
        let correlation = self.shared.correlation();
        let contents = match resources::bundle(&view, self.shared.bundles.as_ref(), uri).await {
            Ok(Some(contents)) => vec![contents],
            Ok(None) => {
                let log = self.log_level(&context);
                let read = |invocation| view.read_own(uri, invocation);
                let outcome = on_behalf(&context, log, correlation.clone(), read).await?;
                resources::own_contents(uri, outcome, &correlation)?
            }
            Err(error) => return Err(errors::internal(&error, &correlation)),
        };
        // Knowledge may change at any time.
        let mut result = ReadResourceResult::new(contents)
            .with_ttl_ms(0)
            .with_cache_scope(CacheScope::Private);
        result.meta = self.stamp(&context);
        Ok(result.into())
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
            .map_err(|error| ErrorData::invalid_request(error.to_string(), None))
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.session(&context.peer)
            .subscription
            .unwatch(&request.uri);
        Ok(())
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
        let Ok(_place) = self.shared.listeners.try_acquire() else {
            return Err(errors::too_many_listeners());
        };
        let subscription = self.shared.hub.subscribe(Lists {
            tools: accepted.tools_list_changed == Some(true),
            resources: accepted.resources_list_changed == Some(true),
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
        Ok(())
    }

    // What is not declared is not there; rmcp would answer with empty lists.

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListPromptsRequestMethod>())
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Err(ErrorData::method_not_found::<CompleteRequestMethod>())
    }
}
