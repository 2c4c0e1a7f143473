//! Pages of long lists.

use crate::{Result, StoreError};

/// The most items one page of any list holds; a larger limit means this one.
pub const MAX_PAGE: u32 = 1000;

/// A part of a longer list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// At most as many as were asked for, and fewer when their contents are very large, so that
    /// only `next` tells whether these were the last.
    pub items: Vec<T>,
    /// Where the list goes on, opaque; `None` on the last page. Stays good while items come and
    /// go: none that was there all along is left out or given twice.
    pub next: Option<String>,
}

/// The contents at which a page is long enough, in bytes, however few its items are.
pub(crate) const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// How many items a page has, as databases have it.
pub(crate) fn page_limit(limit: u32) -> i64 {
    i64::from(limit.clamp(1, MAX_PAGE))
}

impl<T> Page<T> {
    pub(crate) fn empty() -> Self {
        Self {
            items: Vec::new(),
            next: None,
        }
    }
}

/// The id before which a list goes on that has the newest first and ids for cursors.
pub(crate) fn before(cursor: Option<String>) -> Result<i64> {
    let Some(text) = cursor else {
        return Ok(i64::MAX);
    };
    text.parse().map_err(|_| StoreError::Invalid {
        what: format!("{text:?} is no cursor: give `next` of the page before as it was"),
    })
}
