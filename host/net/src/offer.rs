//! What this node gives to the network and wants from it. It follows from its role and from its
//! extensions.

use std::collections::BTreeSet;

use koi_registry::{Right, Snapshot};
use koi_rid::RidType;
use koi_wire::{EDGE_TYPE, NODE_TYPE};

use crate::Role;

/// RID types that this node provides, and those that it wants to hear of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) provides: BTreeSet<RidType>,
    pub(crate) interest: BTreeSet<RidType>,
}

impl Offer {
    /// A producer provides what its extensions own. Of interest is what an extension may read or
    /// handle: knowledge that nothing here may touch is not asked for.
    pub(crate) fn of(role: Role, snapshot: &Snapshot) -> Self {
        let mut offer = Self::default();
        let nodes = RidType::parse(NODE_TYPE).ok();
        let edges = RidType::parse(EDGE_TYPE).ok();
        offer.interest.extend(nodes.clone());
        if role == Role::Coordinator {
            offer.interest.extend(edges.clone());
            offer.provides.extend(nodes);
            offer.provides.extend(edges);
        }
        for extension in snapshot.extensions.values() {
            let owned = extension.rid_types.iter().map(|entry| &entry.rid_type);
            if role != Role::Consumer {
                offer.provides.extend(owned.clone().cloned());
            }
            let touched = owned.filter(|rid_type| {
                let access = &extension.access;
                access.touches(Right::Read, rid_type) || access.touches(Right::Handle, rid_type)
            });
            offer.interest.extend(touched.cloned());
        }
        offer.interest.extend(snapshot.handled_rid_types());
        offer
    }

    /// Whether a node may subscribe to a type here. Nodes and edges may always be subscribed to.
    pub(crate) fn allows(&self, rid_type: &RidType) -> bool {
        self.provides.contains(rid_type)
            || rid_type.as_str() == NODE_TYPE
            || rid_type.as_str() == EDGE_TYPE
    }
}
