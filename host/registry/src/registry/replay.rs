//! Running a recorded call again, on the component that it was recorded of.

use koi_runtime::{LoadError, Recording, ReplayError, Replayed};
use koi_store::StoreError;

use super::Registry;

/// Why a recording was not replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayRefused {
    /// The component is not here.
    #[error(
        "the component of the recording (digest {0}) was never installed on this node: give it with --component FILE"
    )]
    Unknown(String),
    /// The component cannot be read.
    #[error("the component of the recording could not be read: {0}")]
    Store(#[from] StoreError),
    /// The component cannot be loaded any more.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It was not replayed to its end.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

impl Registry {
    /// Runs a recorded call again, on the component with the digest of the recording, which any revision
    /// of any extension may have had. It reaches nothing of the node.
    ///
    /// # Errors
    /// If the component is not here, or the replay cannot be done to its end. Going another way is no
    /// error.
    pub async fn replay(&self, recording: &Recording) -> Result<Replayed, ReplayRefused> {
        let component = self.inner.store.component(&recording.digest).await?;
        let component =
            component.ok_or_else(|| ReplayRefused::Unknown(recording.digest.clone()))?;
        let loaded = self.inner.loader.load(component.into()).await?;
        Ok(loaded.replay(recording).await?)
    }
}
