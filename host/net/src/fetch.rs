//! How the pipeline asks other nodes: one manifest or bundle at a time, from one node or from whoever
//! provides it.

use async_trait::async_trait;
use koi_pipeline::{Fetch, FetchError, Fetched};
use koi_rid::{Bundle, Manifest, Rid};

use crate::client::Client;
use crate::trust::Direction;

#[async_trait]
impl Fetch for Client {
    async fn manifest(&self, source: &Rid, rid: &Rid) -> Result<Option<Manifest>, FetchError> {
        let manifests = self.manifests(source, vec![rid.clone()]).await;
        let manifests = manifests.map_err(|error| error.of_fetching(source))?;
        Ok(manifests.into_iter().find(|manifest| manifest.rid == *rid))
    }

    async fn bundle(&self, source: &Rid, rid: &Rid) -> Result<Option<Bundle>, FetchError> {
        let bundles = self.bundles(source, vec![rid.clone()]).await;
        let (bundles, _) = bundles.map_err(|error| error.of_fetching(source))?;
        Ok(bundles
            .into_iter()
            .find(|bundle| bundle.manifest.rid == *rid))
    }

    async fn dereference(&self, rid: &Rid) -> Result<Option<Fetched>, FetchError> {
        let rid_type = rid.rid_type();
        let mut failure = None;
        for (source, node) in self.shared().graph.nodes() {
            let provides = node.is_full() && node.profile.provides.state.contains(&rid_type);
            if !provides || !self.shared().permits(&source, Direction::From, rid) {
                continue;
            }
            match self.bundle(&source, rid).await {
                Ok(Some(bundle)) if bundle.hash_is_right() => {
                    return Ok(Some(Fetched { bundle, source }));
                }
                Ok(_) => {}
                Err(error) => failure = Some(error),
            }
        }
        // "Nobody has it" is only said if all who might have it have answered.
        failure.map_or(Ok(None), Err)
    }
}
