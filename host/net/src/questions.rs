//! The questions that this node has for others.

use koi_rid::{Bundle, Event, Manifest, Rid, RidType};
use koi_wire::{Endpoint, Payload};

use crate::ask_error::AskError;
use crate::client::Client;

impl Client {
    /// The RIDs that a node has.
    pub(crate) async fn rids(
        &self,
        node: &Rid,
        rid_types: Vec<RidType>,
    ) -> Result<Vec<Rid>, AskError> {
        match self
            .fetch(node, Endpoint::FetchRids, &Payload::FetchRids { rid_types })
            .await?
        {
            Payload::Rids { rids } => Ok(rids),
            other => Err(AskError::unexpected(&other)),
        }
    }

    /// The manifests that a node has for some RIDs.
    pub(crate) async fn manifests(
        &self,
        node: &Rid,
        rids: Vec<Rid>,
    ) -> Result<Vec<Manifest>, AskError> {
        let payload = Payload::FetchManifests {
            rid_types: Vec::new(),
            rids,
        };
        match self.fetch(node, Endpoint::FetchManifests, &payload).await? {
            Payload::Manifests { manifests, .. } => Ok(manifests),
            other => Err(AskError::unexpected(&other)),
        }
    }

    /// The bundles that a node has for some RIDs, and those RIDs that it wants to be asked for again.
    pub(crate) async fn bundles(
        &self,
        node: &Rid,
        rids: Vec<Rid>,
    ) -> Result<(Vec<Bundle>, Vec<Rid>), AskError> {
        let payload = Payload::FetchBundles { rids };
        match self.fetch(node, Endpoint::FetchBundles, &payload).await? {
            Payload::Bundles {
                bundles, deferred, ..
            } => Ok((bundles, deferred)),
            other => Err(AskError::unexpected(&other)),
        }
    }

    /// The events that wait at a node for this one, at most `limit`.
    pub(crate) async fn poll(&self, node: &Rid, limit: u64) -> Result<Vec<Event>, AskError> {
        let payload = Payload::PollEvents { limit };
        match self.fetch(node, Endpoint::PollEvents, &payload).await? {
            Payload::Events { events } => Ok(events),
            other => Err(AskError::unexpected(&other)),
        }
    }

    /// A node's own bundle, asked for at a URL that need not be the one it is known by.
    pub(crate) async fn profile_at(&self, node: &Rid, url: &str) -> Result<Bundle, AskError> {
        let payload = Payload::FetchBundles {
            rids: vec![node.clone()],
        };
        let endpoint = Endpoint::FetchBundles;
        match self.fetch_at(node, url, endpoint, &payload).await? {
            Payload::Bundles { bundles, .. } => bundles
                .into_iter()
                .find(|bundle| bundle.manifest.rid == *node)
                .ok_or_else(|| AskError::BadAnswer("it does not have its own profile".to_owned())),
            other => Err(AskError::unexpected(&other)),
        }
    }

    /// Asks a known node where it is known to be.
    async fn fetch(
        &self,
        node: &Rid,
        endpoint: Endpoint,
        payload: &Payload,
    ) -> Result<Payload, AskError> {
        let url = self
            .shared()
            .url_of(node)
            .ok_or_else(|| AskError::NoServer(node.clone()))?;
        self.fetch_at(node, &url, endpoint, payload).await
    }
}
