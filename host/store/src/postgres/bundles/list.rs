//! Lists of whole bundles.

use deadpool_postgres::Transaction;
use koi_rid::BundleOrder;

use super::super::query::{RowColumns, Value, parameters};
use super::super::schema::head;
use super::super::{blocking, page};
use super::types_for;
use crate::page::PAGE_BYTES;
use crate::rows::stored_bundle_columns;
use crate::scan::{self, Reading, SCANNED_BYTES, Scan};
use crate::{BundleQuery, MAX_SCANNED, Page, Result, StoredBundle};

/// How many rows are asked for at a time when most of them may be passed over.
const ROWS: i32 = 256;

/// The page that a query selects, as of one moment.
pub(super) async fn page(
    moment: &Transaction<'_>,
    query: &BundleQuery,
) -> Result<Page<StoredBundle>> {
    let mut reading = Reading::new(query);
    let types = types_for(moment, query).await?;
    let bounds = Bounds::of(query);
    for scan in scan::of_query(query, &types)? {
        let more;
        (reading, more) = read(moment, &scan, &bounds, reading).await?;
        if !more {
            break;
        }
    }
    Ok(reading.into_page())
}

/// What the server may give at the most for one scan.
struct Bounds {
    rows: i64,
    bytes: usize,
    /// Rows at a time.
    part: i32,
}

impl Bounds {
    fn of(query: &BundleQuery) -> Self {
        if query.filter.is_some() {
            return Self {
                rows: i64::from(MAX_SCANNED) + 1,
                bytes: SCANNED_BYTES,
                part: ROWS,
            };
        }
        Self {
            // One more than asked for, to know whether there is a next page.
            rows: crate::page::page_limit(query.limit) + 1,
            bytes: PAGE_BYTES,
            part: 0,
        }
    }
}

/// Reads on; false if the page is full.
async fn read(
    moment: &Transaction<'_>,
    scan: &Scan,
    bounds: &Bounds,
    mut reading: Reading,
) -> Result<(Reading, bool)> {
    let (sql, values) = statement(scan, bounds);
    let statement = moment.prepare_cached(&sql).await?;
    let portal = moment.bind(&statement, &parameters(&values)).await?;
    loop {
        // 0 means all.
        let rows = moment.query_portal(&portal, bounds.part).await?;
        let is_last = bounds.part == 0 || rows.len() < bounds.part as usize;
        let more;
        (reading, more) = blocking(move || {
            for row in &rows {
                if !reading.take(&mut RowColumns::new(row))? {
                    return Ok((reading, false));
                }
            }
            Ok((reading, true))
        })
        .await?;
        if is_last || !more {
            return Ok((reading, more));
        }
    }
}

/// Few texts, since what varies is bound: each connection keeps them prepared.
fn statement<'s>(scan: &'s Scan, bounds: &Bounds) -> (String, Vec<Value<'s>>) {
    let (order, beyond) = match scan.order {
        BundleOrder::Rid => (concat!(head!("rid"), ", rid"), ">"),
        BundleOrder::RidDescending => (concat!(head!("rid"), " DESC, rid DESC"), "<"),
        BundleOrder::Timestamp => (concat!("time, ", head!("rid"), ", rid"), ">"),
        BundleOrder::TimestampDescending => {
            (concat!("time DESC, ", head!("rid"), " DESC, rid DESC"), "<")
        }
    };
    let mut conditions = Vec::new();
    let mut values = vec![Value::Number(bounds.rows)];
    let mut bind = |value| {
        values.push(value);
        format!("${}", values.len())
    };
    if let Some(rid_type) = &scan.rid_type {
        let rid_type = bind(rid_type.into());
        conditions.push(format!("sha256(rid_type) = sha256({rid_type})"));
    }
    if let Some(from) = &scan.from {
        let from = bind(from.into());
        conditions.push(format!(
            "rid >= {from} AND {HEAD} >= substring({from}::bytea, 1, 1024)"
        ));
    }
    if let Some(to) = &scan.to {
        let to = bind(to.into());
        conditions.push(format!(
            "rid < {to} AND {HEAD} <= substring({to}::bytea, 1, 1024)"
        ));
    }
    if let Some((time, rid)) = &scan.beyond {
        let (time, rid) = (bind((*time).into()), bind(rid.into()));
        conditions.push(format!(
            "(time, rid) {beyond} ({time}, {rid})
             AND (time, {HEAD}) {beyond}= ({time}, substring({rid}::bytea, 1, 1024))"
        ));
    }
    let sql = page::statement(
        concat!(stored_bundle_columns!(), ", time"),
        "bundle",
        &conditions.join(" AND "),
        order,
        "$1",
        bounds.bytes,
    );
    (sql, values)
}

const HEAD: &str = head!("rid");
