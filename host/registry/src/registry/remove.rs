//! Removing an extension.

use std::sync::Arc;

use koi_store::StoreError;

use super::{Inner, Registry};
use crate::entry::ExtensionEntry;

/// Why an extension was not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// It is not installed.
    #[error("no extension `{0}` is installed; `koi-mcp extension list` shows what is")]
    Unknown(String),
    /// The store refused.
    #[error("the removal could not be stored: {0}")]
    Store(#[from] StoreError),
}

impl Registry {
    /// Removes an extension. Its revisions, its keys and values and the bundles that it wrote stay
    /// stored; calls in flight finish. The audit log says that `who` removed it.
    ///
    /// # Errors
    /// If it is not installed or the store refuses; then it goes on running.
    pub async fn remove(&self, name: &str, who: &str) -> Result<(), RemoveError> {
        let (inner, name, who) = (self.inner.clone(), name.to_owned(), who.to_owned());
        super::to_the_end(async move {
            let removed = inner.remove(&name, &who).await?;
            if let Some(entry) = removed {
                super::swap::retire(&entry).await;
            }
            Ok::<_, RemoveError>(())
        })
        .await?;
        self.relist_where_names_are_free();
        Ok(())
    }
}

impl Inner {
    /// Gives what ran.
    async fn remove(
        &self,
        name: &str,
        who: &str,
    ) -> Result<Option<Arc<ExtensionEntry>>, RemoveError> {
        let _changing = self.changing.lock().await;
        let swap = self.swapping.lock().await;
        if !self.store.deactivate(name, who).await? {
            return Err(RemoveError::Unknown(name.chars().take(64).collect()));
        }
        let (mut extensions, mut failed) = self.current();
        let removed = extensions.remove(name);
        failed.remove(name);
        // What had no collision has none with less in it.
        let mut beside = Vec::new();
        if let Ok(mut snapshot) = self.build(extensions, failed) {
            beside = snapshot.beside.remove(name).unwrap_or_default();
            self.publish(snapshot, &swap);
        }
        drop(swap);
        let beside = beside.iter().map(|version| version.entry.clone());
        super::versions::stop_all(beside.collect());
        tracing::info!(extension = name, who, "removed");
        Ok(removed)
    }
}
