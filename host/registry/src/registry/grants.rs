//! Changes of grants while an extension runs.

use koi_store::StoreError;

use super::Registry;
use crate::grant::{Grant, GrantError, Grants};

/// Why grants were not changed. Those before are in force.
#[derive(Debug, thiserror::Error)]
pub enum GrantsError {
    /// No such extension runs.
    #[error("no extension `{0}` runs here; `koi-mcp extension list` shows what is installed")]
    Unknown(String),
    /// Not a set of grants.
    #[error(transparent)]
    Grants(#[from] GrantError),
    /// The store refused.
    #[error("the grants could not be stored: {0}")]
    Store(#[from] StoreError),
}

impl Registry {
    /// Grants an extension this and nothing else. When it returns, the grants are stored and in
    /// force, in calls that are under way too.
    ///
    /// # Errors
    /// If there is no such extension or the grants cannot be stored.
    pub async fn set_grants(&self, name: &str, grants: Vec<Grant>) -> Result<(), GrantsError> {
        let grants = Grants::new(grants)?;
        let text = super::prepare::json_text(&grants);
        let inner = &self.inner;
        let _changing = inner.changing.lock().await;
        let snapshot = self.snapshot();
        let entry = snapshot
            .extensions
            .get(name)
            .ok_or_else(|| GrantsError::Unknown(name.chars().take(64).collect()))?;
        inner
            .store
            .set_grants(name, entry.revision.revision, &text)
            .await?;
        tracing::info!(extension = name, before = ?super::prepare::json_text(&*entry.access.granted()), after = ?text, "grants changed");
        entry.access.grant(grants);
        // Nothing in the lists changed yet; the new generation tells who follows RID types.
        let swap = inner.swapping.lock().await;
        let (extensions, failed) = inner.current();
        if let Ok(snapshot) = inner.build(extensions, failed) {
            inner.publish(snapshot, &swap);
        }
        drop(swap);
        self.relist(name);
        Ok(())
    }
}
