//! What the other end of a new edge is sent besides the edge. A subscriber: what was told to others
//! while it was making up its mind, and, if it subscribes to nodes or edges, this node's profile or
//! edges. A provider: the profile too. What either was told of that when it became known here may be
//! out of date, and nobody else tells it.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use koi_pipeline::{Flow, HandlerError, HostHandler, Object};
use koi_rid::{Event, EventType, Rid};
use koi_runtime::Phase;
use koi_store::Outgoing;
use koi_wire::{EDGE_TYPE, EdgeProfile, EdgeStatus, NODE_TYPE};

use super::other_end;
use crate::answers::is_short;
use crate::shared::Shared;
use crate::trust::Direction;

/// Acts on this node's own approvals and proposals. An edge that is approved is in the graph by then,
/// one that is proposed is about to be, so whatever comes later reaches the other end by itself.
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
        let Some(edge) = edge else {
            return Ok(Flow::Continue);
        };
        let shared = &self.0;
        let (peer, mut events) = match edge.status {
            EdgeStatus::Approved if edge.source == *shared.me() => {
                let mut events = self.recent(&edge).await?;
                if edge.rid_types.iter().any(|each| each.as_str() == NODE_TYPE) {
                    events.extend(self.profile());
                }
                if edge.rid_types.iter().any(|each| each.as_str() == EDGE_TYPE) {
                    events.extend(self.edges_but(&edge.target).await?);
                }
                (edge.target, events)
            }
            EdgeStatus::Proposed if edge.target == *shared.me() => {
                (edge.source, Vec::from_iter(self.profile()))
            }
            _ => return Ok(Flow::Continue),
        };
        events.retain(|event| {
            let rid = &event.rid;
            *rid != peer && is_short(rid) && shared.permits(&peer, Direction::To, rid)
        });
        let outgoing = events.into_iter().map(|event| Outgoing {
            peer: peer.clone(),
            event,
        });
        object.effects.outgoing.extend(outgoing);
        Ok(Flow::Continue)
    }
}

impl Welcome {
    /// What has become of that which was told in the last moments.
    async fn recent(&self, edge: &EdgeProfile) -> Result<Vec<Event>, HandlerError> {
        let mut rids = self.0.recent.of(&edge.rid_types);
        let mut events = self.stored(&rids, EventType::Update).await?;
        let found: HashSet<Rid> = events.iter().map(|event| event.rid.clone()).collect();
        rids.retain(|rid| !found.contains(rid));
        let gone = rids.into_iter();
        events.extend(gone.map(|rid| Event::of_rid(EventType::Forget, rid)));
        Ok(events)
    }

    async fn stored(&self, rids: &[Rid], told_as: EventType) -> Result<Vec<Event>, HandlerError> {
        let stored = self.0.stores.bundles.read_many(rids).await;
        let stored = stored.map_err(|error| HandlerError::Transient(error.to_string()))?;
        let bundles = stored.into_iter().map(|stored| stored.bundle);
        Ok(bundles
            .map(|bundle| Event::of_bundle(told_as, bundle))
            .collect())
    }

    /// This node's profile as it is now.
    fn profile(&self) -> Option<Event> {
        let own = self.0.own_bundle()?;
        Some(Event::of_bundle(EventType::Update, own.as_ref().clone()))
    }

    /// This node's edges to others than that one, which hears of its own in any case.
    async fn edges_but(&self, peer: &Rid) -> Result<Vec<Event>, HandlerError> {
        let shared = &self.0;
        let edges = shared.graph.edges_of(shared.me());
        let edges: Vec<Rid> = edges
            .into_iter()
            .filter(|(_, edge)| other_end(edge, shared.me()).as_ref() != Some(peer))
            .map(|(rid, _)| rid)
            .collect();
        self.stored(&edges, EventType::New).await
    }
}
