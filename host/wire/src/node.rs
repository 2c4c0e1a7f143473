//! Node profiles: the contents of a node's own bundle.

use koi_rid::{Contents, ContentsError, RidType};
use serde::{Deserialize, Serialize};

use crate::{KeyError, PublicKey};

/// `@context` of node profiles that are written. It is hashed with the contents.
const CONTEXT: &str = "orn:koi-net.context:koi-net.node";

/// Most RID types in one list of a profile.
pub const MAX_PROFILE_RID_TYPES: usize = 4096;

/// Why contents are no profile of a node or edge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// A member is missing or of the wrong type.
    #[error("no profile: {0}")]
    Contents(#[from] ContentsError),
    /// More RID types than [`MAX_PROFILE_RID_TYPES`].
    #[error("the profile lists more than {MAX_PROFILE_RID_TYPES} RID types")]
    TooManyTypes,
    /// An edge of which an end is no node.
    #[error("the edge's {end} {rid:?} is no node")]
    NotANode {
        /// `source` or `target`.
        end: &'static str,
        /// What stands there instead.
        rid: String,
    },
}

pub(crate) fn check_types(types: &[RidType]) -> Result<(), ProfileError> {
    if types.len() > MAX_PROFILE_RID_TYPES {
        return Err(ProfileError::TooManyTypes);
    }
    Ok(())
}

/// A profile with its `@context` before it.
#[derive(Serialize)]
pub(crate) struct WithContext<'a, T> {
    #[serde(rename = "@context")]
    pub(crate) context: &'static str,
    #[serde(flatten)]
    pub(crate) profile: &'a T,
}

/// Whether a node serves the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum NodeType {
    /// Has a server: gets its events sent.
    Full,
    /// Has none: polls for its events, and nobody can query it.
    Partial,
}

/// What a node provides.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Provides {
    /// RID types that it broadcasts to its subscribers.
    #[serde(default)]
    pub event: Vec<RidType>,
    /// RID types that others may fetch from it.
    #[serde(default)]
    pub state: Vec<RidType>,
}

/// Who a node is. Unknown members are not kept here; they are in the bundle.
///
/// Not sent to anybody should be a profile without a key, or of a full node without a URL: each
/// stops a Python peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeProfile {
    /// Where its endpoints are; of a partial node `None`.
    pub base_url: Option<String>,
    /// Whether it has a server.
    pub node_type: NodeType,
    /// What it provides.
    #[serde(default)]
    pub provides: Provides,
    /// Its public key, see [`PublicKey::parse`].
    pub public_key: Option<String>,
}

impl NodeProfile {
    /// Reads contents, with or without `@context`.
    pub fn parse(contents: &Contents) -> Result<NodeProfile, ProfileError> {
        let profile: NodeProfile = contents.to()?;
        check_types(&profile.provides.event)?;
        check_types(&profile.provides.state)?;
        Ok(profile)
    }

    /// The contents of the node's bundle.
    pub fn to_contents(&self) -> Result<Contents, ContentsError> {
        Contents::from_serialize(&WithContext {
            context: CONTEXT,
            profile: self,
        })
    }

    /// The public key, parsed; an error too if there is none.
    pub fn key(&self) -> Result<PublicKey, KeyError> {
        PublicKey::parse(self.public_key.as_deref().unwrap_or_default())
    }
}
