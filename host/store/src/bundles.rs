//! The knowledge itself: the newest bundle of each RID. Written by [`crate::Commits`].

use async_trait::async_trait;
use koi_rid::{Bundle, BundleOrder, Filter, Manifest, Pointer, Rid, RidType, Timestamp, Writer};

use crate::{Page, Result};

/// Most rows that one page of a filtered list looks at. A page that met it ends there, with a cursor.
pub const MAX_SCANNED: u32 = 10_000;

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
    /// Only those whose contents are so. Looked for along an index ([`crate::Indexes`]) if there is a
    /// fitting one, else in all rows; at most [`MAX_SCANNED`] bundles a page, so that a page may be
    /// short or empty and yet not the last. Lists of RIDs and of manifests have no filter.
    pub filter: Option<Filter>,
    /// In which order, see [`BundleOrder`]; lists of RIDs and of manifests are always in that of the RIDs.
    pub order: BundleOrder,
    /// Where to go on: [`Page::next`] of the page before, of the same query.
    pub cursor: Option<String>,
    /// How many at most, 1 to [`crate::MAX_PAGE`]; what is outside of that is brought inside.
    pub limit: u32,
}

/// A part of a list of bundles.
#[derive(Debug, Clone, PartialEq)]
pub struct BundlePage {
    /// As those of [`Page::items`].
    pub items: Vec<StoredBundle>,
    /// As [`Page::next`].
    pub next: Option<String>,
    /// How many bundles were looked at.
    pub scanned: u32,
    /// Whether the page ended because it had looked at as many bundles, or bytes of them, as one may,
    /// and not because it was full: what was asked for may yet be on the next ones.
    pub is_bounded: bool,
    /// The path whose index told which bundles to look at; `None` if all were read in their order.
    pub index: Option<Pointer>,
}

/// Which bundles that guests wrote to list, and how many.
#[derive(Debug, Clone)]
pub struct WrittenQuery {
    /// The extension.
    pub extension: String,
    /// Only by this revision of it.
    pub revision: Option<u64>,
    /// Where to go on: [`Page::next`] of the page before.
    pub cursor: Option<String>,
    /// How many at most, 1 to [`crate::MAX_PAGE`]; what is outside of that is brought inside.
    pub limit: u32,
}

/// What a guest wrote, without the contents.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Under which RID.
    pub rid: Rid,
    /// When it came into being.
    pub timestamp: Timestamp,
    /// Who wrote it.
    pub writer: Writer,
}

/// Reads bundles. Lists are in the order of the RIDs' canonical text, by bytes, unless the query
/// says otherwise.
#[async_trait]
pub trait Bundles: Send + Sync {
    /// The bundle of a RID, if there is one.
    async fn read(&self, rid: &Rid) -> Result<Option<StoredBundle>>;

    /// The bundles of several RIDs: those that were found, in the order asked.
    async fn read_many(&self, rids: &[Rid]) -> Result<Vec<StoredBundle>>;

    /// The bundles that a query selects.
    async fn list(&self, query: &BundleQuery) -> Result<BundlePage>;

    /// The RIDs of the bundles that a query selects.
    async fn rids(&self, query: &BundleQuery) -> Result<Page<Rid>>;

    /// The manifests of the bundles that a query selects.
    async fn manifests(&self, query: &BundleQuery) -> Result<Page<Manifest>>;

    /// The stored bundles that an extension wrote, also one that was removed, in the order of their
    /// RIDs.
    async fn written_by(&self, query: &WrittenQuery) -> Result<Page<Written>>;

    /// How many bundles there are of each type that has any, in the order of the types.
    async fn count(&self) -> Result<Vec<(RidType, u64)>>;
}
