//! Lists of whole bundles.

use deadpool_postgres::Transaction;
use koi_rid::{BundleOrder, Keys};

use super::super::query::{self, RowColumns, Value, parameters};
use super::super::schema::head;
use super::super::{blocking, page};
use super::types_for;
use crate::page::PAGE_BYTES;
use crate::plan::{self, COUNTED, Indexed, Way, Ways};
use crate::rows::{Columns, stored_bundle_columns};
use crate::scan::{self, Place, Reading, SCANNED_BYTES, Scan};
use crate::{BundlePage, BundleQuery, MAX_SCANNED, Result};

/// How many rows are asked for at a time when most of them may be passed over.
const ROWS: i32 = 256;

/// The page that a query selects, as of one moment.
pub(super) async fn page(moment: &Transaction<'_>, query: &BundleQuery) -> Result<BundlePage> {
    let way = way(moment, query).await?;
    let mut reading = Reading::new(query, way.as_ref().map(|way| way.path.clone()));
    let types = types_for(moment, query).await?;
    let bounds = Bounds::of(query);
    for scan in scan::of_query(query, &types, way)? {
        let more;
        (reading, more) = read(moment, &scan, &bounds, reading).await?;
        if !more {
            break;
        }
    }
    Ok(reading.into_page())
}

/// The index that a query goes along.
async fn way(moment: &Transaction<'_>, query: &BundleQuery) -> Result<Option<Way>> {
    let declared = match plan::wants_indexes(query) {
        Some(rid_type) => indexes_of(moment, rid_type.as_str()).await?,
        None => Vec::new(),
    };
    let ways = match plan::ways(query, declared)? {
        Ways::Rows => return Ok(None),
        Ways::One(way) => return Ok(Some(way)),
        Ways::Counted(ways) => ways,
    };
    let mut counted = Vec::with_capacity(ways.len());
    for way in ways {
        let keys = count(moment, &way).await?;
        counted.push((way, keys));
    }
    Ok(plan::choose(query, counted))
}

async fn indexes_of(moment: &Transaction<'_>, rid_type: &str) -> Result<Vec<Indexed>> {
    let sql = "SELECT id, is_whole, path FROM bundle_index WHERE sha256(rid_type) = sha256($1)";
    let rows = query::rows(moment, sql, &[rid_type.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut columns = RowColumns::new(row);
            Ok(Indexed {
                number: columns.number()?,
                is_whole: columns.number::<u8>()? != 0,
                path: columns.parsed("the path of an index")?,
            })
        })
        .collect()
}

/// How many keys a way has, up to [`COUNTED`].
async fn count(moment: &Transaction<'_>, way: &Way) -> Result<u32> {
    let mut conditions = Conditions {
        texts: Vec::new(),
        values: vec![Value::Number(COUNTED.into())],
    };
    conditions.add_way(way);
    let sql = format!(
        "SELECT count(*) FROM (SELECT FROM bundle_key WHERE {} LIMIT $1) AS named",
        conditions.texts.join(" AND ")
    );
    let counted = query::number(moment, &sql, &conditions.values).await?;
    Ok(u32::try_from(counted).unwrap_or(COUNTED))
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
    let is_keyed = scan.way.is_some();
    let statement = moment.prepare_cached(&sql).await?;
    let portal = moment.bind(&statement, &parameters(&values)).await?;
    loop {
        // 0 means all.
        let rows = moment.query_portal(&portal, bounds.part).await?;
        let is_last = bounds.part == 0 || rows.len() < bounds.part as usize;
        let more;
        (reading, more) = blocking(move || {
            for row in &rows {
                // Rows that an index named have their key last.
                let key = match is_keyed {
                    true => row.try_get(row.len() - 1)?,
                    false => None,
                };
                if !reading.take(&mut RowColumns::new(row), key)? {
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

/// Conditions, and what is bound in them.
struct Conditions<'s> {
    texts: Vec<String>,
    values: Vec<Value<'s>>,
}

impl<'s> Conditions<'s> {
    fn bind(&mut self, value: impl Into<Value<'s>>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn add_way(&mut self, way: &'s Way) {
        let index = self.bind(way.index);
        self.texts.push(format!("bundle_index = {index}"));
        match &way.keys {
            Keys::Points(points) => {
                let points = points.iter().map(Vec::as_slice).collect();
                let points = self.bind(Value::Many(points));
                self.texts.push(format!("key = ANY ({points})"));
            }
            Keys::Range(from, to) => {
                let (from, to) = (self.bind(Value::Bytes(from)), self.bind(Value::Bytes(to)));
                self.texts.push(format!("key >= {from} AND key <= {to}"));
            }
        }
    }
}

/// Few texts, since what varies is bound: each connection keeps them prepared.
fn statement<'s>(scan: &'s Scan, bounds: &Bounds) -> (String, Vec<Value<'s>>) {
    let (columns, table, rid, head) = match &scan.way {
        None => (
            concat!(stored_bundle_columns!(), ", time"),
            "bundle",
            "rid",
            head!("rid"),
        ),
        Some(_) => (
            concat!(stored_bundle_columns!(), ", time, key"),
            "bundle JOIN bundle_key ON bundle = id",
            "bundle_rid",
            head!("bundle_rid"),
        ),
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
        "" => format!("{head}{down}, {rid}{down}"),
        by => format!("{by}{down}, {head}{down}, {rid}{down}"),
    };
    let mut conditions = Conditions {
        texts: Vec::new(),
        values: vec![Value::Number(bounds.rows)],
    };
    if let Some(way) = &scan.way {
        conditions.add_way(way);
    } else if let Some(rid_type) = &scan.rid_type {
        let rid_type = conditions.bind(rid_type);
        let text = format!("sha256(rid_type) = sha256({rid_type})");
        conditions.texts.push(text);
    }
    if let Some(from) = &scan.from {
        let from = conditions.bind(from);
        conditions.texts.push(format!(
            "{rid} >= {from} AND {head} >= substring({from}::bytea, 1, 1024)"
        ));
    }
    if let Some(to) = &scan.to {
        let to = conditions.bind(to);
        conditions.texts.push(format!(
            "{rid} < {to} AND {head} <= substring({to}::bytea, 1, 1024)"
        ));
    }
    if let Some(place) = &scan.beyond {
        let (value, at) = match place {
            Place::Time(time, at) => (Value::Number(*time), at),
            Place::Key(key, at) => (Value::Bytes(key), at),
        };
        let (value, at) = (conditions.bind(value), conditions.bind(at));
        conditions.texts.push(format!(
            "({by}, {rid}) {beyond} ({value}, {at})
             AND ({by}, {head}) {beyond}= ({value}, substring({at}::bytea, 1, 1024))"
        ));
    }
    let sql = page::statement(
        columns,
        table,
        &conditions.texts.join(" AND "),
        &order,
        "$1",
        bounds.bytes,
    );
    (sql, conditions.values)
}
