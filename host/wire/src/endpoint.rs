//! The five endpoints of the protocol.

use crate::PayloadKind;

/// An endpoint. All are `POST`; paths are appended to a node's base URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Takes events; answered with the JSON `null`, no envelope.
    BroadcastEvents,
    /// Gives the events that are queued for the asker.
    PollEvents,
    /// Gives the RIDs that the node has.
    FetchRids,
    /// Gives manifests.
    FetchManifests,
    /// Gives bundles.
    FetchBundles,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Endpoint; 5] = [
        Endpoint::BroadcastEvents,
        Endpoint::PollEvents,
        Endpoint::FetchRids,
        Endpoint::FetchManifests,
        Endpoint::FetchBundles,
    ];

    /// The path, from its `/`.
    pub fn path(self) -> &'static str {
        match self {
            Endpoint::BroadcastEvents => "/events/broadcast",
            Endpoint::PollEvents => "/events/poll",
            Endpoint::FetchRids => "/rids/fetch",
            Endpoint::FetchManifests => "/manifests/fetch",
            Endpoint::FetchBundles => "/bundles/fetch",
        }
    }

    /// What is asked with.
    pub fn request(self) -> PayloadKind {
        match self {
            Endpoint::BroadcastEvents => PayloadKind::Events,
            Endpoint::PollEvents => PayloadKind::PollEvents,
            Endpoint::FetchRids => PayloadKind::FetchRids,
            Endpoint::FetchManifests => PayloadKind::FetchManifests,
            Endpoint::FetchBundles => PayloadKind::FetchBundles,
        }
    }

    /// What is answered with; `None` for the bare `null`.
    pub fn response(self) -> Option<PayloadKind> {
        match self {
            Endpoint::BroadcastEvents => None,
            Endpoint::PollEvents => Some(PayloadKind::Events),
            Endpoint::FetchRids => Some(PayloadKind::Rids),
            Endpoint::FetchManifests => Some(PayloadKind::Manifests),
            Endpoint::FetchBundles => Some(PayloadKind::Bundles),
        }
    }
}
