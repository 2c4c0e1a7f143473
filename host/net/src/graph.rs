//! The network as far as it is known: nodes and edges, out of their stored bundles.
//!
//! It follows the store: built from it at the start, and brought up to date by the Final phase of
//! each node and edge, before anybody hears of the change. Everything is answered from memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use koi_rid::{Bundle, Rid, RidType};
use koi_store::{BundleQuery, StoreError, Stores};
use koi_wire::{EDGE_TYPE, EdgeProfile, NODE_TYPE, NodeProfile, NodeType, PublicKey, node_hash};
use tokio::sync::watch;

/// How many bundles are read at once while the graph is built.
const PAGE: u32 = 500;

/// A node whose profile is known, with its key parsed and found to be the one of its RID.
#[derive(Debug, Clone)]
pub(crate) struct KnownNode {
    pub(crate) profile: NodeProfile,
    pub(crate) key: PublicKey,
    /// Its own manifest has members beyond the three, so it verifies them in others.
    pub(crate) signs_extras: bool,
}

impl KnownNode {
    /// Out of a bundle; none if it is no valid profile of that node.
    pub(crate) fn of(bundle: &Bundle) -> Option<Self> {
        let profile = NodeProfile::parse(&bundle.contents).ok()?;
        let signs_extras = !bundle.manifest.extras.is_empty();
        Self::new(&bundle.manifest.rid, profile, signs_extras)
    }

    /// None if the profile's key is not that of the RID.
    pub(crate) fn new(rid: &Rid, profile: NodeProfile, signs_extras: bool) -> Option<Self> {
        let key = profile.key().ok()?;
        (node_hash(rid)? == key.hash()).then_some(Self {
            profile,
            key,
            signs_extras,
        })
    }

    pub(crate) fn is_full(&self) -> bool {
        self.profile.node_type == NodeType::Full
    }

    /// Where its endpoints are; none for a partial node.
    pub(crate) fn base_url(&self) -> Option<&str> {
        self.profile.base_url.as_deref().filter(|_| self.is_full())
    }
}

#[derive(Default)]
struct State {
    nodes: BTreeMap<Rid, Arc<KnownNode>>,
    edges: BTreeMap<Rid, Arc<EdgeProfile>>,
    /// Who gets events of a type from this node, whatever the status of the edge.
    subscribers: HashMap<RidType, BTreeSet<Rid>>,
}

/// Nodes and edges.
pub(crate) struct Graph {
    me: Rid,
    state: RwLock<State>,
    changed: watch::Sender<()>,
}

impl Graph {
    /// Reads the network from a store.
    pub(crate) async fn load(me: Rid, stores: &Stores) -> Result<Self, StoreError> {
        let graph = Self {
            me,
            state: RwLock::default(),
            changed: watch::Sender::new(()),
        };
        let rid_types = [NODE_TYPE, EDGE_TYPE]
            .iter()
            .filter_map(|rid_type| RidType::parse(rid_type).ok())
            .collect();
        let mut query = BundleQuery {
            rid_types,
            limit: PAGE,
            ..BundleQuery::default()
        };
        loop {
            let page = stores.bundles.list(&query).await?;
            for stored in &page.items {
                graph.put(&stored.bundle);
            }
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => return Ok(graph),
            }
        }
    }

    /// Takes up the bundle of a node or an edge. One that is no valid profile takes the old one away.
    pub(crate) fn put(&self, bundle: &Bundle) {
        let rid = &bundle.manifest.rid;
        let mut state = self.write();
        if rid.type_str() == NODE_TYPE {
            match KnownNode::of(bundle) {
                Some(node) => state.nodes.insert(rid.clone(), Arc::new(node)),
                None => state.nodes.remove(rid),
            };
        } else if rid.type_str() == EDGE_TYPE {
            match EdgeProfile::parse(&bundle.contents) {
                Ok(edge) => state.edges.insert(rid.clone(), Arc::new(edge)),
                Err(_) => state.edges.remove(rid),
            };
            self.index(&mut state);
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// Leaves out what was forgotten.
    pub(crate) fn remove(&self, rid: &Rid) {
        let mut state = self.write();
        state.nodes.remove(rid);
        if state.edges.remove(rid).is_some() {
            self.index(&mut state);
        }
        drop(state);
        self.changed.send_replace(());
    }

    fn index(&self, state: &mut State) {
        let mut subscribers = HashMap::<RidType, BTreeSet<Rid>>::new();
        for edge in state.edges.values().filter(|edge| edge.source == self.me) {
            for rid_type in &edge.rid_types {
                let nodes = subscribers.entry(rid_type.clone()).or_default();
                nodes.insert(edge.target.clone());
            }
        }
        state.subscribers = subscribers;
    }

    pub(crate) fn node(&self, rid: &Rid) -> Option<Arc<KnownNode>> {
        self.read().nodes.get(rid).cloned()
    }

    /// Told of each change of a node or an edge.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Waits until a node is known.
    pub(crate) async fn known(&self, rid: &Rid) {
        self.until(rid, |_| true).await;
    }

    /// Waits until a node is known as one of which a condition holds.
    pub(crate) async fn until(&self, rid: &Rid, condition: impl Fn(&KnownNode) -> bool) {
        let mut changed = self.changed.subscribe();
        while !self.node(rid).is_some_and(|node| condition(&node)) {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// All nodes but this one.
    pub(crate) fn nodes(&self) -> Vec<(Rid, Arc<KnownNode>)> {
        let state = self.read();
        let others = state.nodes.iter().filter(|(rid, _)| **rid != self.me);
        others
            .map(|(rid, node)| (rid.clone(), node.clone()))
            .collect()
    }

    /// The profiles of all nodes, of this one too.
    pub(crate) fn profiles(&self) -> Vec<(Rid, NodeProfile)> {
        let state = self.read();
        let nodes = state.nodes.iter();
        nodes
            .map(|(rid, node)| (rid.clone(), node.profile.clone()))
            .collect()
    }

    /// All edges.
    pub(crate) fn edges(&self) -> Vec<(Rid, EdgeProfile)> {
        let state = self.read();
        let edges = state.edges.iter();
        edges
            .map(|(rid, edge)| (rid.clone(), EdgeProfile::clone(edge)))
            .collect()
    }

    /// Who gets events of a type from this node.
    pub(crate) fn subscribers(&self, rid_type: &RidType) -> BTreeSet<Rid> {
        let state = self.read();
        state.subscribers.get(rid_type).cloned().unwrap_or_default()
    }

    /// The edge from a provider to a subscriber.
    pub(crate) fn edge(&self, source: &Rid, target: &Rid) -> Option<(Rid, Arc<EdgeProfile>)> {
        let state = self.read();
        let mut edges = state.edges.iter();
        let (rid, edge) = edges.find(|(_, e)| e.source == *source && e.target == *target)?;
        Some((rid.clone(), edge.clone()))
    }

    /// All edges that begin or end at a node.
    pub(crate) fn edges_of(&self, node: &Rid) -> Vec<(Rid, Arc<EdgeProfile>)> {
        let state = self.read();
        let edges = state.edges.iter();
        edges
            .filter(|(_, edge)| edge.source == *node || edge.target == *node)
            .map(|(rid, edge)| (rid.clone(), edge.clone()))
            .collect()
    }

    // What is inside is whole after any panic: each change is one insertion or removal, and the
    // index is replaced in one piece.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
