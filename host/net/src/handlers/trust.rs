//! Keeps out what other nodes may not tell this one, however it came: by broadcast, or because it was
//! asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use koi_pipeline::{Flow, HandlerError, HostHandler, Object};
use koi_rid::EventType;
use koi_runtime::{KnowledgeObject, Phase};
use koi_wire::{EDGE_TYPE, EdgeProfile, NODE_TYPE};

use super::output::other_end;
use crate::shared::Shared;
use crate::trust::Direction;

/// Stops what is of a RID type that its sender may not tell, and nodes and edges by which this node would
/// come to deal with one that is denied.
pub(super) struct Gate {
    shared: Arc<Shared>,
    stopped: AtomicU64,
}

impl Gate {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            stopped: AtomicU64::new(0),
        }
    }

    /// Why an object is kept out; none if it is not.
    fn objection(&self, knowledge: &KnowledgeObject) -> Option<String> {
        let (shared, rid) = (&self.shared, &knowledge.rid);
        let source = knowledge.source.as_ref()?;
        if !shared.permits(source, Direction::From, rid) {
            return Some(format!("{source} may not tell of {}", rid.type_str()));
        }
        // Whoever is denied may be forgotten all the same.
        if knowledge.event_type == Some(EventType::Forget) {
            return None;
        }
        let denied = match rid.type_str() {
            NODE_TYPE => Some(rid.clone()),
            EDGE_TYPE => {
                let edge = EdgeProfile::parse(knowledge.contents.as_ref()?).ok()?;
                other_end(&edge, shared.me())
            }
            _ => None,
        };
        let denied = denied.filter(|node| !shared.trust.admits(node))?;
        Some(format!("this node does not deal with {denied}"))
    }
}

#[async_trait]
impl HostHandler for Gate {
    fn name(&self) -> &'static str {
        "trust between nodes"
    }

    fn phases(&self) -> &'static [Phase] {
        &[Phase::Rid, Phase::Bundle]
    }

    fn handles(&self, _rid_type: &str) -> bool {
        !self.shared.trust.is_empty()
    }

    async fn handle(&self, object: &mut Object) -> Result<Flow, HandlerError> {
        let Some(reason) = self.objection(&object.knowledge) else {
            return Ok(Flow::Continue);
        };
        let reason = format!("{reason}, see koi.trust");
        let stopped = self.stopped.fetch_add(1, Ordering::Relaxed) + 1;
        // Each is in the log of those who look closely; who does not is told of the first, the second,
        // the fourth and so on.
        if stopped.is_power_of_two() {
            tracing::info!(rid = %object.knowledge.rid, reason, stopped, "an object was kept out");
        }
        Ok(Flow::Stop(reason))
    }
}
