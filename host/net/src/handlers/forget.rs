//! What goes with a node that is forgotten: its edges, and what waits for it.

use std::sync::Arc;

use async_trait::async_trait;
use koi_pipeline::{Flow, HandlerError, HostHandler, Object};
use koi_rid::{Event, EventType};
use koi_runtime::Phase;
use koi_store::Arrival;
use koi_wire::NODE_TYPE;

use crate::shared::Shared;

pub(super) struct ForgetNode(pub(super) Arc<Shared>);

#[async_trait]
impl HostHandler for ForgetNode {
    fn name(&self) -> &'static str {
        "forgotten node"
    }

    fn phases(&self) -> &'static [Phase] {
        &[Phase::Network]
    }

    fn handles(&self, rid_type: &str) -> bool {
        rid_type == NODE_TYPE
    }

    async fn handle(&self, object: &mut Object) -> Result<Flow, HandlerError> {
        let knowledge = &object.knowledge;
        if knowledge.normalized != Some(EventType::Forget) || knowledge.rid == *self.0.me() {
            return Ok(Flow::Continue);
        }
        object.effects.dropped_peers.push(knowledge.rid.clone());
        for (edge, _) in self.0.graph.edges_of(&knowledge.rid) {
            object.effects.publications.push(Arrival {
                cause: Some(knowledge.rid.clone()),
                depth: knowledge.depth.saturating_add(1),
                correlation: object.correlation.clone(),
                ..Arrival::from(Event::of_rid(EventType::Forget, edge))
            });
        }
        Ok(Flow::Continue)
    }
}
