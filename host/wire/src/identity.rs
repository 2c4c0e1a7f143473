//! RIDs that are derived: of nodes from their key, of edges from their ends.

use koi_rid::{Rid, RidError};
use sha2::{Digest, Sha256};

use crate::PublicKey;

/// RID type of nodes.
pub const NODE_TYPE: &str = "orn:koi-net.node";

/// RID type of edges.
pub const EDGE_TYPE: &str = "orn:koi-net.edge";

/// Why there is no RID for a node of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Empty, or with the `+` that separates name and hash.
    #[error("{0:?} cannot be a node's name: it has to be non-empty and without '+'")]
    Name(String),
    /// The name makes the RID too long.
    #[error(transparent)]
    Rid(#[from] RidError),
}

pub(crate) fn sha256_hex(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// `orn:koi-net.node:<name>+<hash of the public key>`.
pub fn node_rid(name: &str, key: &PublicKey) -> Result<Rid, IdentityError> {
    if name.is_empty() || name.contains('+') {
        return Err(IdentityError::Name(name.chars().take(120).collect()));
    }
    Ok(Rid::parse(&format!("{NODE_TYPE}:{name}+{}", key.hash()))?)
}

/// The RID of the one edge from a provider (`source`) to a subscriber (`target`).
pub fn edge_rid(source: &Rid, target: &Rid) -> Rid {
    Rid::edge(Sha256::digest(format!("{source}{target}")).into())
}

/// Whether a RID is a node's.
pub fn is_node(rid: &Rid) -> bool {
    rid.type_str() == NODE_TYPE
}

/// The name in a node's RID. Whoever has the key may use any name.
pub fn node_name(rid: &Rid) -> Option<&str> {
    node_parts(rid).map(|(name, _)| name)
}

/// The hash of the public key in a node's RID.
pub fn node_hash(rid: &Rid) -> Option<&str> {
    node_parts(rid).map(|(_, hash)| hash)
}

fn node_parts(rid: &Rid) -> Option<(&str, &str)> {
    is_node(rid).then(|| rid.reference().split_once('+'))?
}
