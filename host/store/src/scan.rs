//! Lists of whole bundles: in any order, with a filter on their contents.
//!
//! Rows are read one after the other along an index, and what does not fit the filter is passed
//! over; how many rows and bytes one page reads is bounded. Backends differ in how they read rows
//! alone: which ones, and what becomes of them, is said here and in [`crate::plan`].

use koi_rid::{BundleOrder, Filter, Pointer, RidType};

use crate::page::{PAGE_BYTES, page_limit};
use crate::plan::Way;
use crate::range::{self, Range};
use crate::rows::{Columns, bytes_of};
use crate::{BundlePage, BundleQuery, MAX_SCANNED, Result, StoreError};

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
    /// What comes after this, in the direction of the order.
    pub(crate) beyond: Option<Place>,
    /// Those that this index names; always there in orders by a path.
    pub(crate) way: Option<Way>,
    /// In this order.
    pub(crate) order: BundleOrder,
}

/// A place in an order that is not that of the RIDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A time, in microseconds since 1970, and a RID.
    Time(i64, String),
    /// A key and a RID.
    Key(Vec<u8>, String),
}

/// What is read for a query, one scan after the other until its page is full. `types` are those that
/// have bundles, if [`range::needs_types`] says so; `way` is the index to go along.
pub(crate) fn of_query(
    query: &BundleQuery,
    types: &[RidType],
    way: Option<Way>,
) -> Result<Vec<Scan>> {
    let ranges = match &query.order {
        BundleOrder::Rid => range::of_query(query, types),
        BundleOrder::RidDescending => range::before_cursor(query, types),
        BundleOrder::Timestamp | BundleOrder::TimestampDescending => {
            return Ok(vec![in_time(query, way)?]);
        }
        BundleOrder::Path(_) | BundleOrder::PathDescending(_) => {
            return Ok(vec![by_path(query, way)?]);
        }
    };
    let scans = ranges.into_iter().map(|Range { from, to }| Scan {
        from: Some(from),
        to,
        rid_type: None,
        beyond: None,
        way: way.clone(),
        order: query.order.clone(),
    });
    Ok(scans.collect())
}

/// The rows of one type along the index on time.
fn in_time(query: &BundleQuery, way: Option<Way>) -> Result<Scan> {
    let [rid_type] = query.rid_types.as_slice() else {
        return Err(StoreError::Invalid {
            what: "bundles are listed by time for one RID type at a time".to_owned(),
        });
    };
    let (from, to) = of_prefix(rid_type, query);
    Ok(Scan {
        from,
        to,
        rid_type: Some(rid_type.as_str().to_owned()),
        beyond: query.cursor.as_deref().map(time_and_rid).transpose()?,
        way,
        order: query.order.clone(),
    })
}

/// The rows of one type along the index on a path, which [`crate::plan`] has found.
fn by_path(query: &BundleQuery, way: Option<Way>) -> Result<Scan> {
    let ([rid_type], Some(way)) = (query.rid_types.as_slice(), way) else {
        return Err(StoreError::Invalid {
            what: "bundles are listed by a path for one RID type at a time".to_owned(),
        });
    };
    let (from, to) = of_prefix(rid_type, query);
    Ok(Scan {
        from,
        to,
        rid_type: None,
        beyond: query.cursor.as_deref().map(key_and_rid).transpose()?,
        way: Some(way),
        order: query.order.clone(),
    })
}

/// The RIDs of a type whose references begin as the query says.
fn of_prefix(rid_type: &RidType, query: &BundleQuery) -> (Option<String>, Option<String>) {
    let prefix = query.reference_prefix.as_ref();
    let range = prefix.map(|prefix| Range::of_type(rid_type.as_str(), prefix));
    range.map_or((None, None), |range| (Some(range.from), range.to))
}

/// The parts of a cursor of a list by time.
fn time_and_rid(cursor: &str) -> Result<Place> {
    cursor
        .split_once(' ')
        .and_then(|(time, rid)| Some(Place::Time(time.parse().ok()?, rid.to_owned())))
        .ok_or_else(|| StoreError::Invalid {
            what: format!("`{cursor}` is no cursor of a list by time"),
        })
}

/// The parts of a cursor of a list by a path.
fn key_and_rid(cursor: &str) -> Result<Place> {
    cursor
        .split_once(' ')
        .and_then(|(key, rid)| Some(Place::Key(hex::decode(key).ok()?, rid.to_owned())))
        .ok_or_else(|| StoreError::Invalid {
            what: format!("`{cursor}` is no cursor of a list by a path"),
        })
}

/// A page that is being read.
pub(crate) struct Reading {
    filter: Option<Filter>,
    order: BundleOrder,
    limit: i64,
    page: BundlePage,
    bytes: usize,
    scanned_bytes: usize,
    /// The cursor of the row that was read last.
    last: Option<String>,
}

impl Reading {
    /// A page of a query, along the index on a path if there is one.
    pub(crate) fn new(query: &BundleQuery, index: Option<Pointer>) -> Self {
        Self {
            filter: query.filter.clone(),
            order: query.order.clone(),
            limit: page_limit(query.limit),
            page: BundlePage {
                items: Vec::new(),
                next: None,
                scanned: 0,
                is_bounded: false,
                index,
            },
            bytes: 0,
            scanned_bytes: 0,
            last: None,
        }
    }

    /// Takes the next row, which has the columns of a stored bundle and its time, and its key if it was
    /// found along an index. False if the page was full before it: nothing more is to be read then.
    pub(crate) fn take(&mut self, columns: &mut impl Columns, key: Option<&[u8]>) -> Result<bool> {
        let is_full = self.page.items.len() as i64 == self.limit || self.bytes >= PAGE_BYTES;
        let is_bounded = self.page.scanned >= MAX_SCANNED || self.scanned_bytes >= SCANNED_BYTES;
        if is_full || is_bounded {
            self.page.next = self.last.take();
            self.page.is_bounded = !is_full;
            return Ok(false);
        }
        let stored = columns.stored_bundle()?;
        let rid = stored.bundle.manifest.rid.as_str();
        self.last = Some(match &self.order {
            BundleOrder::Rid | BundleOrder::RidDescending => rid.to_owned(),
            BundleOrder::Timestamp | BundleOrder::TimestampDescending => {
                format!("{} {rid}", columns.number::<i64>()?)
            }
            BundleOrder::Path(_) | BundleOrder::PathDescending(_) => {
                format!("{} {rid}", hex::encode(key.unwrap_or_default()))
            }
        });
        let bytes = bytes_of(Some(&stored.bundle.contents));
        self.page.scanned += 1;
        self.scanned_bytes += bytes;
        let wanted = self.filter.as_ref();
        if wanted.is_none_or(|filter| filter.matches(&stored.bundle.contents)) {
            self.bytes += bytes;
            self.page.items.push(stored);
        }
        Ok(true)
    }

    /// What was read.
    pub(crate) fn into_page(self) -> BundlePage {
        self.page
    }
}
