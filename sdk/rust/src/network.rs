//! The network that the node is a member of.

use crate::host::network as host;
use crate::{Json, Result, Rid};

/// Another node, and how it is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its RID.
    pub rid: Rid,
    /// Whether this node subscribes to it.
    pub provider: bool,
    /// Whether it subscribes to this node.
    pub subscriber: bool,
    /// A JSON object: `rid-types` that the subscriber receives, `node-type`.
    pub meta: Json,
}

/// This node's RID: `orn:koi-net.node:<name>+<hash>`.
///
/// # Errors
/// `permanent` while there is no node yet, as in `describe`.
pub fn this_node() -> Result<Rid> {
    Rid::parse(host::this_node()).map_err(|error| crate::Error::permanent(error.message))
}

/// The nodes that share an edge with this one, in the order of their RIDs.
///
/// # Errors
/// `denied` without the capability `network`.
pub fn neighbours() -> Result<Vec<Neighbour>> {
    host::neighbours()?
        .into_iter()
        .map(|neighbour| {
            Ok(Neighbour {
                rid: Rid::parse(neighbour.rid)?,
                provider: neighbour.provider,
                subscriber: neighbour.subscriber,
                meta: Json::trusted(neighbour.meta),
            })
        })
        .collect()
}
