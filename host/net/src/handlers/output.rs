//! Who is told of an object.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use koi_pipeline::{Flow, HandlerError, HostHandler, Object};
use koi_rid::{Bundle, Event, EventType, MAX_PYTHON_RID_BYTES, Rid};
use koi_runtime::{KnowledgeObject, Phase};
use koi_store::{Batch, Op, Outgoing, StoreError};
use koi_wire::{EDGE_TYPE, EdgeProfile};

use crate::answers::is_short;
use crate::shared::Shared;
use crate::trust::Direction;

/// Subscribers hear of what this node provides, of its own profile and of its own edges; of such an
/// edge its other end hears in any case, and so it does of the profile, which nobody else may tell it.
/// Nobody is told what they have told, or of themselves, and nobody of the end of an edge that went
/// because they asked to be forgotten: they are about to begin anew. Nobody is told of what this node
/// has kept for long enough and another one has told: that is as true as before.
///
/// Between the Network phase and the commit somebody may have subscribed. So it looks again when the
/// object is stored, and tells those who have come since.
pub(super) struct OutputFilter(pub(super) Arc<Shared>);

#[async_trait]
impl HostHandler for OutputFilter {
    fn name(&self) -> &'static str {
        "output filter"
    }

    fn phases(&self) -> &'static [Phase] {
        &[Phase::Network, Phase::Final]
    }

    fn handles(&self, _rid_type: &str) -> bool {
        true
    }

    async fn handle(&self, object: &mut Object) -> Result<Flow, HandlerError> {
        if object.is_forgotten_here_alone {
            self.0.recent.drop(&object.knowledge.rid);
            object.knowledge.network_targets.clear();
            return Ok(Flow::Continue);
        }
        let audience = self.audience(&object.knowledge);
        if object.knowledge.phase == Phase::Network {
            let targets = audience.map(|audience| self.targets(object, &audience));
            object.knowledge.network_targets = Vec::from_iter(targets.unwrap_or_default());
        } else if let Some(audience) = audience.filter(|_| !object.targets_by_guest) {
            let told = self.tell_latecomers(object, &audience).await;
            told.map_err(|error| HandlerError::Transient(error.to_string()))?;
        }
        Ok(Flow::Continue)
    }
}

/// Who hears of an object besides subscribers.
struct Audience {
    /// The other end of an edge of this node.
    counterpart: Option<Rid>,
    /// Whether it is this node's profile, of which all neighbours hear.
    own_profile: bool,
}

impl OutputFilter {
    /// None if nobody hears of an object, whoever subscribes.
    fn audience(&self, knowledge: &KnowledgeObject) -> Option<Audience> {
        let shared = &self.0;
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
        let own_profile = born_here && knowledge.rid == *shared.me();
        let provided = || {
            let rid_type = knowledge.rid.rid_type();
            shared.offer.load().provides.contains(&rid_type)
        };
        if counterpart.is_none() && !own_profile && !provided() {
            return None;
        }
        if !is_short(&knowledge.rid) {
            tracing::warn!(
                rid = %knowledge.rid,
                "nobody is told of this object: a RID of more than {MAX_PYTHON_RID_BYTES} bytes \
                 stops a Python node that stores it"
            );
            return None;
        }
        Some(Audience {
            counterpart,
            own_profile,
        })
    }

    /// Who is to hear of an object by now.
    fn targets(&self, object: &Object, audience: &Audience) -> BTreeSet<Rid> {
        let shared = &self.0;
        let knowledge = &object.knowledge;
        let mut targets = shared.graph.subscribers(&knowledge.rid.rid_type());
        targets.extend(audience.counterpart.clone());
        if audience.own_profile {
            let edges = shared.graph.edges_of(shared.me());
            let edges = edges.iter();
            targets.extend(edges.filter_map(|(_, edge)| other_end(edge, shared.me())));
        }
        targets.retain(|node| shared.permits(node, Direction::To, &knowledge.rid));
        targets.remove(shared.me());
        targets.remove(&knowledge.rid);
        if let Some(source) = &knowledge.source {
            targets.remove(source);
        }
        if knowledge.normalized == Some(EventType::Forget)
            && let Some(cause) = &object.cause
        {
            targets.remove(cause);
        }
        targets
    }

    async fn tell_latecomers(
        &self,
        object: &Object,
        audience: &Audience,
    ) -> Result<(), StoreError> {
        let shared = &self.0;
        let knowledge = &object.knowledge;
        // Before looking: whoever subscribes at the same time finds it in one way or the other.
        let contents = knowledge.contents.as_ref();
        let bytes = contents.map_or(0, |contents| contents.as_str().len());
        shared.recent.note(&knowledge.rid, bytes);
        let mut targets = self.targets(object, audience);
        targets.retain(|target| !knowledge.network_targets.contains(target));
        let Some(event) = told(knowledge).filter(|_| !targets.is_empty()) else {
            return Ok(());
        };
        let ops = targets.iter().map(|peer| {
            Op::Enqueue(Outgoing {
                peer: peer.clone(),
                event: event.clone(),
            })
        });
        let batch = Batch { ops: ops.collect() };
        shared.stores.commits.commit(batch).await?;
        targets.iter().for_each(|peer| shared.reachable.ring(peer));
        Ok(())
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

pub(crate) fn other_end(edge: &EdgeProfile, me: &Rid) -> Option<Rid> {
    if edge.source == *me {
        Some(edge.target.clone())
    } else if edge.target == *me {
        Some(edge.source.clone())
    } else {
        None
    }
}
