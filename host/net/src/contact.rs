//! Contact with known nodes: subscribes to what they provide and this node wants, and catches up
//! with what they have.
//!
//! One task a node at a time. It is tried again, with growing waits, as long as the node is known,
//! and soon when it is heard of (see [`crate::away`]).
//! Nothing here is remembered: at the next start every known node is contacted again.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use koi_pipeline::{correlation, succeed};
use koi_rid::{Contents, Event, EventType, Rid, RidType};
use koi_store::Arrival;
use koi_wire::{EDGE_TYPE, EdgeProfile, EdgeStatus, EdgeType, NODE_TYPE, NodeProfile};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backoff::Backoff;
use crate::catch_up::{ContactError, catch_up};
use crate::client::Client;
use crate::shared::Shared;

/// What a contact is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    /// Propose what is missing, then catch up.
    Usual,
    /// Propose again even what stands: the node has lost it.
    Again,
}

#[derive(Clone)]
pub(crate) struct Contacts {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    client: Client,
    /// The nodes that have a task, with what is to be done after the present try.
    running: Mutex<HashMap<Rid, Option<Purpose>>>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Contacts {
    pub(crate) fn new(
        shared: Arc<Shared>,
        client: Client,
        stopping: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        let inner = Inner {
            shared,
            client,
            running: Mutex::default(),
            stopping,
            tasks,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Contacts all known nodes, and then whichever the bells name, until the node stops.
    pub(crate) async fn run(self) {
        let shared = self.inner.shared.clone();
        for (node, _) in shared.graph.nodes() {
            self.start(&node, Purpose::Usual);
        }
        loop {
            tokio::select! {
                () = self.inner.stopping.cancelled() => return,
                nodes = shared.contacts.next() => {
                    nodes.iter().for_each(|node| self.start(node, Purpose::Usual));
                }
                nodes = shared.forgotten_by.next() => {
                    nodes.iter().for_each(|node| self.start(node, Purpose::Again));
                }
            }
        }
    }

    fn start(&self, node: &Rid, purpose: Purpose) {
        let mut all = self.running();
        if let Some(next) = all.get_mut(node) {
            *next = Some(next.map_or(purpose, |next| next.max(purpose)));
            return;
        }
        all.insert(node.clone(), None);
        let (contacts, node) = (self.clone(), node.clone());
        self.inner.tasks.spawn(async move {
            let mut purpose = purpose;
            loop {
                tokio::select! {
                    () = contacts.inner.stopping.cancelled() => return,
                    () = contacts.persist(&node, purpose) => {}
                }
                let mut all = contacts.running();
                match all.get_mut(&node).and_then(Option::take) {
                    Some(next) => purpose = next,
                    None => {
                        all.remove(&node);
                        return;
                    }
                }
            }
        });
    }

    /// Tries until it works, or cannot work.
    async fn persist(&self, node: &Rid, mut purpose: Purpose) {
        let mut backoff = Backoff::default();
        loop {
            let error = match self.inner.contact(node, &mut purpose).await {
                Ok(()) => return,
                Err(error) => error,
            };
            if let ContactError::Ask(error) = &error
                && !error.is_transient()
            {
                tracing::warn!(node = %node, %error, "could not catch up with a node");
                return;
            }
            let wait = backoff.wait();
            tracing::debug!(node = %node, %error, "will catch up with a node later");
            self.inner.shared.away.rest(node, wait).await;
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Rid, Option<Purpose>>> {
        // Nothing here can stop half-way.
        self.inner
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Proposes, then catches up. Once the proposal is on its way, which is durable, only the usual is
    /// left to be done.
    async fn contact(&self, node: &Rid, purpose: &mut Purpose) -> Result<(), ContactError> {
        let shared = &self.shared;
        let Some(known) = shared.graph.node(node).filter(|known| known.is_full()) else {
            return Ok(());
        };
        let wanted = wanted(shared, &known.profile);
        if *node == *shared.me() || wanted.is_empty() {
            return Ok(());
        }
        let standing = shared.graph.edge(node, shared.me());
        let edge = proposal(
            node,
            shared.me(),
            &wanted,
            standing.as_ref().map(|(_, e)| &**e),
        );
        if let Some(edge) = edge.or_else(|| {
            let again = *purpose == Purpose::Again;
            let (_, standing) = standing.as_ref().filter(|_| again)?;
            Some(EdgeProfile {
                status: EdgeStatus::Proposed,
                ..standing.as_ref().clone()
            })
        }) {
            let rid = standing.map_or_else(|| edge.rid(), |(rid, _)| rid);
            match edge.to_contents() {
                Ok(contents) => self.propose(rid, contents).await?,
                Err(error) => tracing::error!(%error, "an edge could not be proposed"),
            }
        }
        *purpose = Purpose::Usual;
        catch_up(shared, &self.client, node, &wanted).await
    }

    async fn propose(&self, rid: Rid, contents: Contents) -> Result<(), ContactError> {
        let stored = self.shared.stores.bundles.read(&rid).await?;
        let stored = stored.map(|stored| stored.bundle.manifest);
        let bundle = succeed(stored.as_ref(), rid, contents);
        let arrival = Arrival {
            correlation: correlation(),
            ..Arrival::from(Event::of_bundle(EventType::New, bundle))
        };
        Ok(self.shared.intake.accept(vec![arrival]).await?)
    }
}

/// What a node provides that this one wants to hear of.
pub(crate) fn wanted(shared: &Shared, of: &NodeProfile) -> BTreeSet<RidType> {
    let interest = &shared.offer.load().interest;
    let provided = of.provides.event.iter();
    provided
        .filter(|rid_type| interest.contains(rid_type))
        .cloned()
        .collect()
}

/// The edge that this node would propose to a provider; none if the standing one says the same.
/// Nodes and edges that a standing edge has stay in it: a coordinator proposes those for itself
/// whether or not the other node provides them.
fn proposal(
    provider: &Rid,
    me: &Rid,
    wanted: &BTreeSet<RidType>,
    standing: Option<&EdgeProfile>,
) -> Option<EdgeProfile> {
    let mut types = wanted.clone();
    if let Some(standing) = standing {
        let kept = standing.rid_types.iter();
        types.extend(
            kept.filter(|t| t.as_str() == NODE_TYPE || t.as_str() == EDGE_TYPE)
                .cloned(),
        );
        if standing.rid_types.iter().collect::<BTreeSet<_>>() == types.iter().collect() {
            return None;
        }
    }
    Some(EdgeProfile {
        source: provider.clone(),
        target: me.clone(),
        edge_type: EdgeType::Webhook,
        status: EdgeStatus::Proposed,
        rid_types: types.into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(names: &[&str]) -> BTreeSet<RidType> {
        names
            .iter()
            .map(|name| RidType::parse(name).unwrap())
            .collect()
    }

    fn nodes() -> (Rid, Rid) {
        let node = |text| Rid::parse(text).unwrap();
        (
            node("orn:koi-net.node:provider+1"),
            node("orn:koi-net.node:me+2"),
        )
    }

    #[test]
    fn a_first_proposal_asks_for_what_is_wanted() {
        let (provider, me) = nodes();
        let edge = proposal(&provider, &me, &types(&["orn:test.note"]), None).unwrap();
        assert_eq!((edge.source, edge.target), (provider, me));
        assert_eq!(edge.status, EdgeStatus::Proposed);
        assert_eq!(edge.rid_types, Vec::from_iter(types(&["orn:test.note"])));
    }

    #[test]
    fn what_stands_is_not_proposed_again() {
        let (provider, me) = nodes();
        let wanted = types(&["orn:test.a", "orn:test.b"]);
        let mut edge = proposal(&provider, &me, &wanted, None).unwrap();
        edge.rid_types.reverse();
        assert_eq!(proposal(&provider, &me, &wanted, Some(&edge)), None);
    }

    #[test]
    fn other_wishes_are_proposed_and_keep_nodes_and_edges() {
        let (provider, me) = nodes();
        let edge = proposal(&provider, &me, &types(&[NODE_TYPE, "orn:test.a"]), None).unwrap();
        let edge = proposal(&provider, &me, &types(&["orn:test.b"]), Some(&edge)).unwrap();
        assert_eq!(
            edge.rid_types,
            Vec::from_iter(types(&[NODE_TYPE, "orn:test.b"]))
        );
    }
}
