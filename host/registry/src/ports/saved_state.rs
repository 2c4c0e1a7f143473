//! The state of a singleton, in the node's store.

use std::sync::Arc;

use async_trait::async_trait;
use koi_runtime::ports::{CallContext, PortError, SavedState};
use koi_store::{SavedStates, StoreError};

use super::Newest;

/// Largest state, in bytes. What is larger belongs in key-value, piece by piece.
const MAX_STATE_BYTES: usize = 16 << 20;

/// Only the runtime asks for it, on behalf of an extension that runs as a singleton; the extension
/// itself has no way to it. Of several revisions the one that serves saves: a candidate, and one whose
/// place was taken, would write over its state.
pub(super) struct StoredState {
    store: Arc<dyn SavedStates>,
    newest: Newest,
}

impl StoredState {
    pub(super) fn new(store: Arc<dyn SavedStates>, newest: Newest) -> Self {
        Self { store, newest }
    }

    /// Whether another revision of the extension serves.
    fn is_anothers(&self, call: &CallContext) -> bool {
        let newest = self.newest.upgrade().map(|newest| newest.load_full());
        newest
            .and_then(|newest| newest.extensions.get(&*call.extension).cloned())
            .is_some_and(|serving| serving.revision.revision != call.revision)
    }
}

fn port_error(error: StoreError) -> PortError {
    match error.is_transient() {
        true => PortError::Transient(error.to_string()),
        false => PortError::Permanent(error.to_string()),
    }
}

#[async_trait]
impl SavedState for StoredState {
    async fn load(&self, call: &CallContext) -> Result<Option<Vec<u8>>, PortError> {
        self.store.load(&call.extension).await.map_err(port_error)
    }

    async fn save(&self, call: &CallContext, state: Vec<u8>) -> Result<bool, PortError> {
        if self.is_anothers(call) {
            return Ok(false);
        }
        if state.len() > MAX_STATE_BYTES {
            return Err(PortError::InvalidInput(format!(
                "the state has {} bytes; at most {MAX_STATE_BYTES} are saved",
                state.len()
            )));
        }
        let saved = self.store.save(&call.extension, call.revision, state);
        saved.await.map(|()| true).map_err(port_error)
    }
}
