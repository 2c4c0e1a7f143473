//! The bundles.

use async_trait::async_trait;
use koi_rid::{Manifest, Rid, RidType};
use rusqlite::{Connection, OptionalExtension, params};

use super::range::{self, Range};
use super::rows::{Columns, bytes_of, stored_bundle_columns};
use super::{PAGE_BYTES, Sqlite, page_limit};
use crate::{BundleQuery, Bundles, Page, Result, StoredBundle};

#[async_trait]
impl Bundles for Sqlite {
    async fn read(&self, rid: &Rid) -> Result<Option<StoredBundle>> {
        let rid = rid.clone();
        self.readers
            .read(move |connection| one(connection, &rid))
            .await
    }

    async fn read_many(&self, rids: &[Rid]) -> Result<Vec<StoredBundle>> {
        let rids = rids.to_vec();
        self.readers
            .read(move |connection| {
                rids.iter()
                    .filter_map(|rid| one(connection, rid).transpose())
                    .collect()
            })
            .await
    }

    async fn list(&self, query: &BundleQuery) -> Result<Page<StoredBundle>> {
        self.page(query, SELECT_BUNDLES, |columns| {
            let bundle = columns.stored_bundle()?;
            let bytes = bytes_of(Some(&bundle.bundle.contents));
            Ok((bundle, bytes))
        })
        .await
    }

    async fn rids(&self, query: &BundleQuery) -> Result<Page<Rid>> {
        self.page(query, SELECT_RIDS, |columns| {
            Ok((columns.parsed("a RID")?, 0))
        })
        .await
    }

    async fn manifests(&self, query: &BundleQuery) -> Result<Page<Manifest>> {
        self.page(query, SELECT_MANIFESTS, |columns| {
            Ok((columns.bundle_manifest()?, 0))
        })
        .await
    }

    async fn count(&self) -> Result<Vec<(RidType, u64)>> {
        self.readers.read(count).await
    }
}

/// A statement for ranges with an upper end, and one for those without. The RID comes first.
#[derive(Clone, Copy)]
struct Select {
    bounded: &'static str,
    unbounded: &'static str,
}

macro_rules! select {
    ($columns:expr) => {
        Select {
            bounded: concat!(
                "SELECT ",
                $columns,
                " FROM bundle WHERE rid >= ?1 AND rid < ?3 ORDER BY rid LIMIT ?2"
            ),
            unbounded: concat!(
                "SELECT ",
                $columns,
                " FROM bundle WHERE rid >= ?1 ORDER BY rid LIMIT ?2"
            ),
        }
    };
}

const SELECT_BUNDLES: Select = select!(stored_bundle_columns!());
const SELECT_RIDS: Select = select!("rid");
const SELECT_MANIFESTS: Select = select!("rid, timestamp, sha256_hash, extras");

impl Sqlite {
    /// A page of what `read` makes of the rows, each with how many bytes it adds to the page.
    async fn page<T: Send + 'static>(
        &self,
        query: &BundleQuery,
        select: Select,
        read: fn(&mut Columns<'_>) -> Result<(T, usize)>,
    ) -> Result<Page<T>> {
        let query = query.clone();
        self.readers
            .read(move |connection| {
                let limit = page_limit(query.limit);
                let mut page = Page {
                    items: Vec::new(),
                    next: None,
                };
                let mut bytes = 0;
                let mut last = String::new();
                for Range { from, to } in range::of_query(connection, &query)? {
                    let sql = to.as_ref().map_or(select.unbounded, |_| select.bounded);
                    let mut statement = connection.prepare_cached(sql)?;
                    // One more than asked for, to know whether there is a next page.
                    let rows_left = limit + 1 - page.items.len() as i64;
                    let mut rows = match &to {
                        Some(to) => statement.query(params![from, rows_left, to])?,
                        None => statement.query(params![from, rows_left])?,
                    };
                    while let Some(row) = rows.next()? {
                        if page.items.len() as i64 == limit || bytes >= PAGE_BYTES {
                            page.next = Some(last);
                            return Ok(page);
                        }
                        last = row.get(0)?;
                        let (item, size) = read(&mut Columns::new(row))?;
                        page.items.push(item);
                        bytes += size;
                    }
                }
                Ok(page)
            })
            .await
    }
}

fn one(connection: &Connection, rid: &Rid) -> Result<Option<StoredBundle>> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            stored_bundle_columns!(),
            " FROM bundle WHERE rid = ?"
        ))?
        .query_row([rid.as_str()], |row| Ok(Columns::new(row).stored_bundle()))
        .optional()?
        .transpose()
}

fn count(connection: &Connection) -> Result<Vec<(RidType, u64)>> {
    let mut statement =
        connection.prepare_cached("SELECT count(*) FROM bundle WHERE rid >= ? AND rid < ?")?;
    let mut counts = range::types(connection)?
        .into_iter()
        .map(|rid_type| {
            let range = Range::of_type(rid_type.as_str(), "");
            let rows: i64 = statement.query_row(params![range.from, range.to], |row| row.get(0))?;
            Ok((rid_type, rows.unsigned_abs()))
        })
        .collect::<Result<Vec<_>>>()?;
    counts.sort();
    Ok(counts)
}
