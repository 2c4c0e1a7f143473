//! A new subscriber to nodes is sent this node's profile: what it was told when it became known here
//! may be out of date, and nobody else tells it.

use std::sync::Arc;

use async_trait::async_trait;
use koi_pipeline::{Flow, HandlerError, HostHandler, Object};
use koi_rid::{Event, EventType};
use koi_runtime::Phase;
use koi_store::Outgoing;
use koi_wire::{EDGE_TYPE, EdgeProfile, EdgeStatus, NODE_TYPE};

use crate::shared::Shared;

/// Acts on this node's own approvals. The edge is in the graph by then, so a profile that changes
/// later reaches the subscriber by itself.
pub(super) struct Welcome(pub(super) Arc<Shared>);

#[async_trait]
impl HostHandler for Welcome {
    fn name(&self) -> &'static str {
        "welcome"
    }

    fn phases(&self) -> &'static [Phase] {
        &[Phase::Network]
    }

    fn handles(&self, rid_type: &str) -> bool {
        rid_type == EDGE_TYPE
    }

    async fn handle(&self, object: &mut Object) -> Result<Flow, HandlerError> {
        let knowledge = &object.knowledge;
        if knowledge.source.is_some() || knowledge.normalized == Some(EventType::Forget) {
            return Ok(Flow::Continue);
        }
        let edge = knowledge
            .contents
            .as_ref()
            .and_then(|contents| EdgeProfile::parse(contents).ok());
        if let Some(edge) = edge
            && edge.source == *self.0.me()
            && edge.status == EdgeStatus::Approved
            && edge
                .rid_types
                .iter()
                .any(|rid_type| rid_type.as_str() == NODE_TYPE)
            && let Some(own) = self.0.own_bundle()
        {
            let event = Event::of_bundle(EventType::Update, own.as_ref().clone());
            object.effects.outgoing.push(Outgoing {
                peer: edge.target,
                event,
            });
        }
        Ok(Flow::Continue)
    }
}
