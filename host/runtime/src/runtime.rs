//! The runtime: one engine for all extensions.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{LoadError, RuntimeError};
use crate::extension::Extension;

/// What a runtime is set up with.
#[derive(Debug, Clone)]
pub struct RuntimeConfig {
    /// Where compiled code is kept between runs; none keeps it in memory only.
    pub cache_dir: Option<PathBuf>,
    /// The key under which entries of the cache are authenticated. Whoever knows it can have code
    /// of their own run in the node.
    pub cache_key: [u8; 32],
    /// So many instances may exist at the same time; further calls wait.
    pub slots: u32,
}

impl Default for RuntimeConfig {
    /// No cache and 512 slots.
    fn default() -> Self {
        Self { cache_dir: None, cache_key: [0; 32], slots: 512 }
    }
}

/// Loads extensions. Cheap to clone; all clones are one runtime.
#[derive(Clone)]
pub struct Runtime;

impl Runtime {
    /// Sets up the engine.
    ///
    /// # Errors
    /// If the engine cannot reserve what it needs.
    pub fn new(_config: RuntimeConfig) -> Result<Self, RuntimeError> {
        Ok(Self)
    }

    /// Compiles a component, or takes its code from the cache, and checks that it fits the contract.
    ///
    /// # Errors
    /// One sentence about what is wrong with the component.
    pub async fn load(&self, _bytes: Arc<[u8]>) -> Result<Extension, LoadError> {
        Err(LoadError::NotWasm)
    }
}
