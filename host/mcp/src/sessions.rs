//! Sessions of the legacy era: all in the store, those in use in memory too.
//!
//! A session in memory has a worker of rmcp's and a handler of its own, about 50 KB. One that has had
//! no message and no open stream for a while is parked, which leaves of it what the store has; the
//! next request brings it back, and its client does not see that. In the same way it comes back after
//! a restart of the node. What has changed meanwhile is not known, so the client is told that anything
//! may have.
//!
//! A session belongs to the principal and the endpoint with which it began: to others it is unknown.
//!
//! Both kinds are bounded. When there are as many as there may be, a new one is refused; those that
//! there are go on. What cannot be written to the store fails the request that asked for it.

mod answering;
mod events;
mod live;
mod manager;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures::future::join_all;
use koi_rid::Timestamp;
use koi_store::{McpSession, McpSessions, StoreError};
use rmcp::ServiceExt;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, InitializeRequest,
    InitializeRequestParams, InitializedNotification, RequestId,
};
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError,
};
use rmcp::transport::streamable_http_server::session::{RestoreOutcome, SessionId, SessionManager};
use tokio_util::sync::CancellationToken;

use self::live::Live;
pub(crate) use self::live::{InUse, in_use};
use crate::handler::Handler;
use crate::principals::Principal;

/// Longest id that is looked up, in bytes: those given are UUIDs.
const MAX_ID_BYTES: usize = 64;
/// Most bytes of what a client says of itself when it begins.
const MAX_INITIALIZE_BYTES: usize = 32 << 10;
/// How long a request waits for its session to come back, or to be gone.
const COMING_AND_GOING: Duration = Duration::from_secs(10);
/// The longest time between two looks for sessions to be parked.
const MAX_GLANCE: Duration = Duration::from_secs(15);

/// How many sessions there may be, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionLimits {
    /// In the store.
    pub(crate) most: usize,
    /// In memory.
    pub(crate) most_live: usize,
    /// After this long without use a session is forgotten.
    pub(crate) idle: Duration,
    /// After this long without use it is parked.
    pub(crate) park_after: Duration,
}

/// To whom a session belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    /// None for the local client.
    pub(crate) principal: Option<Principal>,
    /// The path at which the session began.
    pub(crate) endpoint: Arc<str>,
}

/// Makes the handler of a new session, or of one that was parked.
pub(crate) type MakeHandler = Arc<dyn Fn(Option<McpSession>) -> Handler + Send + Sync>;

/// Why a session does not do as it is told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionsError {
    #[error("there are {0} sessions, the most that this server keeps: end one, or try again later")]
    Full(usize),
    #[error("{0} sessions are in use, the most that this server serves: try again later")]
    Busy(usize),
    #[error("the session is being brought back or ended: try again later")]
    Unsettled,
    #[error("what is stored of the session is none of it: begin a new one")]
    Damaged(#[source] serde_json::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Session(#[from] LocalSessionManagerError),
}

/// All sessions of a server.
pub(crate) struct Sessions {
    local: Arc<LocalSessionManager>,
    store: Arc<dyn McpSessions>,
    limits: SessionLimits,
    live: Mutex<HashMap<SessionId, Arc<Live>>>,
    /// Held from counting to adding, so that the bound is exact.
    adding: tokio::sync::Mutex<()>,
    ending: CancellationToken,
}

impl Sessions {
    /// Makes the sessions and has them tended until the server ends.
    pub(crate) fn new(
        store: Arc<dyn McpSessions>,
        limits: SessionLimits,
        ending: CancellationToken,
    ) -> Arc<Self> {
        let mut local = LocalSessionManager::default();
        // rmcp would end sessions whose client listens and says nothing.
        local.session_config.keep_alive = None;
        let sessions = Arc::new(Self {
            local: Arc::new(local),
            store,
            limits,
            live: Mutex::default(),
            adding: tokio::sync::Mutex::new(()),
            ending,
        });
        tokio::spawn(tend(Arc::downgrade(&sessions)));
        sessions
    }

    /// No code panics while it holds the lock.
    fn live(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many sessions are in memory.
    pub(crate) fn in_memory(&self) -> usize {
        self.live().len()
    }

    /// The refusal of another session, if there can be none.
    pub(crate) async fn refusal(&self) -> Result<(), SessionsError> {
        let most = self.limits.most;
        if self.store.count().await? >= most as u64 {
            return Err(SessionsError::Full(most));
        }
        let _adding = self.adding.lock().await;
        self.make_room().await
    }

    /// Finds the session of a request, which is brought back if it was parked, and keeps it from being
    /// parked. None if its owner has no such session.
    ///
    /// # Errors
    /// If it is the owner's and cannot be brought back.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        id: &str,
        owner: &Owner,
        make: &MakeHandler,
    ) -> Result<Option<InUse>, SessionsError> {
        if id.len() > MAX_ID_BYTES {
            return Ok(None);
        }
        let entering = async {
            loop {
                let live = match self.find(id) {
                    Some(live) => live,
                    None => match self.bring_back(id, owner, make).await? {
                        Some(live) => live,
                        None => return Ok(None),
                    },
                };
                if live.owner.get() != Some(owner) {
                    return Ok(None);
                }
                match InUse::of(&live, &self.store) {
                    Some(in_use) => {
                        tokio::select! {
                            biased;
                            () = live.gone.cancelled() => {}
                            () = live.ready.cancelled() => return Ok(Some(in_use)),
                        }
                    }
                    None => live.gone.cancelled().await,
                }
            }
        };
        match tokio::time::timeout(COMING_AND_GOING, entering).await {
            Ok(entered) => entered,
            Err(_) => Err(SessionsError::Unsettled),
        }
    }

    /// Has a session end for good.
    ///
    /// # Errors
    /// If the store fails; the session goes on then.
    pub(crate) async fn end(&self, session: &InUse) -> Result<(), SessionsError> {
        self.store.end(session.id()).await?;
        session.live().leave();
        self.close_session(&session.live().id).await
    }

    fn find(&self, id: &str) -> Option<Arc<Live>> {
        self.live().get(id).cloned()
    }

    /// A parked session into memory, if there is one of this owner.
    async fn bring_back(
        self: &Arc<Self>,
        id: &str,
        owner: &Owner,
        make: &MakeHandler,
    ) -> Result<Option<Arc<Live>>, SessionsError> {
        let _adding = self.adding.lock().await;
        if let Some(live) = self.find(id) {
            return Ok(Some(live));
        }
        let Some(parked) = self.store.load(id).await? else {
            return Ok(None);
        };
        let is_owner = parked.endpoint == *owner.endpoint
            && parked.principal.as_deref() == owner.principal.as_ref().map(|p| &*p.0);
        if !is_owner || parked.last_used < before(self.limits.idle) {
            return Ok(None);
        }
        let params = serde_json::from_str(&parked.initialize).map_err(SessionsError::Damaged)?;
        self.make_room().await?;
        let live = Live::parked(id, owner.clone());
        self.live().insert(live.id.clone(), live.clone());
        // A client that does not wait for it must not leave it half done.
        let coming = self.clone().come(live.clone(), params, make(Some(parked)));
        tokio::spawn(coming);
        Ok(Some(live))
    }

    /// Makes a worker and serves the session with it; as rmcp does for new sessions.
    async fn come(
        self: Arc<Self>,
        live: Arc<Live>,
        params: InitializeRequestParams,
        handler: Handler,
    ) {
        let id = &live.id;
        if let Ok(RestoreOutcome::Restored(transport)) =
            self.local.restore_session(id.clone()).await
        {
            let ending = self.ending.child_token();
            let serving = async {
                match handler.serve_with_ct(transport, ending).await {
                    Ok(running) => drop(running.waiting().await),
                    Err(error) => tracing::warn!(%error, "a session could not be brought back"),
                }
            };
            let beginning = async {
                match self.begin_again(id, params).await {
                    Ok(()) => live.ready.cancel(),
                    Err(error) => {
                        tracing::warn!(%error, "a session could not be brought back");
                        let _ = self.local.close_session(id).await;
                    }
                }
            };
            tokio::join!(serving, beginning);
            let _ = self.local.close_session(id).await;
        }
        self.remove(&live);
    }

    /// What the client said at the beginning, once more.
    async fn begin_again(
        &self,
        id: &SessionId,
        params: InitializeRequestParams,
    ) -> Result<(), LocalSessionManagerError> {
        let mut request = InitializeRequest::default();
        request.params = params;
        let request = ClientRequest::InitializeRequest(request);
        let initialize = ClientJsonRpcMessage::request(request, RequestId::Number(0));
        self.local.initialize_session(id, initialize).await?;
        let notice =
            ClientNotification::InitializedNotification(InitializedNotification::default());
        let initialized = ClientJsonRpcMessage::notification(notice);
        self.local.accept_message(id, initialized).await
    }

    /// Sees to it that there can be one session more in memory.
    async fn make_room(&self) -> Result<(), SessionsError> {
        let most = self.limits.most_live;
        let leaving = {
            let live = self.live();
            if live.values().filter(|live| live.stays()).count() < most {
                return Ok(());
            }
            let unused = live
                .values()
                .filter_map(|live| Some((live.unused_since()?, live)));
            let longest = unused.min_by_key(|(since, _)| *since);
            longest.map(|(_, live)| live.clone())
        };
        let leaving = leaving.and_then(|live| Some((live.leave_if_unused(Duration::ZERO)?, live)));
        let Some((last_used, live)) = leaving else {
            return Err(SessionsError::Busy(most));
        };
        let (local, store) = (self.local.clone(), self.store.clone());
        // It lets nobody in any more, so a client that does not wait must not leave it half parked.
        let parking = tokio::spawn(async move {
            let noted = store.used(vec![(live.id.to_string(), last_used)]).await;
            local.close_session(&live.id).await?;
            Ok(noted?)
        });
        parking.await.unwrap_or(Err(SessionsError::Unsettled))
    }

    fn remove(&self, live: &Arc<Live>) {
        let mut all = self.live();
        if all
            .get(&live.id)
            .is_some_and(|other| Arc::ptr_eq(other, live))
        {
            all.remove(&live.id);
        }
        drop(all);
        live.gone.cancel();
    }

    /// Notes when all sessions in memory were last used: the server ends.
    pub(crate) async fn note(&self) {
        let all: Vec<Arc<Live>> = self.live().values().cloned().collect();
        let used = all.iter().filter_map(|live| {
            let last_used = live.to_be_noted(Duration::ZERO)?;
            Some((live.id.to_string(), last_used))
        });
        if let Err(error) = self.store.used(used.collect()).await {
            tracing::warn!(%error, "when sessions were last used could not be noted");
        }
    }

    /// Parks what is not used, notes what is, and forgets what nobody used for too long.
    async fn look_after(&self) {
        let SessionLimits {
            idle, park_after, ..
        } = self.limits;
        let all: Vec<Arc<Live>> = self.live().values().cloned().collect();
        let (mut used, mut leaving) = (Vec::new(), Vec::new());
        for live in all {
            if let Some(last_used) = live.leave_if_unused(park_after.min(idle)) {
                used.push((live.id.to_string(), last_used));
                leaving.push(live);
            } else if let Some(last_used) = live.to_be_noted(idle / 8) {
                used.push((live.id.to_string(), last_used));
            }
        }
        if let Err(error) = self.store.used(used).await {
            tracing::warn!(%error, "when sessions were last used could not be noted");
        }
        join_all(
            leaving
                .iter()
                .map(|live| self.local.close_session(&live.id)),
        )
        .await;
        match self.store.expire(&before(idle)).await {
            Ok(0) => {}
            Ok(expired) => tracing::debug!(expired, "sessions that nobody used are forgotten"),
            Err(error) => tracing::warn!(%error, "old sessions could not be forgotten"),
        }
    }
}

/// Looks after the sessions until the server ends.
async fn tend(sessions: Weak<Sessions>) {
    loop {
        let Some(of) = sessions.upgrade() else { return };
        let (limits, ending) = (of.limits, of.ending.clone());
        drop(of);
        let glance = (limits.park_after.min(limits.idle) / 4).min(MAX_GLANCE);
        tokio::select! {
            () = ending.cancelled() => return,
            () = tokio::time::sleep(glance.max(Duration::from_millis(10))) => {}
        }
        let Some(of) = sessions.upgrade() else { return };
        of.look_after().await;
    }
}

/// The time that long ago.
fn before(ago: Duration) -> Timestamp {
    let ago = i64::try_from(ago.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(Timestamp::now().to_micros().saturating_sub(ago).max(0))
}
