//! Lists of whole bundles.

use koi_rid::{BundleOrder, Keys};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::super::rows::RowColumns;
use super::types_for;
use crate::plan::{self, COUNTED, Indexed, Way, Ways};
use crate::rows::{Columns, stored_bundle_columns};
use crate::scan::{self, Place, Reading, Scan};
use crate::{BundlePage, BundleQuery, MAX_SCANNED, Result};

/// The page that a query selects.
pub(super) fn page(connection: &Connection, query: &BundleQuery) -> Result<BundlePage> {
    let way = way(connection, query)?;
    let types = types_for(connection, query)?;
    let mut reading = Reading::new(query, way.as_ref().map(|way| way.path.clone()));
    for scan in scan::of_query(query, &types, way)? {
        let more = match scan.way.is_some() {
            true => read_along_index(connection, scan, &mut reading)?,
            false => read(connection, scan, &mut reading)?,
        };
        if !more {
            break;
        }
    }
    Ok(reading.into_page())
}

/// The index that a query goes along.
fn way(connection: &Connection, query: &BundleQuery) -> Result<Option<Way>> {
    let declared = match plan::wants_indexes(query) {
        Some(rid_type) => indexes_of(connection, rid_type.as_str())?,
        None => Vec::new(),
    };
    let ways = match plan::ways(query, declared)? {
        Ways::Rows => return Ok(None),
        Ways::One(way) => return Ok(Some(way)),
        Ways::Counted(ways) => ways,
    };
    let counted = ways.into_iter().map(|way| {
        let keys = count(connection, &way)?;
        Ok((way, keys))
    });
    Ok(plan::choose(query, counted.collect::<Result<_>>()?))
}

fn indexes_of(connection: &Connection, rid_type: &str) -> Result<Vec<Indexed>> {
    let mut statement = connection
        .prepare_cached("SELECT id, is_whole, path FROM bundle_index WHERE rid_type = ?")?;
    let mut rows = statement.query([rid_type])?;
    let mut indexes = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = RowColumns::new(row);
        indexes.push(Indexed {
            number: columns.number()?,
            is_whole: columns.number::<u8>()? != 0,
            path: columns.parsed("the path of an index")?,
        });
    }
    Ok(indexes)
}

/// How many keys a way has, up to [`COUNTED`].
fn count(connection: &Connection, way: &Way) -> Result<u32> {
    let mut conditions = Conditions::default();
    conditions.add_way(way);
    let sql = format!(
        "SELECT count(*) FROM (
             SELECT 1 FROM bundle_key INDEXED BY bundle_key_order WHERE {} LIMIT {COUNTED}
         )",
        conditions.texts.join(" AND "),
    );
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row(params_from_iter(conditions.values), |row| row.get(0))?)
}

/// Reads on; false if the page is full.
fn read(connection: &Connection, scan: Scan, reading: &mut Reading) -> Result<bool> {
    // Few texts, since what varies is bound: the cache of statements holds them.
    let (sql, values) = statement(scan);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        if !reading.take(&mut RowColumns::new(row), None)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads on: what the index names, one bundle after the other, so that no more of them are read than
/// are looked at.
fn read_along_index(connection: &Connection, scan: Scan, reading: &mut Reading) -> Result<bool> {
    let mut one = connection.prepare_cached(concat!(
        "SELECT ",
        stored_bundle_columns!(),
        ", time FROM bundle WHERE id = ?"
    ))?;
    let (sql, values) = statement(scan);
    let mut named = connection.prepare_cached(&sql)?;
    let mut named = named.query(params_from_iter(values))?;
    while let Some(name) = named.next()? {
        let (bundle, key): (i64, Vec<u8>) = (name.get(0)?, name.get(1)?);
        let mut rows = one.query(params![bundle])?;
        if let Some(row) = rows.next()?
            && !reading.take(&mut RowColumns::new(row), Some(&key))?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Conditions, and what is bound in them.
#[derive(Default)]
struct Conditions {
    texts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, text: impl Into<String>, values: impl IntoIterator<Item = Value>) {
        self.texts.push(text.into());
        self.values.extend(values);
    }

    fn add_way(&mut self, way: &Way) {
        self.add("bundle_index = ?", [way.index.into()]);
        let keys = |keys: &[Vec<u8>]| keys.iter().cloned().map(Value::from).collect::<Vec<_>>();
        match &way.keys {
            // Alone, so that it is seen that the rest is in order.
            Keys::Points(points) if points.len() == 1 => self.add("key = ?", keys(points)),
            Keys::Points(points) => {
                let marks = vec!["?"; points.len()].join(", ");
                self.add(format!("key IN ({marks})"), keys(points));
            }
            Keys::Range(from, to) => {
                self.add(
                    "key >= ? AND key <= ?",
                    [from.clone().into(), to.clone().into()],
                );
            }
        }
    }
}

/// The bundles of a scan, or what an index has of them: their ids and keys.
fn statement(scan: Scan) -> (String, Vec<Value>) {
    let rid = if scan.way.is_some() {
        "bundle_rid"
    } else {
        "rid"
    };
    let by = match &scan.order {
        BundleOrder::Rid | BundleOrder::RidDescending => "",
        BundleOrder::Timestamp | BundleOrder::TimestampDescending => "time",
        BundleOrder::Path(_) | BundleOrder::PathDescending(_) => "key",
    };
    let (down, beyond) = match scan.order.is_descending() {
        true => (" DESC", "<"),
        false => ("", ">"),
    };
    let order = match by {
        "" => format!("{rid}{down}"),
        by => format!("{by}{down}, {rid}{down}"),
    };
    let (columns, table) = match &scan.way {
        None => (concat!(stored_bundle_columns!(), ", time"), "bundle"),
        Some(_) if scan.order.is_timed() => (
            "bundle, key",
            "bundle_key INDEXED BY bundle_key_order CROSS JOIN bundle ON bundle.id = bundle",
        ),
        Some(_) => ("bundle, key", "bundle_key INDEXED BY bundle_key_order"),
    };
    let mut conditions = Conditions::default();
    if let Some(way) = &scan.way {
        conditions.add_way(way);
    } else if let Some(rid_type) = scan.rid_type {
        conditions.add("rid_type = ?", [rid_type.into()]);
    }
    if let Some(from) = scan.from {
        conditions.add(format!("{rid} >= ?"), [from.into()]);
    }
    if let Some(to) = scan.to {
        conditions.add(format!("{rid} < ?"), [to.into()]);
    }
    if let Some(place) = scan.beyond {
        let (value, at) = match place {
            Place::Time(time, at) => (Value::from(time), at),
            Place::Key(key, at) => (Value::from(key), at),
        };
        conditions.add(format!("({by}, {rid}) {beyond} (?, ?)"), [value, at.into()]);
    }
    let sql = format!(
        "SELECT {columns} FROM {table} WHERE {} ORDER BY {order} LIMIT {}",
        conditions.texts.join(" AND "),
        MAX_SCANNED + 1,
    );
    (sql, conditions.values)
}
