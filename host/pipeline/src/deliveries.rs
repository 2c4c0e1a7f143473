//! The bell that tells delivery which peers have new outbox rows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use koi_rid::Rid;
use tokio::sync::Notify;

/// Peers for which something was put into the outbox. Rings for one peer coalesce, so it holds at
/// most one entry a peer however long nobody listens. Clones are the same bell; it has one listener.
#[derive(Clone, Default)]
pub struct Deliveries {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    peers: Mutex<BTreeSet<Rid>>,
    rung: Notify,
}

impl Deliveries {
    /// Says that there is something for a peer.
    pub fn ring(&self, peer: &Rid) {
        self.lock().insert(peer.clone());
        self.inner.rung.notify_one();
    }

    /// Waits until there is something for some peers, and takes their names. Dropping the future
    /// loses none.
    pub async fn next(&self) -> BTreeSet<Rid> {
        loop {
            let peers = std::mem::take(&mut *self.lock());
            if !peers.is_empty() {
                return peers;
            }
            self.inner.rung.notified().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<Rid>> {
        // A set of names is whole after any panic.
        self.inner
            .peers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
