//! Opening a registry: the revisions that were active are activated again.

use std::sync::Arc;

use arc_swap::ArcSwap;
use koi_store::StoreError;
use tokio::sync::{Mutex, watch};

use super::{Inner, Registry, RegistryParts, relist};
use crate::ports::NodePorts;
use crate::snapshot::Snapshot;

/// Why a registry could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("the installed extensions could not be read: {0}")]
pub struct OpenError(#[from] StoreError);

impl Registry {
    /// Opens a registry.
    ///
    /// # Errors
    /// If the store cannot be read. An extension that cannot be activated is no error; it is listed
    /// with what went wrong.
    pub async fn open(parts: RegistryParts) -> Result<Self, OpenError> {
        let inner = Inner {
            loader: parts.loader,
            store: parts.extensions,
            ports: NodePorts {
                knowledge: parts.knowledge,
                network: parts.network,
                key_value: parts.key_value,
            },
            settings: parts.settings,
            limits: parts.limits,
            snapshot: ArcSwap::from_pointee(Snapshot::default()),
            generation: watch::Sender::new(0),
            changing: Mutex::new(()),
            swapping: Mutex::new(()),
            relisting: relist::Relisting::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }
}
