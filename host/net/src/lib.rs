//! A node's side of a KOI network: server and client of the signed protocol, handshake, edges,
//! delivery, and the host's handlers for nodes and edges in the pipeline. A partial node has all of it
//! but the server, and polls for what others are sent.
//!
//! Promises: an event is durable before its sender hears `null`; what is told to peers waits in the
//! outbox until they have it, through restarts and absences; a peer that is away is not forgotten
//! for it; one that has forgotten this node is told who it is, and again what it missed. No input of
//! a peer panics, and none is believed beyond what its signature, its part in the network and the
//! operator's rules allow. What one peer takes is bounded, and is not taken from the others.
//!
//! Order of assembly: [`Net::open`], whose [`Net::fetch`] and [`Net::network`] the knowledge port and
//! the registry need; the registry; [`Net::host_handlers`]; the pipeline; [`Net::start`].

mod answers;
mod ask_error;
mod away;
mod backoff;
mod catch_up;
mod client;
mod contact;
mod delivery;
mod fetch;
mod graph;
mod handlers;
mod identity;
mod join;
mod limits;
mod network;
mod node;
mod offer;
mod peers;
mod poll;
mod questions;
mod receive;
mod recent;
mod replay;
mod serve;
mod server;
mod shared;
mod tls;
mod trust;

pub use identity::{Identity, IdentityFileError};
pub use limits::PeerLimits;
pub use node::{Border, Net, NetError, NetNode, NetParts, ProposeError, base_url};
pub use shared::{FirstContact, Kind, Role};
pub use tls::{Authorities, TlsError, TlsServer};
pub use trust::{Direction, Trust, TrustRule, TrustRuleError};
