//! What a new subscriber is sent besides the approval: what was told to others while it was making up
//! its mind, and, if it subscribes to nodes, this node's profile. What it was told of that when it
//! became known here may be out of date, and nobody else tells it.

use std::sync::Arc;

use async_trait::async_trait;
use koi_pipeline::{Flow, HandlerError, HostHandler, Object};
use koi_rid::{Event, EventType, MAX_PYTHON_RID_BYTES};
use koi_runtime::Phase;
use koi_store::Outgoing;
use koi_wire::{EDGE_TYPE, EdgeProfile, EdgeStatus, NODE_TYPE};

use crate::shared::Shared;

/// Acts on this node's own approvals. The edge is in the graph by then, so whatever comes later
/// reaches the subscriber by itself.
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
        let Some(edge) =
            edge.filter(|edge| edge.source == *self.0.me() && edge.status == EdgeStatus::Approved)
        else {
            return Ok(Flow::Continue);
        };
        let mut events = self.0.recent.of(&edge.rid_types);
        if edge
            .rid_types
            .iter()
            .any(|rid_type| rid_type.as_str() == NODE_TYPE)
            && let Some(own) = self.0.own_bundle()
        {
            events.push(Event::of_bundle(EventType::Update, own.as_ref().clone()));
        }
        events.retain(|event| {
            event.rid != edge.target && event.rid.as_str().len() <= MAX_PYTHON_RID_BYTES
        });
        let outgoing = events.into_iter().map(|event| Outgoing {
            peer: edge.target.clone(),
            event,
        });
        object.effects.outgoing.extend(outgoing);
        Ok(Flow::Continue)
    }
}
