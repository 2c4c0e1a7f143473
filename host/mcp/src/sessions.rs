//! Sessions of the legacy era: in memory, bounded in number and in idle time.
//!
//! When there are as many as there may be, a new one is refused; those that there are go on. A
//! client whose session has ended gets 404, as the protocol has it, and begins a new one.

use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError,
};
use rmcp::transport::streamable_http_server::session::{
    ServerSseMessage, SessionId, SessionManager,
};
use tokio::sync::Mutex;

/// Sessions in memory, at most so many.
pub(crate) struct BoundedSessions {
    sessions: LocalSessionManager,
    most: usize,
    /// Held from counting to adding, so that the bound is exact.
    adding: Mutex<()>,
}

/// Why a session does not do as it is told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionsError {
    #[error("there are {0} sessions, the most that this server keeps: end one, or try again later")]
    Full(usize),
    #[error(transparent)]
    Session(#[from] LocalSessionManagerError),
}

impl BoundedSessions {
    pub(crate) fn new(most: usize, idle: Duration) -> Arc<Self> {
        let mut sessions = LocalSessionManager::default();
        sessions.session_config.keep_alive = Some(idle);
        Arc::new(Self {
            sessions,
            most,
            adding: Mutex::new(()),
        })
    }

    /// The refusal of another session, if there can be none.
    pub(crate) async fn refusal(&self) -> Option<SessionsError> {
        let full = self.sessions.sessions.read().await.len() >= self.most;
        full.then_some(SessionsError::Full(self.most))
    }
}

impl SessionManager for BoundedSessions {
    type Error = SessionsError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), SessionsError> {
        let _adding = self.adding.lock().await;
        match self.refusal().await {
            Some(refusal) => Err(refusal),
            None => Ok(self.sessions.create_session().await?),
        }
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, SessionsError> {
        Ok(self.sessions.initialize_session(id, message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, SessionsError> {
        Ok(self.sessions.has_session(id).await?)
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), SessionsError> {
        Ok(self.sessions.close_session(id).await?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionsError> {
        Ok(self.sessions.create_stream(id, message).await?)
    }

    async fn accept_message(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<(), SessionsError> {
        Ok(self.sessions.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionsError> {
        Ok(self.sessions.create_standalone_stream(id).await?)
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionsError> {
        Ok(self.sessions.resume(id, last_event_id).await?)
    }
}
