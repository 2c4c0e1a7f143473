//! KOI-net as it is spoken: keys and identities, profiles, payloads, and the signed envelopes that
//! carry them. Bytes in, values out; no sockets and no storage.
//!
//! Promises: what [`seal`] makes is a fixed point of the reference's parse-and-print, so that every
//! peer verifies it; what [`Envelope::open`] returns was signed by the key it was given, and nothing
//! that the signature does not cover is in it. No input panics: see [`WireError`] for the refusals
//! and the HTTP status of each.

mod edge;
mod endpoint;
mod envelope;
mod error;
mod identity;
mod key;
mod node;
mod payload;
mod seal;

pub use edge::{EdgeProfile, EdgeStatus, EdgeType};
pub use endpoint::Endpoint;
pub use envelope::{Envelope, MAX_ENVELOPE_BYTES, Message, SignedForm};
pub use error::{ErrorCode, ErrorResponse, Malformed, WireError};
pub use identity::{
    EDGE_TYPE, IdentityError, NODE_TYPE, edge_rid, is_node, node_hash, node_name, node_rid,
};
pub use key::{KeyError, NodeKey, PublicKey};
pub use koi_rid::{Dialect, FloatStyle, ManifestExtras};
pub use node::{MAX_PROFILE_RID_TYPES, NodeProfile, NodeType, ProfileError, Provides};
pub use payload::{Payload, PayloadKind};
pub use seal::seal;
