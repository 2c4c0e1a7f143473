//! Which nodes could not be reached when they were last asked, and who waits to ask them again.
//!
//! Waits grow up to a minute, and a node may be back long before one ends. So an answer of a node that
//! was away, or a word from it, ends the waits for it. It is a sign for the others as well: mostly the
//! network was away, and not they. So the waits for them end too, now and then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use koi_rid::Rid;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How often one node's return is taken for that of others. A node that comes and goes must not make
/// this one ask all that are away again and again.
const OTHERS_EVERY: Duration = Duration::from_secs(5);

/// How long a wait is at the least: a node that is heard of and cannot be asked is not asked for each word.
const SHORTEST: Duration = Duration::from_millis(100);

/// How many nodes are remembered. The waits for any others are as long as they are.
const MAX_NODES: usize = 10_000;

/// What is known of it, in memory only.
#[derive(Default)]
pub(crate) struct Away {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// With who waits for them.
    nodes: HashMap<Rid, Arc<Notify>>,
    /// When a return was last taken for that of all.
    others_at: Option<Instant>,
}

impl Away {
    /// A node could not be reached.
    pub(crate) fn lost(&self, node: &Rid) {
        self.lock().remember(node);
    }

    /// A node has answered, or was heard of. Gives the nodes that are worth another try: none if it was
    /// not away.
    pub(crate) fn seen(&self, node: &Rid) -> Vec<Rid> {
        let mut state = self.lock();
        let Some(waiting) = state.nodes.remove(node) else {
            return Vec::new();
        };
        waiting.notify_waiters();
        let mut worth_a_try = vec![node.clone()];
        let now = Instant::now();
        if state.others_at.is_none_or(|at| now - at >= OTHERS_EVERY) {
            state.others_at = Some(now);
            for (other, waiting) in &state.nodes {
                waiting.notify_waiters();
                worth_a_try.push(other.clone());
            }
        }
        worth_a_try
    }

    /// Waits before a node is asked again: so long, or until it is worth another try.
    pub(crate) async fn rest(&self, node: &Rid, wait: Duration) {
        let waiting;
        let back = {
            let mut state = self.lock();
            waiting = state.remember(node);
            // Whoever is seen from here on ends the wait.
            waiting.as_ref().map(|waiting| waiting.notified())
        };
        let shortest = wait.min(SHORTEST);
        tokio::time::sleep(shortest).await;
        let rest = tokio::time::sleep(wait - shortest);
        match back {
            Some(back) => tokio::select! {
                () = back => {}
                () = rest => {}
            },
            None => rest.await,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // At worst a node is remembered, or forgotten, wrongly: a wait is longer or shorter.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remember(&mut self, node: &Rid) -> Option<Arc<Notify>> {
        if self.nodes.len() >= MAX_NODES && !self.nodes.contains_key(node) {
            return None;
        }
        Some(self.nodes.entry(node.clone()).or_default().clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than any test takes.
    const LONG: Duration = Duration::from_secs(3600);

    fn node(name: &str) -> Rid {
        Rid::parse(&format!("orn:koi-net.node:{name}+1")).unwrap()
    }

    /// Waits for a node, which ends at once or not at all, and does something meanwhile.
    async fn resting(away: &Away, name: &str, meanwhile: impl FnOnce()) {
        let node = node(name);
        let rest = away.rest(&node, LONG);
        let both = futures::future::join(rest, async { meanwhile() });
        let ended = tokio::time::timeout(Duration::from_secs(60), both).await;
        assert!(ended.is_ok(), "the wait for {name} goes on");
    }

    #[tokio::test]
    async fn a_wait_ends_when_its_node_is_seen() {
        let away = Away::default();
        resting(&away, "a", || {
            assert_eq!(away.seen(&node("a")), [node("a")]);
        })
        .await;
    }

    #[tokio::test]
    async fn a_wait_for_a_node_that_nobody_sees_is_as_long_as_it_is() {
        let away = Away::default();
        let (begun, wait) = (Instant::now(), 2 * SHORTEST);
        let node_a = node("a");
        futures::future::join(away.rest(&node_a, wait), async {
            away.seen(&node("b"));
        })
        .await;
        assert!(begun.elapsed() >= wait);
    }

    #[tokio::test]
    async fn a_return_ends_the_waits_for_others_too() {
        let away = Away::default();
        away.lost(&node("a"));
        resting(&away, "b", || {
            assert_eq!(away.seen(&node("a")), [node("a"), node("b")]);
        })
        .await;
    }

    #[test]
    fn a_node_that_comes_and_goes_is_not_taken_for_the_network_each_time() {
        let away = Away::default();
        for name in ["a", "b"] {
            away.lost(&node(name));
        }
        assert_eq!(away.seen(&node("a")).len(), 2);
        away.lost(&node("a"));
        assert_eq!(away.seen(&node("a")), [node("a")]);
    }

    #[test]
    fn a_node_that_was_never_away_changes_nothing() {
        let away = Away::default();
        away.lost(&node("a"));
        assert!(away.seen(&node("b")).is_empty());
    }
}
