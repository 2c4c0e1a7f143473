//! What all parts of the network side share: who this node is, what it offers, whom it knows.

use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwap, ArcSwapOption};
use koi_pipeline::{Bell, Intake, Lifetimes};
use koi_rid::{Bundle, Rid};
use koi_store::Stores;
use tokio::sync::Semaphore;

use crate::graph::Graph;
use crate::identity::Identity;
use crate::offer::Offer;
use crate::peers::Peers;
use crate::receive::Bodies;
use crate::recent::Recent;

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
    pub(crate) base_url: String,
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
    /// Turns to make answers, which can be large.
    pub(crate) answers: Semaphore,
    /// Nodes that have just been heard of: what waits for them may be tried at once.
    pub(crate) heard: Bell,
}

impl Shared {
    /// This node.
    pub(crate) fn me(&self) -> &Rid {
        self.identity.rid()
    }

    /// Whether a node may speak for others.
    pub(crate) fn trusts(&self, node: &Rid) -> bool {
        self.coordinator.get() == Some(node)
    }

    /// Where a node's endpoints are, if it has any that are known.
    pub(crate) fn url_of(&self, node: &Rid) -> Option<String> {
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
