//! A coordinator's answer to a node that announces itself: its own profile, and the proposal to
//! subscribe to the newcomer's node and edges.

use std::sync::Arc;

use async_trait::async_trait;
use koi_pipeline::{Flow, HandlerError, HostHandler, Object, succeed};
use koi_rid::{Event, EventType, RidType};
use koi_runtime::Phase;
use koi_store::{Arrival, Outgoing};
use koi_wire::{EDGE_TYPE, EdgeProfile, EdgeStatus, EdgeType, NODE_TYPE};

use crate::shared::Shared;

pub(super) struct Handshake(pub(super) Arc<Shared>);

#[async_trait]
impl HostHandler for Handshake {
    fn name(&self) -> &'static str {
        "handshake"
    }

    fn phases(&self) -> &'static [Phase] {
        &[Phase::Network]
    }

    fn handles(&self, rid_type: &str) -> bool {
        rid_type == NODE_TYPE
    }

    async fn handle(&self, object: &mut Object) -> Result<Flow, HandlerError> {
        let knowledge = &object.knowledge;
        let newcomer = &knowledge.rid;
        if knowledge.event_type != Some(EventType::New)
            || knowledge.source.as_ref() != Some(newcomer)
            || knowledge.normalized == Some(EventType::Forget)
        {
            return Ok(Flow::Continue);
        }
        let own = self.0.own_bundle().ok_or_else(|| {
            HandlerError::Transient("this node has no profile of its own yet".to_owned())
        })?;
        let edge = EdgeProfile {
            source: newcomer.clone(),
            target: self.0.me().clone(),
            edge_type: EdgeType::Webhook,
            status: EdgeStatus::Proposed,
            rid_types: [NODE_TYPE, EDGE_TYPE]
                .iter()
                .filter_map(|rid_type| RidType::parse(rid_type).ok())
                .collect(),
        };
        let contents = edge
            .to_contents()
            .map_err(|error| HandlerError::Refused(error.to_string()))?;
        let standing = self.0.graph.edge(newcomer, self.0.me());
        let rid = standing.map_or_else(|| edge.rid(), |(rid, _)| rid);
        let bundle = succeed(None, rid.clone(), contents);
        let publish = |event| Arrival {
            cause: Some(newcomer.clone()),
            depth: knowledge.depth.saturating_add(1),
            correlation: object.correlation.clone(),
            ..Arrival::from(event)
        };
        // An edge of the newcomer's former life would make the proposal look old, or known.
        let publications = [
            publish(Event::of_rid(EventType::Forget, rid)),
            publish(Event::of_bundle(EventType::New, bundle)),
        ];
        let event = Event::of_bundle(EventType::New, own.as_ref().clone());
        let peer = newcomer.clone();
        object.effects.publications.extend(publications);
        object.effects.outgoing.push(Outgoing { peer, event });
        Ok(Flow::Continue)
    }
}
