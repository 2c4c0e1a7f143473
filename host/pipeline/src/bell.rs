//! A bell that names the peers for which something is to be done.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use koi_rid::Rid;
use tokio::sync::Notify;

/// Names peers to whoever listens. Rings for one peer coalesce, so that it holds at most one entry a
/// peer however long nobody listens. Clones are the same bell; it has one listener.
#[derive(Clone, Default)]
pub struct Bell {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    peers: Mutex<BTreeSet<Rid>>,
    rung: Notify,
}

impl Bell {
    /// Says that there is something to do for a peer.
    pub fn ring(&self, peer: &Rid) {
        self.lock().insert(peer.clone());
        self.inner.rung.notify_one();
    }

    /// Waits until there is something to do for some peers, and takes their names. Dropping the
    /// future loses none.
    pub async fn next(&self) -> BTreeSet<Rid> {
        loop {
            let peers = std::mem::take(&mut *self.lock());
            if !peers.is_empty() {
                return peers;
            }
            self.inner.rung.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Rid>> {
        // A set of names is whole after any panic.
        self.inner
            .peers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
