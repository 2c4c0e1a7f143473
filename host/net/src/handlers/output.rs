//! Who is told of an object.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use koi_pipeline::{Flow, HandlerError, HostHandler, Object};
use koi_rid::{Bundle, Event, EventType, MAX_PYTHON_RID_BYTES, Rid};
use koi_runtime::{KnowledgeObject, Phase};
use koi_wire::{EDGE_TYPE, EdgeProfile};

use crate::shared::Shared;

/// Subscribers hear of what this node provides, of its own profile and of its own edges; of such an
/// edge its other end hears in any case, and so it does of the profile, which nobody else may tell it.
/// Nobody is told what they have told, and nobody of the end of an edge that went because they asked
/// to be forgotten: they are about to begin anew.
pub(super) struct OutputFilter(pub(super) Arc<Shared>);

#[async_trait]
impl HostHandler for OutputFilter {
    fn name(&self) -> &'static str {
        "output filter"
    }

    fn phases(&self) -> &'static [Phase] {
        &[Phase::Network]
    }

    fn handles(&self, _rid_type: &str) -> bool {
        true
    }

    async fn handle(&self, object: &mut Object) -> Result<Flow, HandlerError> {
        let shared = &self.0;
        let knowledge = &object.knowledge;
        let born_here = knowledge.source.is_none();
        let counterpart = if born_here && knowledge.rid.type_str() == EDGE_TYPE {
            let edge = knowledge
                .contents
                .as_ref()
                .and_then(|c| EdgeProfile::parse(c).ok());
            edge.and_then(|edge| other_end(&edge, shared.me()))
        } else {
            None
        };
        let involved = counterpart.is_some() || (born_here && knowledge.rid == *shared.me());
        let rid_type = knowledge.rid.rid_type();
        let provided = shared.offer.load().provides.contains(&rid_type);
        if (provided || involved)
            && let Some(event) = told(knowledge)
        {
            shared.recent.note(event);
        }
        let mut targets = if involved || provided {
            shared.graph.subscribers(&rid_type)
        } else {
            BTreeSet::new()
        };
        targets.extend(counterpart);
        if born_here && knowledge.rid == *shared.me() {
            let edges = shared.graph.edges_of(shared.me());
            targets.extend(
                edges
                    .iter()
                    .filter_map(|(_, edge)| other_end(edge, shared.me())),
            );
        }
        targets.remove(shared.me());
        if let Some(source) = &knowledge.source {
            targets.remove(source);
        }
        if knowledge.normalized == Some(EventType::Forget)
            && let Some(cause) = &object.cause
        {
            targets.remove(cause);
        }
        if !targets.is_empty() && knowledge.rid.as_str().len() > MAX_PYTHON_RID_BYTES {
            tracing::warn!(
                rid = %knowledge.rid,
                "nobody is told of this object: a RID of more than {MAX_PYTHON_RID_BYTES} bytes \
                 stops a Python node that stores it"
            );
            targets.clear();
        }
        object.knowledge.network_targets = targets.into_iter().collect();
        Ok(Flow::Continue)
    }
}

/// The event that subscribers are told.
fn told(knowledge: &KnowledgeObject) -> Option<Event> {
    match knowledge.normalized? {
        EventType::Forget => Some(Event::of_rid(EventType::Forget, knowledge.rid.clone())),
        event_type => {
            let bundle = Bundle {
                manifest: knowledge.manifest.clone()?,
                contents: knowledge.contents.clone()?,
            };
            Some(Event::of_bundle(event_type, bundle))
        }
    }
}

pub(super) fn other_end(edge: &EdgeProfile, me: &Rid) -> Option<Rid> {
    if edge.source == *me {
        Some(edge.target.clone())
    } else if edge.target == *me {
        Some(edge.source.clone())
    } else {
        None
    }
}
