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

/// Sessions of one endpoint in memory, with those of the server's other endpoints at most so many. A
/// session is one of the endpoint that it was begun at, and at another it is not there.
pub(crate) struct BoundedSessions {
    sessions: Arc<LocalSessionManager>,
    bound: Arc<Bound>,
}

/// How many sessions there may be over all endpoints.
struct Bound {
    most: usize,
    endpoints: Vec<Arc<LocalSessionManager>>,
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
    /// Those of so many endpoints.
    pub(crate) fn of_endpoints(
        endpoints: usize,
        most: usize,
        idle: Duration,
    ) -> impl Iterator<Item = Arc<Self>> {
        let manager = || {
            let mut sessions = LocalSessionManager::default();
            sessions.session_config.keep_alive = Some(idle);
            Arc::new(sessions)
        };
        let endpoints: Vec<_> = std::iter::repeat_with(manager).take(endpoints).collect();
        let bound = Arc::new(Bound {
            most,
            endpoints: endpoints.clone(),
            adding: Mutex::new(()),
        });
        endpoints.into_iter().map(move |sessions| {
            Arc::new(Self {
                sessions,
                bound: bound.clone(),
            })
        })
    }

    /// The refusal of another session, if there can be none.
    pub(crate) async fn refusal(&self) -> Option<SessionsError> {
        let mut sessions = 0;
        for endpoint in &self.bound.endpoints {
            sessions += endpoint.sessions.read().await.len();
        }
        let most = self.bound.most;
        (sessions >= most).then_some(SessionsError::Full(most))
    }
}

impl SessionManager for BoundedSessions {
    type Error = SessionsError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), SessionsError> {
        let _adding = self.bound.adding.lock().await;
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
