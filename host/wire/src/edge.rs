//! Edges: one node's subscription to another.

use koi_rid::{Contents, ContentsError, Rid, RidType};
use serde::{Deserialize, Serialize};

use crate::node::{ProfileError, WithContext, check_types};
use crate::{edge_rid, is_node};

/// `@context` of edge profiles that are written. It is hashed with the contents.
const CONTEXT: &str = "orn:koi-net.context:koi-net.edge";

/// How the proposer wants its events. Delivery goes by the subscriber's node type instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EdgeType {
    /// Sent by the provider.
    Webhook,
    /// Polled for by the subscriber.
    Poll,
}

/// How far an edge has been negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EdgeStatus {
    /// By the subscriber.
    Proposed,
    /// By the provider.
    Approved,
}

/// The contents of an edge's bundle. Events flow from `source` to `target`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeProfile {
    /// The provider.
    pub source: Rid,
    /// The subscriber.
    pub target: Rid,
    /// How the subscriber wants its events.
    pub edge_type: EdgeType,
    /// How far it has been negotiated.
    pub status: EdgeStatus,
    /// RID types that the subscriber wants, in any order.
    pub rid_types: Vec<RidType>,
}

impl EdgeProfile {
    /// Reads contents, with or without `@context`. Both ends have to be nodes.
    pub fn parse(contents: &Contents) -> Result<EdgeProfile, ProfileError> {
        let profile: EdgeProfile = contents.to()?;
        for (end, rid) in [("source", &profile.source), ("target", &profile.target)] {
            if !is_node(rid) {
                return Err(ProfileError::NotANode {
                    end,
                    rid: rid.as_str().chars().take(120).collect(),
                });
            }
        }
        check_types(&profile.rid_types)?;
        Ok(profile)
    }

    /// The contents of the edge's bundle.
    pub fn to_contents(&self) -> Result<Contents, ContentsError> {
        Contents::from_serialize(&WithContext {
            context: CONTEXT,
            profile: self,
        })
    }

    /// The RID that belongs to these ends. Nobody else checks that an edge has it.
    pub fn rid(&self) -> Rid {
        edge_rid(&self.source, &self.target)
    }
}
