//! Lists of whole bundles.

use koi_rid::BundleOrder;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::super::rows::RowColumns;
use super::types_for;
use crate::rows::stored_bundle_columns;
use crate::scan::{self, Reading, Scan};
use crate::{BundleQuery, MAX_SCANNED, Page, Result, StoredBundle};

/// The page that a query selects.
pub(super) fn page(connection: &Connection, query: &BundleQuery) -> Result<Page<StoredBundle>> {
    let mut reading = Reading::new(query);
    for scan in scan::of_query(query, &types_for(connection, query)?)? {
        if !read(connection, scan, &mut reading)? {
            break;
        }
    }
    Ok(reading.into_page())
}

/// Reads on; false if the page is full.
fn read(connection: &Connection, scan: Scan, reading: &mut Reading) -> Result<bool> {
    // Few texts, since what varies is bound: the cache of statements holds them.
    let (sql, values) = statement(scan);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        if !reading.take(&mut RowColumns::new(row))? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn statement(scan: Scan) -> (String, Vec<Value>) {
    let (order, beyond) = match scan.order {
        BundleOrder::Rid => ("rid", ">"),
        BundleOrder::RidDescending => ("rid DESC", "<"),
        BundleOrder::Timestamp => ("time, rid", ">"),
        BundleOrder::TimestampDescending => ("time DESC, rid DESC", "<"),
    };
    let mut conditions = Vec::new();
    let mut values = Vec::new();
    let mut add = |condition: String, bound: Vec<Value>| {
        conditions.push(condition);
        values.extend(bound);
    };
    if let Some(rid_type) = scan.rid_type {
        add("rid_type = ?".to_owned(), vec![rid_type.into()]);
    }
    if let Some(from) = scan.from {
        add("rid >= ?".to_owned(), vec![from.into()]);
    }
    if let Some(to) = scan.to {
        add("rid < ?".to_owned(), vec![to.into()]);
    }
    if let Some((time, rid)) = scan.beyond {
        let condition = format!("(time, rid) {beyond} (?, ?)");
        add(condition, vec![time.into(), rid.into()]);
    }
    let sql = format!(
        "SELECT {}, time FROM bundle WHERE {} ORDER BY {order} LIMIT {}",
        stored_bundle_columns!(),
        conditions.join(" AND "),
        MAX_SCANNED + 1,
    );
    (sql, values)
}
