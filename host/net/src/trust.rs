//! With whom this node deals, and in what: what the operator allows and denies.
//!
//! A rule names nodes, RID types or both, and a direction. What a `deny` rule covers is denied. If there
//! are `allow` rules, what none of them covers is denied too. A node that is denied altogether is not
//! answered, not contacted and not told anything; of one with which only some RID types are denied, these
//! are neither taken, nor given in events and answers.
//!
//! Rules about RID types do not reach what two nodes need to deal with each other at all: their own
//! profiles, and the edges between them.

use koi_registry::Pattern;
use koi_rid::{Rid, RidType};
use koi_wire::NODE_TYPE;

/// Which way knowledge goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the other node to this one.
    From,
    /// From this node to the other one.
    To,
}

/// What is allowed or denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustRule {
    nodes: Option<Pattern>,
    rid_types: Vec<RidType>,
    direction: Option<Direction>,
}

/// Why a rule is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustRuleError {
    /// It would cover everything.
    #[error("names neither a node nor RID types: it would cover everything")]
    Empty,
    /// Its pattern covers no nodes.
    #[error("`{0}` is no pattern of nodes: it begins with {NODE_TYPE}")]
    NoNodes(Pattern),
}

impl TrustRule {
    /// A rule about the nodes that a pattern covers, all if there is none, and about some RID types, all
    /// if there are none; one way, or both.
    pub fn new(
        nodes: Option<Pattern>,
        rid_types: Vec<RidType>,
        direction: Option<Direction>,
    ) -> Result<Self, TrustRuleError> {
        if nodes.is_none() && rid_types.is_empty() {
            return Err(TrustRuleError::Empty);
        }
        match nodes {
            Some(nodes) if nodes.rid_type().as_str() != NODE_TYPE => {
                Err(TrustRuleError::NoNodes(nodes))
            }
            nodes => Ok(Self {
                nodes,
                rid_types,
                direction,
            }),
        }
    }

    fn names(&self, node: &Rid) -> bool {
        self.nodes.as_ref().is_none_or(|nodes| nodes.covers(node))
    }

    /// Whether it is about all that there can be between two nodes.
    fn is_about_all(&self) -> bool {
        self.rid_types.is_empty() && self.direction.is_none()
    }

    fn covers(&self, node: &Rid, direction: Direction, rid_type: &str) -> bool {
        self.names(node)
            && self.direction.is_none_or(|own| own == direction)
            && (self.rid_types.is_empty() || self.rid_types.iter().any(|t| t.as_str() == rid_type))
    }
}

/// All rules. There are none by default, and everybody is dealt with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// If there are any, what none of them covers is denied.
    pub allow: Vec<TrustRule>,
    /// What one of them covers is denied, whatever is allowed.
    pub deny: Vec<TrustRule>,
}

impl Trust {
    /// Whether there are no rules.
    pub(crate) fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }

    /// Whether a node is dealt with at all.
    pub(crate) fn admits(&self, node: &Rid) -> bool {
        let denied = self
            .deny
            .iter()
            .any(|rule| rule.is_about_all() && rule.names(node));
        let allowed = self.allow.is_empty() || self.allow.iter().any(|rule| rule.names(node));
        allowed && !denied
    }

    /// Whether knowledge of a RID type may go that way between this node and another.
    pub(crate) fn permits(&self, node: &Rid, direction: Direction, rid_type: &str) -> bool {
        let covers = |rule: &TrustRule| rule.covers(node, direction, rid_type);
        self.admits(node)
            && (self.allow.is_empty() || self.allow.iter().any(covers))
            && !self.deny.iter().any(covers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "orn:test.note";

    fn node(name: &str) -> Rid {
        Rid::parse(&format!("{NODE_TYPE}:{name}+00")).unwrap()
    }

    fn rule(name: Option<&str>, rid_types: &[&str], direction: Option<Direction>) -> TrustRule {
        let pattern = |name| format!("{NODE_TYPE}:{name}+*").parse().unwrap();
        let rid_types = rid_types.iter().map(|text| RidType::parse(text).unwrap());
        TrustRule::new(name.map(pattern), rid_types.collect(), direction).unwrap()
    }

    fn both_ways(trust: &Trust, name: &str, rid_type: &str) -> (bool, bool) {
        let permits = |direction| trust.permits(&node(name), direction, rid_type);
        (permits(Direction::From), permits(Direction::To))
    }

    #[test]
    fn without_rules_everybody_is_dealt_with() {
        let trust = Trust::default();
        assert!(trust.admits(&node("anybody")));
        assert_eq!(both_ways(&trust, "anybody", NOTE), (true, true));
    }

    #[test]
    fn a_node_that_is_denied_is_denied_everything() {
        let trust = Trust {
            deny: vec![rule(Some("mallory"), &[], None)],
            ..Trust::default()
        };
        assert!(!trust.admits(&node("mallory")) && trust.admits(&node("alice")));
        assert_eq!(both_ways(&trust, "mallory", NOTE), (false, false));
        assert_eq!(both_ways(&trust, "alice", NOTE), (true, true));
    }

    #[test]
    fn with_allowed_nodes_all_others_are_denied() {
        let trust = Trust {
            allow: vec![
                rule(Some("alice"), &[NOTE], None),
                rule(Some("bob"), &[], None),
            ],
            ..Trust::default()
        };
        assert!(trust.admits(&node("alice")) && !trust.admits(&node("mallory")));
        assert_eq!(both_ways(&trust, "alice", NOTE), (true, true));
        assert_eq!(both_ways(&trust, "alice", "orn:test.other"), (false, false));
        assert_eq!(both_ways(&trust, "bob", "orn:test.other"), (true, true));
    }

    #[test]
    fn what_is_denied_is_denied_whatever_is_allowed() {
        let trust = Trust {
            allow: vec![rule(Some("alice"), &[], None)],
            deny: vec![rule(None, &[NOTE], Some(Direction::From))],
        };
        assert!(trust.admits(&node("alice")));
        assert_eq!(both_ways(&trust, "alice", NOTE), (false, true));
        assert_eq!(both_ways(&trust, "alice", "orn:test.other"), (true, true));
    }

    #[test]
    fn a_rule_about_nothing_in_particular_or_about_no_nodes_is_refused() {
        assert_eq!(
            TrustRule::new(None, vec![], None),
            Err(TrustRuleError::Empty)
        );
        let notes: Pattern = "orn:test.note:*".parse().unwrap();
        let refused = TrustRule::new(Some(notes), vec![], None).unwrap_err();
        assert!(refused.to_string().contains(NODE_TYPE), "{refused}");
    }
}
