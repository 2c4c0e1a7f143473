//! The network as guests see it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use koi_rid::Rid;
use koi_runtime::ports::{CallContext, Neighbour, Network, PortError};
use koi_wire::NodeType;

use crate::shared::Shared;

/// The network port. It checks no grants: the registry puts that in front.
pub(crate) struct KnownNetwork(pub(crate) Arc<Shared>);

#[async_trait]
impl Network for KnownNetwork {
    fn this_node(&self, _call: &CallContext) -> Result<Rid, PortError> {
        Ok(self.0.me().clone())
    }

    async fn neighbours(&self, _call: &CallContext) -> Result<Vec<Neighbour>, PortError> {
        let me = self.0.me();
        let mut neighbours = BTreeMap::<Rid, Neighbour>::new();
        for (_, edge) in self.0.graph.edges_of(me) {
            let subscriber = edge.source == *me;
            let other = if subscriber {
                &edge.target
            } else {
                &edge.source
            };
            let neighbour = neighbours
                .entry(other.clone())
                .or_insert_with(|| Neighbour {
                    rid: other.clone(),
                    provider: false,
                    subscriber: false,
                    rid_types: Vec::new(),
                    node_type: self.0.graph.node(other).map(|node| {
                        let node_type = match node.profile.node_type {
                            NodeType::Full => "FULL",
                            NodeType::Partial => "PARTIAL",
                        };
                        node_type.to_owned()
                    }),
                });
            if subscriber {
                neighbour.subscriber = true;
                neighbour.rid_types.extend(edge.rid_types.iter().cloned());
            } else {
                neighbour.provider = true;
            }
        }
        Ok(neighbours.into_values().collect())
    }
}
