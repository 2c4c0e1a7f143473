//! Indexes on what contents have at paths that are declared for a RID type.
//!
//! Promise: an index holds a key ([`koi_rid::Keys`]) for each bundle of its type that has something at
//! its path, written in the transaction that writes the bundle. It is a selection beforehand: lists look
//! at each bundle that it names, so that they are those which there would be without it. A new one is
//! filled little by little, between other writes, and used from when it is whole; a crash loses
//! nothing of that.
//!
//! Failure: a call that failed leaves the declarations as they were.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use koi_rid::{Bundle, Contents, Pointer, RidType};

use crate::Result;

/// Most paths that a RID type may have declared; what declares them sees to it.
pub const MAX_PATHS: usize = 8;

/// Bundles of which one step of filling takes the keys, and bytes of their contents: other writes wait
/// for a step.
pub(crate) const FILL_ROWS: i64 = 500;
pub(crate) const FILL_BYTES: usize = 1024 * 1024;

/// Keys that one step of removing removes.
pub(crate) const REMOVE_ROWS: i64 = 5_000;

/// A path to index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Declaration {
    /// In bundles of this type.
    pub rid_type: RidType,
    /// What their contents have there.
    pub path: Pointer,
}

/// An index that is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// What it is on.
    pub on: Declaration,
    /// Whether it has all bundles of its type, and is used.
    pub is_whole: bool,
}

/// Says what is indexed.
#[async_trait]
pub trait Indexes: Send + Sync {
    /// Declares these paths and no others. What this begins is done by [`Indexes::tend`].
    async fn declare(&self, wanted: &[Declaration]) -> Result<()>;

    /// Does a bounded part of what is left to do for the declared paths, and for those that no longer
    /// are; false if nothing is left. To be called again after a start.
    async fn tend(&self) -> Result<bool>;

    /// The declared paths, in their order.
    async fn indexes(&self) -> Result<Vec<Index>>;
}

/// A declared path and the number of its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub(crate) number: i64,
    pub(crate) on: Declaration,
}

/// The declared paths, for whoever writes bundles. May hold more than are declared: keys for those
/// are never read, and removed by and by. It never holds fewer.
#[derive(Default)]
pub(crate) struct Declared(RwLock<Arc<Vec<Numbered>>>);

impl Declared {
    pub(crate) fn set(&self, paths: Vec<Numbered>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(paths);
    }

    /// Takes these in beside those that there are.
    pub(crate) fn add(&self, paths: Vec<Numbered>) {
        let mut all = self.all().to_vec();
        all.retain(|path| !paths.iter().any(|other| other.number == path.number));
        all.extend(paths);
        self.set(all);
    }

    fn all(&self) -> Arc<Vec<Numbered>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The numbers of the indexes that a bundle belongs into, with its keys; `None` if none is declared
    /// for its type.
    pub(crate) fn keys(&self, bundle: &Bundle) -> Option<Vec<(i64, Vec<u8>)>> {
        let all = self.all();
        let of_type = bundle.manifest.rid.type_str();
        let mine = all
            .iter()
            .filter(|path| path.on.rid_type.as_str() == of_type);
        let (numbers, paths): (Vec<_>, Vec<_>) =
            mine.map(|path| (path.number, &path.on.path)).unzip();
        if numbers.is_empty() {
            return None;
        }
        let keys = Pointer::keys(&paths, &bundle.contents).into_iter();
        let present = numbers.into_iter().zip(keys);
        Some(
            present
                .filter_map(|(number, key)| Some((number, key?)))
                .collect(),
        )
    }
}

/// The key of contents that are to be filled in.
pub(crate) fn key(path: &Pointer, contents: &Contents) -> Option<Vec<u8>> {
    Pointer::keys(&[path], contents).pop().flatten()
}
