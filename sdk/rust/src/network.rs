//! The network that the node is a member of.

use serde::Deserialize;

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
    /// The RID types that it receives as a subscriber.
    pub rid_types: Vec<String>,
    /// A JSON object with all else that is known, such as `node-type`.
    pub meta: Json,
}

impl Neighbour {
    /// Whether it subscribes to knowledge of a RID type.
    pub fn receives(&self, rid_type: &str) -> bool {
        self.subscriber && self.rid_types.iter().any(|known| known == rid_type)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Meta {
    #[serde(default)]
    rid_types: Vec<String>,
}

/// This node's RID: `orn:koi-net.node:<name>+<hash>`.
///
/// The contract has no place for a refusal: without the capability `network`, as in `describe`, this
/// does not come back, and the call fails with the missing grant. To go on without it, ask for the
/// [`neighbours`] first.
///
/// # Errors
/// `permanent` if what the host says is no RID.
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
            let meta = Json::trusted(neighbour.meta);
            Ok(Neighbour {
                rid: Rid::parse(neighbour.rid)?,
                provider: neighbour.provider,
                subscriber: neighbour.subscriber,
                rid_types: meta.to::<Meta>()?.rid_types,
                meta,
            })
        })
        .collect()
}
