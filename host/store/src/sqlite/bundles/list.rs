//! Lists of whole bundles: in any order, with a filter on their contents.
//!
//! Rows are read one after the other along an index, and what does not fit the filter is passed
//! over; how many rows and bytes one page reads is bounded.

use koi_rid::BundleOrder;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::super::PAGE_BYTES;
use super::super::range::{self, Range};
use super::super::rows::{Columns, bytes_of, stored_bundle_columns};
use super::page_limit;
use crate::{BundleQuery, MAX_SCANNED, Page, Result, StoreError, StoredBundle};

/// Contents that one page reads at the most, in bytes, whether they fit the filter or not.
const SCANNED_BYTES: usize = 8 * PAGE_BYTES;

/// The page that a query selects.
pub(super) fn page(connection: &Connection, query: &BundleQuery) -> Result<Page<StoredBundle>> {
    let mut reading = Reading {
        query,
        limit: page_limit(query.limit),
        page: Page {
            items: Vec::new(),
            next: None,
        },
        bytes: 0,
        scanned: 0,
        scanned_bytes: 0,
        last: None,
    };
    match query.order {
        BundleOrder::Rid => {
            for Range { from, to } in range::of_query(connection, query)? {
                let scan = Scan::new("rid >= ?", [from], "rid").up_to(to);
                if !reading.read(connection, scan)? {
                    break;
                }
            }
        }
        BundleOrder::RidDescending => {
            for Range { from, to } in range::before_cursor(connection, query)? {
                let scan = Scan::new("rid >= ?", [from], "rid DESC").up_to(to);
                if !reading.read(connection, scan)? {
                    break;
                }
            }
        }
        BundleOrder::Timestamp => {
            reading.read(connection, in_time(query, ">", "time, rid")?)?;
        }
        BundleOrder::TimestampDescending => {
            reading.read(connection, in_time(query, "<", "time DESC, rid DESC")?)?;
        }
    }
    Ok(reading.page)
}

/// The rows of one type along the index on time.
fn in_time(query: &BundleQuery, beyond: &str, order: &'static str) -> Result<Scan> {
    let [rid_type] = query.rid_types.as_slice() else {
        return Err(StoreError::Invalid {
            what: "bundles are listed by time for one RID type at a time".to_owned(),
        });
    };
    let mut scan = Scan::new("rid_type = ?", [rid_type.as_str().to_owned()], order);
    if let Some(prefix) = &query.reference_prefix {
        let Range { from, to } = Range::of_type(rid_type.as_str(), prefix);
        scan = scan.and("rid >= ?", [Value::from(from)]).up_to(to);
    }
    if let Some(cursor) = &query.cursor {
        let (time, rid) = cursor
            .split_once(' ')
            .and_then(|(time, rid)| Some((time.parse::<i64>().ok()?, rid.to_owned())))
            .ok_or_else(|| StoreError::Invalid {
                what: format!("`{cursor}` is no cursor of a list by time"),
            })?;
        let condition = format!("(time, rid) {beyond} (?, ?)");
        scan = scan.and(&condition, [Value::from(time), Value::from(rid)]);
    }
    Ok(scan)
}

/// Which rows are read, and in which order.
struct Scan {
    conditions: String,
    values: Vec<Value>,
    order: &'static str,
}

impl Scan {
    fn new<const N: usize>(condition: &str, values: [String; N], order: &'static str) -> Self {
        Self {
            conditions: condition.to_owned(),
            values: values.into_iter().map(Value::from).collect(),
            order,
        }
    }

    fn and<const N: usize>(mut self, condition: &str, values: [Value; N]) -> Self {
        self.conditions.push_str(" AND ");
        self.conditions.push_str(condition);
        self.values.extend(values);
        self
    }

    fn up_to(self, to: Option<String>) -> Self {
        match to {
            Some(to) => self.and("rid < ?", [Value::from(to)]),
            None => self,
        }
    }
}

struct Reading<'q> {
    query: &'q BundleQuery,
    limit: i64,
    page: Page<StoredBundle>,
    bytes: usize,
    scanned: u32,
    scanned_bytes: usize,
    /// The cursor of the row that was read last.
    last: Option<String>,
}

impl Reading<'_> {
    /// Reads on; false if the page is full.
    fn read(&mut self, connection: &Connection, scan: Scan) -> Result<bool> {
        // Few texts, since what varies is bound: the cache of statements holds them.
        let sql = format!(
            "SELECT {}, time FROM bundle WHERE {} ORDER BY {} LIMIT {}",
            stored_bundle_columns!(),
            scan.conditions,
            scan.order,
            MAX_SCANNED + 1,
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(scan.values))?;
        while let Some(row) = rows.next()? {
            if self.is_full() {
                self.page.next = self.last.take();
                return Ok(false);
            }
            let mut columns = Columns::new(row);
            let stored = columns.stored_bundle()?;
            let rid = stored.bundle.manifest.rid.as_str();
            self.last = Some(match self.query.order {
                BundleOrder::Rid | BundleOrder::RidDescending => rid.to_owned(),
                BundleOrder::Timestamp | BundleOrder::TimestampDescending => {
                    format!("{} {rid}", columns.value::<i64>()?)
                }
            });
            let bytes = bytes_of(Some(&stored.bundle.contents));
            self.scanned += 1;
            self.scanned_bytes += bytes;
            let wanted = self.query.filter.as_ref();
            if wanted.is_none_or(|filter| filter.matches(&stored.bundle.contents)) {
                self.bytes += bytes;
                self.page.items.push(stored);
            }
        }
        Ok(true)
    }

    fn is_full(&self) -> bool {
        self.page.items.len() as i64 == self.limit
            || self.bytes >= PAGE_BYTES
            || self.scanned >= MAX_SCANNED
            || self.scanned_bytes >= SCANNED_BYTES
    }
}
