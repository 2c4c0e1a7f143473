//! The state of a singleton, in the node's store.

use std::sync::Arc;

use async_trait::async_trait;
use koi_runtime::ports::{CallContext, PortError, SavedState};
use koi_store::{SavedStates, StoreError};

/// Largest state, in bytes. What is larger belongs in key-value, piece by piece.
const MAX_STATE_BYTES: usize = 16 << 20;

/// Only the runtime asks for it, on behalf of an extension that runs as a singleton; the extension
/// itself has no way to it.
pub(super) struct StoredState(Arc<dyn SavedStates>);

impl StoredState {
    pub(super) fn new(store: Arc<dyn SavedStates>) -> Self {
        Self(store)
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
        self.0.load(&call.extension).await.map_err(port_error)
    }

    async fn save(&self, call: &CallContext, state: Vec<u8>) -> Result<(), PortError> {
        if state.len() > MAX_STATE_BYTES {
            return Err(PortError::InvalidInput(format!(
                "the state has {} bytes; at most {MAX_STATE_BYTES} are saved",
                state.len()
            )));
        }
        self.0
            .save(&call.extension, call.revision, state)
            .await
            .map_err(port_error)
    }
}
