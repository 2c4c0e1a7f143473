//! Where the snapshots come from.

use std::sync::Arc;

use koi_registry::{Registry, Snapshot};
use tokio::sync::watch;

/// A source of snapshots; on a node, its [`Registry`].
pub trait Catalog: Send + Sync + 'static {
    /// The newest snapshot, without waiting.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Tells the generation of each snapshot as it is published.
    fn changes(&self) -> watch::Receiver<u64>;
}

impl Catalog for Registry {
    fn snapshot(&self) -> Arc<Snapshot> {
        Registry::snapshot(self)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        Registry::changes(self)
    }
}
