//! Who may have a node or an edge forgotten.

use std::sync::Arc;

use async_trait::async_trait;
use koi_pipeline::{Flow, HandlerError, HostHandler, Object};
use koi_rid::EventType;
use koi_runtime::Phase;
use koi_wire::{EDGE_TYPE, EdgeProfile, NODE_TYPE};

use crate::shared::Shared;

/// A node is forgotten at its own word, an edge at the word of one of its ends, either at that of the
/// first contact. All other knowledge is forgotten at the word of any known node, as the reference
/// does: a handler of the type's owner can be stricter.
pub(super) struct ForgetAuthority(pub(super) Arc<Shared>);

#[async_trait]
impl HostHandler for ForgetAuthority {
    fn name(&self) -> &'static str {
        "authority to forget"
    }

    fn phases(&self) -> &'static [Phase] {
        &[Phase::Bundle]
    }

    fn handles(&self, rid_type: &str) -> bool {
        rid_type == NODE_TYPE || rid_type == EDGE_TYPE
    }

    async fn handle(&self, object: &mut Object) -> Result<Flow, HandlerError> {
        let knowledge = &object.knowledge;
        let Some(source) = &knowledge.source else {
            return Ok(Flow::Continue);
        };
        if knowledge.normalized != Some(EventType::Forget) || self.0.trusts(source) {
            return Ok(Flow::Continue);
        }
        let concerned = if knowledge.rid.type_str() == NODE_TYPE {
            knowledge.rid == *source
        } else {
            // What is stored and is no edge is nobody's.
            let edge = knowledge
                .contents
                .as_ref()
                .and_then(|c| EdgeProfile::parse(c).ok());
            edge.is_none_or(|edge| edge.source == *source || edge.target == *source)
        };
        if concerned {
            Ok(Flow::Continue)
        } else {
            Err(HandlerError::Refused(format!(
                "{source} may not have {} forgotten",
                knowledge.rid
            )))
        }
    }
}
