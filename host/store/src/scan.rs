//! Lists of whole bundles: in any order, with a filter on their contents.
//!
//! Rows are read one after the other along an index, and what does not fit the filter is passed
//! over; how many rows and bytes one page reads is bounded. Backends differ in how they read rows
//! alone: which ones, and what becomes of them, is said here.

use koi_rid::{BundleOrder, Filter, RidType};

use crate::page::{PAGE_BYTES, page_limit};
use crate::range::{self, Range};
use crate::rows::{Columns, bytes_of};
use crate::{BundleQuery, MAX_SCANNED, Page, Result, StoreError, StoredBundle};

/// Contents that one page reads at the most, in bytes, whether they fit the filter or not.
pub(crate) const SCANNED_BYTES: usize = 8 * PAGE_BYTES;

/// Which rows are read, and in which order; [`MAX_SCANNED`] of them and one more at the most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    /// RIDs from this one on.
    pub(crate) from: Option<String>,
    /// RIDs before this one.
    pub(crate) to: Option<String>,
    /// RIDs of this type; always there in orders of time.
    pub(crate) rid_type: Option<String>,
    /// What comes after this time, in microseconds since 1970, and RID, in the direction of the order.
    pub(crate) beyond: Option<(i64, String)>,
    /// In this order.
    pub(crate) order: BundleOrder,
}

/// What is read for a query, one scan after the other until its page is full. `types` are those that
/// have bundles, if [`range::needs_types`] says so.
pub(crate) fn of_query(query: &BundleQuery, types: &[RidType]) -> Result<Vec<Scan>> {
    let ranges = match query.order {
        BundleOrder::Rid => range::of_query(query, types),
        BundleOrder::RidDescending => range::before_cursor(query, types),
        BundleOrder::Timestamp | BundleOrder::TimestampDescending => {
            return Ok(vec![in_time(query)?]);
        }
    };
    let scans = ranges.into_iter().map(|Range { from, to }| Scan {
        from: Some(from),
        to,
        rid_type: None,
        beyond: None,
        order: query.order,
    });
    Ok(scans.collect())
}

/// The rows of one type along the index on time.
fn in_time(query: &BundleQuery) -> Result<Scan> {
    let [rid_type] = query.rid_types.as_slice() else {
        return Err(StoreError::Invalid {
            what: "bundles are listed by time for one RID type at a time".to_owned(),
        });
    };
    let range = query
        .reference_prefix
        .as_ref()
        .map(|prefix| Range::of_type(rid_type.as_str(), prefix));
    let (from, to) = range.map_or((None, None), |range| (Some(range.from), range.to));
    let beyond = query.cursor.as_deref().map(time_and_rid).transpose()?;
    Ok(Scan {
        from,
        to,
        rid_type: Some(rid_type.as_str().to_owned()),
        beyond,
        order: query.order,
    })
}

/// The parts of a cursor of a list by time.
fn time_and_rid(cursor: &str) -> Result<(i64, String)> {
    cursor
        .split_once(' ')
        .and_then(|(time, rid)| Some((time.parse::<i64>().ok()?, rid.to_owned())))
        .ok_or_else(|| StoreError::Invalid {
            what: format!("`{cursor}` is no cursor of a list by time"),
        })
}

/// A page that is being read.
pub(crate) struct Reading {
    filter: Option<Filter>,
    order: BundleOrder,
    limit: i64,
    page: Page<StoredBundle>,
    bytes: usize,
    scanned: u32,
    scanned_bytes: usize,
    /// The cursor of the row that was read last.
    last: Option<String>,
}

impl Reading {
    pub(crate) fn new(query: &BundleQuery) -> Self {
        Self {
            filter: query.filter.clone(),
            order: query.order,
            limit: page_limit(query.limit),
            page: Page::empty(),
            bytes: 0,
            scanned: 0,
            scanned_bytes: 0,
            last: None,
        }
    }

    /// Takes the next row, which has the columns of a stored bundle and its time. False if the page
    /// was full before it: nothing more is to be read then.
    pub(crate) fn take(&mut self, columns: &mut impl Columns) -> Result<bool> {
        if self.is_full() {
            self.page.next = self.last.take();
            return Ok(false);
        }
        let stored = columns.stored_bundle()?;
        let rid = stored.bundle.manifest.rid.as_str();
        self.last = Some(match self.order {
            BundleOrder::Rid | BundleOrder::RidDescending => rid.to_owned(),
            BundleOrder::Timestamp | BundleOrder::TimestampDescending => {
                format!("{} {rid}", columns.number::<i64>()?)
            }
        });
        let bytes = bytes_of(Some(&stored.bundle.contents));
        self.scanned += 1;
        self.scanned_bytes += bytes;
        let wanted = self.filter.as_ref();
        if wanted.is_none_or(|filter| filter.matches(&stored.bundle.contents)) {
            self.bytes += bytes;
            self.page.items.push(stored);
        }
        Ok(true)
    }

    /// What was read.
    pub(crate) fn into_page(self) -> Page<StoredBundle> {
        self.page
    }

    fn is_full(&self) -> bool {
        self.page.items.len() as i64 == self.limit
            || self.bytes >= PAGE_BYTES
            || self.scanned >= MAX_SCANNED
            || self.scanned_bytes >= SCANNED_BYTES
    }
}
