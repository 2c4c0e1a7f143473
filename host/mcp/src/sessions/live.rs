//! One session in memory: who uses it, and whether it stays.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use http::request::Parts;
use koi_rid::Timestamp;
use koi_store::{McpSessions, StoreError};
use rmcp::model::Extensions;
use rmcp::transport::streamable_http_server::session::SessionId;
use tokio_util::sync::CancellationToken;

use super::answering::Answering;
use super::events::Life;
use super::{Owner, before};

/// A session in memory.
pub(super) struct Live {
    pub(super) id: SessionId,
    /// Not known before its client has begun.
    pub(super) owner: OnceLock<Owner>,
    /// It began just now and was not parked: rmcp closes it when its handler has ended.
    pub(super) is_new: bool,
    pub(super) life: Life,
    pub(super) answering: Answering,
    /// It can take messages.
    pub(super) ready: CancellationToken,
    /// It is no longer in memory.
    pub(super) gone: CancellationToken,
    state: Mutex<State>,
}

struct State {
    /// Requests, and streams that are open.
    uses: usize,
    last_used: Instant,
    /// What of that the store knows.
    noted: Instant,
    leaving: bool,
}

impl Live {
    pub(super) fn new(id: SessionId) -> Arc<Self> {
        Self::with(id, OnceLock::new(), true)
    }

    pub(super) fn parked(id: &str, owner: Owner) -> Arc<Self> {
        Self::with(id.into(), OnceLock::from(owner), false)
    }

    fn with(id: SessionId, owner: OnceLock<Owner>, is_new: bool) -> Arc<Self> {
        let now = Instant::now();
        Arc::new(Self {
            id,
            owner,
            is_new,
            life: Life::new(),
            answering: Answering::default(),
            ready: CancellationToken::new(),
            gone: CancellationToken::new(),
            state: Mutex::new(State {
                uses: 0,
                last_used: now,
                noted: now,
                leaving: false,
            }),
        })
    }

    /// No code panics while it holds the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is neither gone nor about to be.
    pub(super) fn stays(&self) -> bool {
        !self.state().leaving
    }

    /// Lets nobody in any more.
    pub(super) fn leave(&self) {
        self.state().leaving = true;
    }

    /// Since when nobody uses it; none while somebody does, or it is not ready.
    pub(super) fn unused_since(&self) -> Option<Instant> {
        let state = self.state();
        self.is_unused(&state).then_some(state.last_used)
    }

    fn is_unused(&self, state: &State) -> bool {
        state.uses == 0 && !state.leaving && self.ready.is_cancelled()
    }

    /// Has it leave if nobody has used it for so long, and tells when it was last used.
    pub(super) fn leave_if_unused(&self, long: Duration) -> Option<Timestamp> {
        let mut state = self.state();
        if !self.is_unused(&state) || state.last_used.elapsed() < long {
            return None;
        }
        state.leaving = true;
        Some(before(state.last_used.elapsed()))
    }

    /// When it was last used, if that is to be noted after so long.
    pub(super) fn to_be_noted(&self, long: Duration) -> Option<Timestamp> {
        let mut state = self.state();
        if state.uses > 0 {
            state.last_used = Instant::now();
        }
        if state.leaving || state.last_used.duration_since(state.noted) < long {
            return None;
        }
        state.noted = state.last_used;
        Some(before(state.last_used.elapsed()))
    }
}

/// A session while a request or a stream uses it, which keeps it in memory.
#[derive(Clone)]
pub(crate) struct InUse(Arc<Use>);

struct Use {
    live: Arc<Live>,
    store: Arc<dyn McpSessions>,
}

/// The session that a message came in, if it is one that is kept.
pub(crate) fn in_use(extensions: &Extensions) -> Option<&InUse> {
    extensions.get::<Parts>()?.extensions.get()
}

impl InUse {
    /// None if the session is leaving.
    pub(super) fn of(live: &Arc<Live>, store: &Arc<dyn McpSessions>) -> Option<Self> {
        let mut state = live.state();
        if state.leaving {
            return None;
        }
        state.uses += 1;
        Some(Self(Arc::new(Use {
            live: live.clone(),
            store: store.clone(),
        })))
    }

    pub(super) fn id(&self) -> &str {
        &self.0.live.id
    }

    pub(super) fn live(&self) -> &Live {
        &self.0.live
    }

    /// Keeps a subscription, unless there is no room for it; tells whether it is kept.
    pub(crate) async fn subscribe(&self, uri: &str, most_bytes: u64) -> Result<bool, StoreError> {
        self.0.store.subscribe(self.id(), uri, most_bytes).await
    }

    /// Keeps a subscription no longer.
    pub(crate) async fn unsubscribe(&self, uri: &str) -> Result<(), StoreError> {
        self.0.store.unsubscribe(self.id(), uri).await
    }

    /// Keeps from which level on the client wants to hear messages.
    pub(crate) async fn set_log_level(&self, level: &str) -> Result<(), StoreError> {
        self.0.store.set_log_level(self.id(), level).await
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let mut state = self.live.state();
        state.uses -= 1;
        state.last_used = Instant::now();
    }
}
