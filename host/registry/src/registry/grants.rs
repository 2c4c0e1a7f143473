//! Changes of grants while an extension runs.

use koi_store::StoreError;

use super::prepare::json_text;
use super::{Inner, Registry};
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
        let (inner, owned) = (self.inner.clone(), name.to_owned());
        super::to_the_end(async move { inner.set_grants(&owned, grants).await }).await?;
        // What may be read may be listed.
        self.relist(name);
        Ok(())
    }
}

impl Inner {
    async fn set_grants(&self, name: &str, grants: Grants) -> Result<(), GrantsError> {
        let _changing = self.changing.lock().await;
        let (extensions, _) = self.current();
        let entry = extensions
            .get(name)
            .cloned()
            .ok_or_else(|| GrantsError::Unknown(name.chars().take(64).collect()))?;
        let (before, after) = (json_text(&*entry.access.granted()), json_text(&grants));
        self.store
            .set_grants(name, entry.revision.revision, &after)
            .await?;
        entry.access.grant(grants);
        tracing::info!(extension = name, before, after, "grants changed");
        // The entries are the same; the new generation tells those who follow what is handled.
        let swap = self.swapping.lock().await;
        let (extensions, failed) = self.current();
        if let Ok(snapshot) = self.build(extensions, failed) {
            self.publish(snapshot, &swap);
        }
        Ok(())
    }
}
