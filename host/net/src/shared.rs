//! What all parts of the network side share: who this node is, what it offers, whom it knows.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use koi_pipeline::{Bell, Intake, Lifetimes};
use koi_rid::{Bundle, Rid};
use koi_store::Stores;
use koi_wire::{EDGE_TYPE, NODE_TYPE, edge_rid};
use tokio::sync::Semaphore;

use crate::away::Away;
use crate::graph::Graph;
use crate::identity::Identity;
use crate::limits::Accounts;
use crate::offer::Offer;
use crate::peers::Peers;
use crate::receive::Bodies;
use crate::recent::Recent;
use crate::replay::Replays;
use crate::trust::{Direction, Trust};

/// How many requests of unknown nodes may wait for a profile at a time.
pub(crate) const MAX_STRANGERS: usize = 64;

/// How many answers are made at a time.
pub(crate) const MAX_ANSWERS: usize = 16;

/// What a node is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Introduces nodes to each other: answers newcomers, and provides nodes and edges besides what
    /// its extensions own.
    Coordinator,
    /// Provides what its extensions own.
    Producer,
    /// Provides nothing, only subscribes.
    Consumer,
}

/// How other nodes and this one come together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// It has a server, and is sent events there.
    Full {
        /// Where other nodes reach it; see [`crate::base_url`].
        base_url: String,
    },
    /// It has no server: nobody can ask it, and it asks the full nodes that it has to do with for events.
    Partial {
        /// How long to wait between two questions to one node.
        poll_every: Duration,
    },
}

/// The node through which this one enters a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstContact {
    /// Its base URL, such as `http://127.0.0.1:8000/koi-net`.
    pub url: String,
    /// Its RID. Without it, it is asked for, which only a node of koi-mcp answers.
    pub rid: Option<Rid>,
}

/// Shared by all parts.
pub(crate) struct Shared {
    pub(crate) identity: Identity,
    pub(crate) role: Role,
    pub(crate) kind: Kind,
    pub(crate) first_contact: Option<FirstContact>,
    /// The first contact's RID, once it is known. What it says about other nodes is believed.
    pub(crate) coordinator: OnceLock<Rid>,
    pub(crate) stores: Stores,
    pub(crate) intake: Intake,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) graph: Graph,
    pub(crate) peers: Peers,
    pub(crate) recent: Recent,
    pub(crate) offer: ArcSwap<Offer>,
    /// This node's own bundle, once it has one.
    pub(crate) profile: ArcSwapOption<Bundle>,
    /// Nodes to propose edges to, and to catch up with.
    pub(crate) contacts: Bell,
    /// Nodes that have forgotten this one, and with it the edges it had proposed.
    pub(crate) forgotten_by: Bell,
    /// Nodes whose profile was just stored: what waits for them has an address now.
    pub(crate) reachable: Bell,
    /// Room for askers whose profile may still be on its way.
    pub(crate) strangers: Semaphore,
    /// Room for the requests that are being read.
    pub(crate) bodies: Bodies,
    /// With whom this node deals, and in what.
    pub(crate) trust: Trust,
    /// What each other node has left of what it may take.
    pub(crate) accounts: Accounts,
    /// Broadcasts that were taken.
    pub(crate) replays: Replays,
    /// Nodes that have just been told something: to a partial node, what they say to it waits there.
    pub(crate) told: Bell,
    /// Turns to make answers, which can be large.
    pub(crate) answers: Semaphore,
    /// Nodes that have just been heard of: what waits for them may be tried at once.
    pub(crate) heard: Bell,
    /// Nodes that could not be reached.
    pub(crate) away: Away,
}

impl Shared {
    /// This node.
    pub(crate) fn me(&self) -> &Rid {
        self.identity.rid()
    }

    /// Where other nodes reach this one; none of a partial node.
    pub(crate) fn base_url(&self) -> Option<&str> {
        match &self.kind {
            Kind::Full { base_url } => Some(base_url),
            Kind::Partial { .. } => None,
        }
    }

    /// Whether this node has no server.
    pub(crate) fn is_partial(&self) -> bool {
        self.base_url().is_none()
    }

    /// Whether a node may speak for others.
    pub(crate) fn trusts(&self, node: &Rid) -> bool {
        self.coordinator.get() == Some(node)
    }

    /// Whether something may go that way between this node and another.
    pub(crate) fn permits(&self, node: &Rid, direction: Direction, rid: &Rid) -> bool {
        self.trust.permits(node, direction, rid.type_str())
            || (self.trust.admits(node) && self.is_between(node, rid))
    }

    /// Whether it is what two nodes need to deal with each other: a profile of theirs or an edge between
    /// them.
    fn is_between(&self, node: &Rid, rid: &Rid) -> bool {
        let me = self.me();
        let is_edge = |source, target| {
            let standing = self.graph.edge(source, target);
            *rid == edge_rid(source, target)
                || standing.is_some_and(|(standing, _)| standing == *rid)
        };
        match rid.type_str() {
            NODE_TYPE => rid == node || rid == me,
            EDGE_TYPE => is_edge(me, node) || is_edge(node, me),
            _ => false,
        }
    }

    /// A node has answered, or was heard of: if it was away, what waits is tried again.
    pub(crate) fn seen(&self, node: &Rid) {
        for node in self.away.seen(node) {
            self.heard.ring(&node);
        }
    }

    /// Where a node's endpoints are, if it has any that are known and is dealt with.
    pub(crate) fn url_of(&self, node: &Rid) -> Option<String> {
        if !self.trust.admits(node) {
            return None;
        }
        if let Some(known) = self.peers.find(&self.graph, node) {
            return known.base_url().map(str::to_owned);
        }
        let contact = self.first_contact.as_ref()?;
        (self.coordinator.get() == Some(node)).then(|| contact.url.clone())
    }

    /// This node's own bundle, if it has one yet.
    pub(crate) fn own_bundle(&self) -> Option<Arc<Bundle>> {
        self.profile.load_full()
    }
}
