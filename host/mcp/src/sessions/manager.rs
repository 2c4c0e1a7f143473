//! What rmcp asks of the sessions.

use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, stream};
use http::request::Parts;
use koi_rid::Timestamp;
use koi_store::McpSession;
use rmcp::ErrorData;
use rmcp::model::{
    ClientJsonRpcMessage, ClientRequest, GetExtensions, InitializeRequest, JsonRpcMessage,
    ServerJsonRpcMessage,
};
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError,
};
use rmcp::transport::streamable_http_server::session::{
    ServerSseMessage, SessionId, SessionManager,
};

use super::answering;
use super::events::{self, Resumed};
use super::live::Live;
use super::{MAX_INITIALIZE_BYTES, Owner, Sessions, SessionsError};

impl SessionManager for Sessions {
    type Error = SessionsError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), SessionsError> {
        let _adding = self.adding.lock().await;
        self.make_room().await?;
        let (id, transport) = self.local.create_session().await?;
        self.live().insert(id.clone(), Live::new(id.clone()));
        Ok((id, transport))
    }

    /// Only for new sessions: those that were parked are begun again without rmcp's help.
    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, SessionsError> {
        let begun = match begun(id, &message) {
            Some(begun) if begun.0.initialize.len() > MAX_INITIALIZE_BYTES => {
                self.close_session(id).await?;
                return Ok(too_long(&message));
            }
            begun => begun,
        };
        let response = self.local.initialize_session(id, message).await?;
        if let (Some((session, owner)), JsonRpcMessage::Response(_)) = (begun, &response)
            && let Some(live) = self.find(id)
        {
            let most = self.limits.most;
            let kept = match self.store.begin(session, most as u64).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(SessionsError::Full(most)),
                Err(error) => Err(error.into()),
            };
            if let Err(error) = kept {
                self.close_session(id).await?;
                return Err(error);
            }
            let _ = live.owner.set(owner);
            live.ready.cancel();
        }
        Ok(response)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, SessionsError> {
        Ok(self.local.has_session(id).await?)
    }

    /// The client ends the session, or the handler of one that is new has ended.
    async fn close_session(&self, id: &SessionId) -> Result<(), SessionsError> {
        let closed = self.local.close_session(id).await;
        if let Some(live) = self.find(id).filter(|live| live.is_new) {
            self.remove(&live);
        }
        Ok(closed?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        mut message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionsError> {
        let live = self.known(id)?;
        let name = events::name(&message);
        let mut unanswered = None;
        if let JsonRpcMessage::Request(request) = &mut message {
            let Some(begun) = live.answering.begin(&request.id) else {
                let refusal = answering::refusal(request.id.clone());
                return Ok(Box::pin(stream::once(async { refusal })) as Events);
            };
            // The handler has it as long as the request.
            request.request.extensions_mut().insert(begun.clone());
            unanswered = Some(begun);
        }
        let events = self.local.create_stream(id, message).await?;
        Ok(match unanswered {
            Some(unanswered) => Box::pin(live.life.mark(unanswered.watch(events), name)),
            None => Box::pin(live.life.mark(events, name)),
        })
    }

    async fn accept_message(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<(), SessionsError> {
        Ok(self.local.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionsError> {
        let events = self.local.create_standalone_stream(id).await?;
        Ok(self.known(id)?.life.mark(events, None))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionsError> {
        let life = self.known(id)?.life.clone();
        let events: Events = match life.resumed(&last_event_id) {
            Resumed::Here(last) => {
                let request = last_event_id.rsplit('.').next().map(str::to_owned);
                let events = self.local.resume(id, last).await?;
                Box::pin(life.mark(events, request))
            }
            Resumed::Lost(request) => {
                let lost = events::lost(request);
                Box::pin(stream::once(async { lost }))
            }
            Resumed::Anew => {
                let events = self.local.create_standalone_stream(id).await?;
                Box::pin(life.mark(events, None))
            }
        };
        Ok(events)
    }
}

type Events = Pin<Box<dyn Stream<Item = ServerSseMessage> + Send + Sync>>;

impl Sessions {
    fn known(&self, id: &SessionId) -> Result<Arc<Live>, LocalSessionManagerError> {
        self.find(id)
            .ok_or_else(|| LocalSessionManagerError::SessionNotFound(id.clone()))
    }
}

/// The session that a message begins, and whose it is.
fn begun(id: &SessionId, message: &ClientJsonRpcMessage) -> Option<(McpSession, Owner)> {
    let JsonRpcMessage::Request(request) = message else {
        return None;
    };
    let ClientRequest::InitializeRequest(InitializeRequest {
        params, extensions, ..
    }) = &request.request
    else {
        return None;
    };
    let owner: &Owner = extensions.get::<Parts>()?.extensions.get()?;
    let session = McpSession {
        id: id.to_string(),
        principal: owner.principal.as_ref().map(|p| p.0.to_string()),
        endpoint: owner.endpoint.to_string(),
        initialize: serde_json::to_string(params).ok()?,
        log_level: None,
        subscriptions: Vec::new(),
        last_used: Timestamp::now(),
    };
    Some((session, owner.clone()))
}

fn too_long(message: &ClientJsonRpcMessage) -> ServerJsonRpcMessage {
    let id = match message {
        JsonRpcMessage::Request(request) => Some(request.id.clone()),
        _ => None,
    };
    let what = format!(
        "the parameters of `initialize` have more than {MAX_INITIALIZE_BYTES} bytes: leave out icons"
    );
    ServerJsonRpcMessage::error(ErrorData::invalid_params(what, None), id)
}
