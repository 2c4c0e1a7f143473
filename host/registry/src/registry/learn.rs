//! Learning what an extension needs from what it is refused.

use std::sync::{Arc, PoisonError};

use super::{GrantsError, Inner, Registry};
use crate::grant::{Attempts, Learned};

impl Registry {
    /// Begins or ends recording what an extension is refused. What is refused stays refused. The
    /// record is in memory: it is gone when the node stops, and so is that it was switched on.
    ///
    /// # Errors
    /// If no extension of that name runs.
    pub fn learn(&self, name: &str, on: bool) -> Result<(), GrantsError> {
        if !self.snapshot().extensions.contains_key(name) {
            return Err(GrantsError::unknown(name));
        }
        self.inner.attempts(name).learn(on);
        tracing::info!(extension = name, on, "learning what it is refused");
        Ok(())
    }

    /// What an extension was refused since recording began, and which grants would allow it.
    ///
    /// # Errors
    /// If no extension of that name runs.
    pub fn learned(&self, name: &str) -> Result<Learned, GrantsError> {
        let snapshot = self.snapshot();
        let entry = snapshot
            .extensions
            .get(name)
            .ok_or_else(|| GrantsError::unknown(name))?;
        Ok(self.inner.attempts(name).learned(&entry.access))
    }
}

impl Inner {
    /// What the extension of that name was refused, in whichever revision.
    pub(super) fn attempts(&self, name: &str) -> Arc<Attempts> {
        let mut all = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(name.to_owned()).or_default().clone()
    }
}
