//! Keeps the picture of the network in step with what is stored, and sets contact and delivery going
//! where a node has become known.

use std::sync::Arc;

use async_trait::async_trait;
use koi_pipeline::{Flow, HandlerError, HostHandler, Object};
use koi_rid::{Bundle, EventType};
use koi_runtime::Phase;
use koi_wire::{EDGE_TYPE, NODE_TYPE};

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
        Ok(Flow::Continue)
    }
}
