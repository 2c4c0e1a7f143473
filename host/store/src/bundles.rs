//! The knowledge itself: the newest bundle of each RID. Written by [`crate::Commits`].

use async_trait::async_trait;
use koi_rid::{Bundle, Manifest, Rid, RidType, Writer};

use crate::{Page, Result};

/// A bundle as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredBundle {
    /// Manifest and contents, the contents as the text that arrived.
    pub bundle: Bundle,
    /// The guest that wrote it; `None` if it came from the network or from the host itself.
    pub written_by: Option<Writer>,
    /// The node that told of it; `None` if it was born here.
    pub source: Option<Rid>,
}

/// Which bundles to list, and how many.
#[derive(Debug, Clone, Default)]
pub struct BundleQuery {
    /// Only of these types; empty means all.
    pub rid_types: Vec<RidType>,
    /// Only those whose reference (what follows the type and a colon) begins so.
    pub reference_prefix: Option<String>,
    /// Where to go on: [`Page::next`] of the page before.
    pub cursor: Option<String>,
    /// How many at most, 1 to [`crate::MAX_PAGE`]; what is outside of that is brought inside.
    pub limit: u32,
}

/// Reads bundles. All lists are in the order of the RIDs' canonical text, by bytes.
#[async_trait]
pub trait Bundles: Send + Sync {
    /// The bundle of a RID, if there is one.
    async fn read(&self, rid: &Rid) -> Result<Option<StoredBundle>>;

    /// The bundles of several RIDs: those that were found, in the order asked.
    async fn read_many(&self, rids: &[Rid]) -> Result<Vec<StoredBundle>>;

    /// The bundles that a query selects.
    async fn list(&self, query: &BundleQuery) -> Result<Page<StoredBundle>>;

    /// The RIDs of the bundles that a query selects.
    async fn rids(&self, query: &BundleQuery) -> Result<Page<Rid>>;

    /// The manifests of the bundles that a query selects.
    async fn manifests(&self, query: &BundleQuery) -> Result<Page<Manifest>>;

    /// How many bundles there are of each type that has any, in the order of the types.
    async fn count(&self) -> Result<Vec<(RidType, u64)>>;
}
