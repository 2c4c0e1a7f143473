//! How the pipeline asks other nodes for what an arrival did not bring along.

use async_trait::async_trait;
use koi_rid::{Bundle, Manifest, Rid};

/// A bundle and the node that gave it.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The bundle, of the RID that was asked for.
    pub bundle: Bundle,
    /// The node that gave it.
    pub source: Rid,
}

/// Why a node could not be asked. Its answer that it does not have the object is no error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Another try may succeed.
    #[error("{0}")]
    Transient(String),
    /// Another try fails again.
    #[error("{0}")]
    Permanent(String),
}

/// Asks other nodes. An implementation answers or fails within a bounded time.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// The manifest that a node has for a RID.
    async fn manifest(&self, source: &Rid, rid: &Rid) -> Result<Option<Manifest>, FetchError>;

    /// The bundle that a node has for a RID.
    async fn bundle(&self, source: &Rid, rid: &Rid) -> Result<Option<Bundle>, FetchError>;

    /// The bundle from any known node that provides the RID's type.
    async fn dereference(&self, rid: &Rid) -> Result<Option<Fetched>, FetchError>;
}
