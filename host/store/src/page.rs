//! Pages of long lists.

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
