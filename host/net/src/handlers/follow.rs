//! Keeps the picture of the network in step with what is stored, and sets contact and delivery going
//! where a node has become known.

use std::sync::Arc;

use async_trait::async_trait;
use koi_pipeline::{Flow, HandlerError, HostHandler, Object};
use koi_rid::{Bundle, Contents, EventType, Rid};
use koi_runtime::Phase;
use koi_wire::{EDGE_TYPE, EdgeProfile, EdgeStatus, NODE_TYPE};

use crate::shared::Shared;

pub(super) struct Follow(pub(super) Arc<Shared>);

#[async_trait]
impl HostHandler for Follow {
    fn name(&self) -> &'static str {
        "network graph"
    }

    fn phases(&self) -> &'static [Phase] {
        &[Phase::Final]
    }

    fn handles(&self, rid_type: &str) -> bool {
        rid_type == NODE_TYPE || rid_type == EDGE_TYPE
    }

    async fn handle(&self, object: &mut Object) -> Result<Flow, HandlerError> {
        let shared = &self.0;
        let knowledge = &object.knowledge;
        if knowledge.normalized == Some(EventType::Forget) {
            shared.graph.remove(&knowledge.rid);
            return Ok(Flow::Continue);
        }
        let (Some(manifest), Some(contents)) = (&knowledge.manifest, &knowledge.contents) else {
            return Ok(Flow::Continue);
        };
        shared.graph.put(&Bundle {
            manifest: manifest.clone(),
            contents: contents.clone(),
        });
        if knowledge.rid.type_str() == NODE_TYPE && knowledge.rid != *shared.me() {
            shared.contacts.ring(&knowledge.rid);
            shared.reachable.ring(&knowledge.rid);
        }
        if knowledge.rid.type_str() == EDGE_TYPE
            && let Some(provider) = approved_provider(contents, shared.me())
        {
            // Something may have been published between catching up and now.
            shared.contacts.ring(&provider);
        }
        if knowledge.rid.type_str() == EDGE_TYPE
            && let Some(subscriber) = approved_subscriber(contents, shared.me())
            && shared
                .graph
                .node(&subscriber)
                .is_some_and(|node| !node.is_full())
        {
            // It polls from now on, and so can hear what this node wants of it.
            shared.contacts.ring(&subscriber);
        }
        Ok(Flow::Continue)
    }
}

/// Who provides, if the edge is an approved subscription of this node.
fn approved_provider(contents: &Contents, me: &Rid) -> Option<Rid> {
    let edge = EdgeProfile::parse(contents).ok()?;
    (edge.target == *me && edge.status == EdgeStatus::Approved).then_some(edge.source)
}

/// Who subscribes, if the edge is an approved subscription to this node.
fn approved_subscriber(contents: &Contents, me: &Rid) -> Option<Rid> {
    let edge = EdgeProfile::parse(contents).ok()?;
    (edge.source == *me && edge.status == EdgeStatus::Approved).then_some(edge.target)
}
