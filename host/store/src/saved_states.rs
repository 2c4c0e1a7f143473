//! The saved states of extensions that run as one instance.

use async_trait::async_trait;

use crate::Result;

/// Keeps one state for each extension, which is the extension's own affair: bytes.
#[async_trait]
pub trait SavedStates: Send + Sync {
    /// What was saved last; `None` if nothing was.
    async fn load(&self, extension: &str) -> Result<Option<Vec<u8>>>;

    /// Saves what a revision of the extension gave, in place of what was there. Durable when the
    /// call returns.
    async fn save(&self, extension: &str, revision: u64, state: Vec<u8>) -> Result<()>;
}
