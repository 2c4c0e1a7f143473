//! Edges: who may tell of one, and this node's answer to a proposal.

use std::sync::Arc;

use async_trait::async_trait;
use koi_pipeline::{Flow, HandlerError, HostHandler, Object, answer};
use koi_rid::{Event, EventType, Rid, RidType};
use koi_runtime::Phase;
use koi_store::{Arrival, Outgoing};
use koi_wire::{EDGE_TYPE, EdgeProfile, EdgeStatus, EdgeType, NODE_TYPE, NodeProfile, NodeType};

use crate::offer::Offer;
use crate::shared::Shared;
use crate::trust::Direction;

/// An edge is believed from its ends and from the first contact. The provider alone approves it. The
/// reference believes everybody, and lets a subscriber approve its own.
pub(super) struct EdgeNegotiation(pub(super) Arc<Shared>);

/// Who tells of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Teller {
    Provider,
    Subscriber,
    /// The first contact, which is neither.
    Coordinator,
    Stranger,
}

/// What to do about an edge that somebody tells of.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Store,
    /// It is a proposal to this node, and a fine one.
    Approve,
    /// It is a proposal to this node that it says no to.
    Reject(String),
    /// It is not to be believed.
    Refuse(String),
    /// The subscriber is not known yet; its profile may be on its way.
    Wait,
}

#[async_trait]
impl HostHandler for EdgeNegotiation {
    fn name(&self) -> &'static str {
        "edge negotiation"
    }

    fn phases(&self) -> &'static [Phase] {
        &[Phase::Bundle]
    }

    fn handles(&self, rid_type: &str) -> bool {
        rid_type == EDGE_TYPE
    }

    async fn handle(&self, object: &mut Object) -> Result<Flow, HandlerError> {
        let knowledge = &object.knowledge;
        let (Some(contents), Some(manifest)) = (&knowledge.contents, &knowledge.manifest) else {
            return Ok(Flow::Continue);
        };
        if knowledge.normalized == Some(EventType::Forget) {
            return Ok(Flow::Continue);
        }
        let edge = EdgeProfile::parse(contents)
            .map_err(|error| HandlerError::Refused(error.to_string()))?;
        let Some(source) = &knowledge.source else {
            return Ok(Flow::Continue);
        };
        let previous = knowledge.previous.as_ref();
        let standing = previous.and_then(|known| EdgeProfile::parse(&known.bundle.contents).ok());
        if !is_at_its_place(&edge, &knowledge.rid, standing.as_ref()) {
            return Err(HandlerError::Refused(format!(
                "{} is not the RID of an edge from {} to {}",
                knowledge.rid, edge.source, edge.target
            )));
        }
        let shared = &self.0;
        let teller = Teller::of(source, &edge, shared.trusts(source));
        let subscriber = shared.peers.find(&shared.graph, &edge.target);
        let subscriber = subscriber.as_ref().map(|node| &node.profile);
        if shared.is_partial()
            && edge.source == *shared.me()
            && subscriber.is_some_and(|node| node.node_type == NodeType::Partial)
        {
            let reason = "neither end of the edge has a server".to_owned();
            return Err(HandlerError::Refused(reason));
        }
        let mut verdict = judge(&edge, teller, shared.me(), subscriber, &shared.offer.load());
        if verdict == Verdict::Approve
            && let Some(denied) = self.denied(&edge)
        {
            verdict = Verdict::Reject(format!("{} may not have {denied}", edge.target));
        }
        match verdict {
            Verdict::Store => Ok(Flow::Continue),
            Verdict::Refuse(reason) => Err(HandlerError::Refused(reason)),
            Verdict::Wait => Err(HandlerError::Transient(format!(
                "the subscriber {} is not known",
                edge.target
            ))),
            Verdict::Reject(reason) => {
                let event = Event::of_rid(EventType::Forget, knowledge.rid.clone());
                if standing.is_some() {
                    // The subscriber forgets what stood, too. It is told as of any forgotten edge.
                    object.effects.publications.push(Arrival {
                        cause: Some(knowledge.rid.clone()),
                        depth: knowledge.depth.saturating_add(1),
                        correlation: object.correlation.clone(),
                        ..Arrival::from(event)
                    });
                } else {
                    let peer = edge.target.clone();
                    object.effects.outgoing.push(Outgoing { peer, event });
                }
                Ok(Flow::Stop(format!("the proposal is rejected: {reason}")))
            }
            Verdict::Approve => {
                let approved = EdgeProfile {
                    status: EdgeStatus::Approved,
                    ..edge
                };
                let contents = approved
                    .to_contents()
                    .map_err(|error| HandlerError::Refused(error.to_string()))?;
                // A subscriber that wants other types meanwhile proposes again before it has heard this.
                let bundle = answer(manifest, knowledge.rid.clone(), contents);
                // The proposal is stored as it came; the approval follows as an object of this node,
                // and as such is told to the subscriber.
                object.effects.publications.push(Arrival {
                    cause: Some(knowledge.rid.clone()),
                    depth: knowledge.depth.saturating_add(1),
                    correlation: object.correlation.clone(),
                    ..Arrival::from(Event::of_bundle(EventType::Update, bundle))
                });
                Ok(Flow::Continue)
            }
        }
    }
}

impl EdgeNegotiation {
    /// A type of a proposal that the subscriber may not have. Nodes and edges are subscribed to for the
    /// sake of those that the two have to know; the others of them are not sent.
    fn denied<'a>(&self, edge: &'a EdgeProfile) -> Option<&'a RidType> {
        let trust = &self.0.trust;
        edge.rid_types.iter().find(|rid_type| {
            let name = rid_type.as_str();
            let is_known_to_both = name == NODE_TYPE || name == EDGE_TYPE;
            !is_known_to_both && !trust.permits(&edge.target, Direction::To, name)
        })
    }
}

/// Whether an edge may have that RID: its own, or one that it has already. Old nodes and other
/// implementations make edge RIDs by other rules; what must not be is that an edge between some nodes
/// takes the place of one between others.
fn is_at_its_place(edge: &EdgeProfile, rid: &Rid, standing: Option<&EdgeProfile>) -> bool {
    match standing {
        Some(standing) => standing.source == edge.source && standing.target == edge.target,
        None => *rid == edge.rid(),
    }
}

impl Teller {
    fn of(source: &Rid, edge: &EdgeProfile, trusted: bool) -> Self {
        if *source == edge.source {
            Self::Provider
        } else if *source == edge.target {
            Self::Subscriber
        } else if trusted {
            Self::Coordinator
        } else {
            Self::Stranger
        }
    }
}

fn judge(
    edge: &EdgeProfile,
    teller: Teller,
    me: &Rid,
    subscriber: Option<&NodeProfile>,
    offer: &Offer,
) -> Verdict {
    if edge.source == edge.target {
        return Verdict::Refuse("an edge from a node to itself".to_owned());
    }
    if teller == Teller::Stranger {
        return Verdict::Refuse("the sender is neither end of the edge nor trusted".to_owned());
    }
    if teller == Teller::Subscriber && edge.status == EdgeStatus::Approved {
        return Verdict::Refuse("the subscriber has approved its own edge".to_owned());
    }
    if edge.source != *me {
        return Verdict::Store;
    }
    // Somebody subscribes to this node. If the first contact says that this node has approved it,
    // it has done so before it lost its memory: the question is asked anew.
    let Some(subscriber) = subscriber else {
        return Verdict::Wait;
    };
    if edge.edge_type == EdgeType::Webhook && subscriber.node_type == NodeType::Partial {
        return Verdict::Reject("a partial node cannot be sent events".to_owned());
    }
    if let Some(rid_type) = edge
        .rid_types
        .iter()
        .find(|rid_type| !offer.allows(rid_type))
    {
        return Verdict::Reject(format!("this node does not provide {rid_type}"));
    }
    Verdict::Approve
}

#[cfg(test)]
mod tests {
    use koi_wire::Provides;

    use super::*;

    fn node(name: &str) -> Rid {
        Rid::parse(&format!("{NODE_TYPE}:{name}+00")).unwrap()
    }

    fn profile(node_type: NodeType) -> NodeProfile {
        NodeProfile {
            base_url: None,
            node_type,
            provides: Provides::default(),
            public_key: None,
        }
    }

    fn edge(source: &str, target: &str, status: EdgeStatus) -> EdgeProfile {
        EdgeProfile {
            source: node(source),
            target: node(target),
            edge_type: EdgeType::Webhook,
            status,
            rid_types: vec![RidType::parse("orn:test.note").unwrap()],
        }
    }

    fn offer(types: &[&str]) -> Offer {
        Offer {
            provides: types
                .iter()
                .map(|name| RidType::parse(name).unwrap())
                .collect(),
            ..Offer::default()
        }
    }

    fn verdict(edge: &EdgeProfile, teller: Teller) -> Verdict {
        let full = profile(NodeType::Full);
        judge(
            edge,
            teller,
            &node("me"),
            Some(&full),
            &offer(&["orn:test.note"]),
        )
    }

    #[test]
    fn a_proposal_for_what_is_provided_is_approved() {
        let edge = edge("me", "peer", EdgeStatus::Proposed);
        assert_eq!(verdict(&edge, Teller::Subscriber), Verdict::Approve);
        assert_eq!(verdict(&edge, Teller::Coordinator), Verdict::Approve);
    }

    #[test]
    fn a_proposal_for_what_is_not_provided_is_rejected() {
        let edge = edge("me", "peer", EdgeStatus::Proposed);
        let full = profile(NodeType::Full);
        let verdict = judge(
            &edge,
            Teller::Subscriber,
            &node("me"),
            Some(&full),
            &offer(&[]),
        );
        assert!(matches!(verdict, Verdict::Reject(_)));
    }

    #[test]
    fn nodes_and_edges_may_always_be_subscribed_to() {
        let mut edge = edge("me", "peer", EdgeStatus::Proposed);
        edge.rid_types = [NODE_TYPE, EDGE_TYPE]
            .map(|name| RidType::parse(name).unwrap())
            .to_vec();
        let full = profile(NodeType::Full);
        let verdict = judge(
            &edge,
            Teller::Subscriber,
            &node("me"),
            Some(&full),
            &offer(&[]),
        );
        assert_eq!(verdict, Verdict::Approve);
    }

    #[test]
    fn a_partial_node_cannot_have_a_webhook() {
        let edge = edge("me", "peer", EdgeStatus::Proposed);
        let partial = profile(NodeType::Partial);
        let offer = offer(&["orn:test.note"]);
        let verdict = judge(
            &edge,
            Teller::Subscriber,
            &node("me"),
            Some(&partial),
            &offer,
        );
        assert!(matches!(verdict, Verdict::Reject(_)));
    }

    #[test]
    fn nobody_approves_their_own_subscription() {
        for provider in ["me", "other"] {
            let edge = edge(provider, "peer", EdgeStatus::Approved);
            assert!(matches!(
                verdict(&edge, Teller::Subscriber),
                Verdict::Refuse(_)
            ));
        }
    }

    #[test]
    fn a_stranger_is_not_believed() {
        for (source, target) in [("me", "peer"), ("peer", "me"), ("peer", "other")] {
            let edge = edge(source, target, EdgeStatus::Proposed);
            assert!(matches!(
                verdict(&edge, Teller::Stranger),
                Verdict::Refuse(_)
            ));
        }
    }

    #[test]
    fn an_edge_does_not_take_the_place_of_another() {
        let of = |source, target| edge(source, target, EdgeStatus::Proposed);
        let (mine, theirs) = (of("me", "peer"), of("me", "victim"));
        assert!(is_at_its_place(&mine, &mine.rid(), None));
        assert!(is_at_its_place(&mine, &mine.rid(), Some(&mine)));
        assert!(!is_at_its_place(&mine, &theirs.rid(), None));
        assert!(!is_at_its_place(&mine, &theirs.rid(), Some(&theirs)));
        assert!(!is_at_its_place(&mine, &mine.rid(), Some(&theirs)));
    }

    #[test]
    fn an_approval_by_the_provider_is_stored() {
        let edge = edge("peer", "me", EdgeStatus::Approved);
        assert_eq!(verdict(&edge, Teller::Provider), Verdict::Store);
    }

    #[test]
    fn an_edge_of_an_unknown_subscriber_waits() {
        let edge = edge("me", "peer", EdgeStatus::Proposed);
        let verdict = judge(&edge, Teller::Subscriber, &node("me"), None, &offer(&[]));
        assert_eq!(verdict, Verdict::Wait);
    }
}
