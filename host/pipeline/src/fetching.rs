//! How many questions to other nodes are under way at once.
//!
//! Whoever sends events without contents makes this node ask. So each node has few questions at a
//! time, which keeps one slow node from taking all turns, and this node from being a hammer on an
//! address that somebody else claims to be theirs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use koi_rid::Rid;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most questions at once, to all nodes and to one.
const ALL: usize = 64;
const ONE: usize = 8;

/// Gives turns to ask.
pub(crate) struct Fetching {
    all: Arc<Semaphore>,
    /// The nodes for which somebody has a turn or waits for one.
    nodes: Mutex<HashMap<Rid, Arc<Semaphore>>>,
}

/// A turn. It is over when this is dropped.
pub(crate) struct Turn<'a> {
    fetching: &'a Fetching,
    node: &'a Rid,
    _of_node: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl Default for Fetching {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(ALL)),
            nodes: Mutex::default(),
        }
    }
}

impl Fetching {
    /// Waits for a turn to ask a node.
    pub(crate) async fn turn<'a>(&'a self, node: &'a Rid) -> Turn<'a> {
        let of_node = {
            let mut nodes = self.lock();
            let entry = nodes.entry(node.clone());
            entry
                .or_insert_with(|| Arc::new(Semaphore::new(ONE)))
                .clone()
        };
        // Made first, so that a waiter who goes away cleans up too. The semaphores are never closed.
        let mut turn = Turn {
            fetching: self,
            node,
            _of_node: None,
            _of_all: None,
        };
        // In this order: who waits for a slow node holds no turn that another could use.
        turn._of_node = of_node.acquire_owned().await.ok();
        turn._of_all = self.all.clone().acquire_owned().await.ok();
        turn
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Rid, Arc<Semaphore>>> {
        // Each change is one insertion or removal.
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self._of_node = None;
        let mut nodes = self.fetching.lock();
        // Permits and waiters hold a clone each.
        if nodes
            .get(self.node)
            .is_some_and(|node| Arc::strong_count(node) == 1)
        {
            nodes.remove(self.node);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_node_that_is_asked_much_leaves_turns_for_others_and_no_trace() {
        let fetching = Fetching::default();
        let slow = Rid::parse("orn:koi-net.node:slow+1").unwrap();
        let other = Rid::parse("orn:koi-net.node:other+2").unwrap();
        let mut turns = Vec::new();
        for _ in 0..ONE {
            turns.push(fetching.turn(&slow).await);
        }
        assert!(fetching.turn(&slow).now_or_never().is_none());
        assert!(fetching.turn(&other).now_or_never().is_some());
        turns.pop();
        assert!(fetching.turn(&slow).now_or_never().is_some());
        drop(turns);
        assert!(fetching.lock().is_empty());
    }
}
