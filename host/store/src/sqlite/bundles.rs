//! The bundles.

mod list;

use async_trait::async_trait;
use koi_rid::{Manifest, Rid, RidType, Writer};
use rusqlite::{Connection, OptionalExtension, params};

use super::Sqlite;
use super::rows::RowColumns;
use crate::page::page_limit;
use crate::range::{self, Range};
use crate::rows::{self, Columns, stored_bundle_columns};
use crate::{BundlePage, BundleQuery, Bundles, Page, Result, StoredBundle, Written, WrittenQuery};

/// So many bundles are looked up where they are asked for.
const FEW: usize = 4;

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
        let few = rids.len() <= FEW;
        let read = move |connection: &Connection| {
            rids.iter()
                .filter_map(|rid| one(connection, rid).transpose())
                .collect()
        };
        match few {
            true => self.readers.look_up(read).await,
            false => self.readers.read(read).await,
        }
    }

    async fn list(&self, query: &BundleQuery) -> Result<BundlePage> {
        let query = query.clone();
        self.readers
            .read(move |connection| list::page(connection, &query))
            .await
    }

    async fn rids(&self, query: &BundleQuery) -> Result<Page<Rid>> {
        self.page(query, SELECT_RIDS, |columns| columns.parsed("a RID"))
            .await
    }

    async fn manifests(&self, query: &BundleQuery) -> Result<Page<Manifest>> {
        self.page(query, SELECT_MANIFESTS, |columns| columns.bundle_manifest())
            .await
    }

    async fn written_by(&self, query: &WrittenQuery) -> Result<Page<Written>> {
        let query = query.clone();
        self.readers
            .read(move |connection| written_by(connection, &query))
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

const SELECT_RIDS: Select = select!("rid");
const SELECT_MANIFESTS: Select = select!("rid, timestamp, sha256_hash, extras");

impl Sqlite {
    /// A page of what `read` makes of the rows.
    async fn page<T: Send + 'static>(
        &self,
        query: &BundleQuery,
        select: Select,
        read: fn(&mut RowColumns<'_>) -> Result<T>,
    ) -> Result<Page<T>> {
        let query = query.clone();
        self.readers
            .read(move |connection| {
                let limit = page_limit(query.limit);
                let mut page = Page::empty();
                let mut last = String::new();
                let types = types_for(connection, &query)?;
                for Range { from, to } in range::of_query(&query, &types) {
                    let sql = to.as_ref().map_or(select.unbounded, |_| select.bounded);
                    let mut statement = connection.prepare_cached(sql)?;
                    // One more than asked for, to know whether there is a next page.
                    let rows_left = limit + 1 - page.items.len() as i64;
                    let mut rows = match &to {
                        Some(to) => statement.query(params![from, rows_left, to])?,
                        None => statement.query(params![from, rows_left])?,
                    };
                    while let Some(row) = rows.next()? {
                        if page.items.len() as i64 == limit {
                            page.next = Some(last);
                            return Ok(page);
                        }
                        last = row.get(0)?;
                        page.items.push(read(&mut RowColumns::new(row))?);
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
        .query_row([rid.as_str()], |row| {
            Ok(RowColumns::new(row).stored_bundle())
        })
        .optional()?
        .transpose()
}

fn written_by(connection: &Connection, query: &WrittenQuery) -> Result<Page<Written>> {
    let limit = page_limit(query.limit);
    let revision = query.revision.map(rows::revision).transpose()?;
    let mut statement = connection.prepare_cached(
        "SELECT rid, timestamp, writer_revision, writer_digest FROM bundle
         WHERE writer_extension = ?1 AND rid > ?2 AND (?3 IS NULL OR writer_revision = ?3)
         ORDER BY rid LIMIT ?4",
    )?;
    let from = query.cursor.as_deref().unwrap_or_default();
    let mut rows = statement.query(params![query.extension, from, revision, limit + 1])?;
    let mut page = Page::empty();
    while let Some(row) = rows.next()? {
        if page.items.len() as i64 == limit {
            page.next = page.items.last().map(|last: &Written| last.rid.to_string());
            break;
        }
        let mut columns = RowColumns::new(row);
        page.items.push(Written {
            rid: columns.parsed("a RID")?,
            timestamp: columns.parsed("a timestamp")?,
            writer: Writer {
                extension: query.extension.clone(),
                revision: columns.number()?,
                digest: columns.string()?,
            },
        });
    }
    Ok(page)
}

/// The types that a query's ranges depend on.
fn types_for(connection: &Connection, query: &BundleQuery) -> Result<Vec<RidType>> {
    match range::needs_types(query) {
        true => types(connection),
        false => Ok(Vec::new()),
    }
}

/// The types that have bundles, found by stepping from one to the next along the index: types are
/// few, bundles many.
fn types(connection: &Connection) -> Result<Vec<RidType>> {
    let mut statement =
        connection.prepare_cached("SELECT rid FROM bundle WHERE rid >= ? ORDER BY rid LIMIT 1")?;
    let mut types = Vec::new();
    let mut from = String::new();
    loop {
        let first = statement
            .query_row([&from], |row| {
                Ok(RowColumns::new(row).parsed::<Rid>("a RID"))
            })
            .optional()?;
        let Some(first) = first else {
            return Ok(types);
        };
        let rid_type = first?.rid_type();
        let range = Range::of_type(rid_type.as_str(), "");
        types.push(rid_type);
        match range.to {
            Some(to) => from = to,
            None => return Ok(types),
        }
    }
}

fn count(connection: &Connection) -> Result<Vec<(RidType, u64)>> {
    let mut statement =
        connection.prepare_cached("SELECT count(*) FROM bundle WHERE rid >= ? AND rid < ?")?;
    let mut counts = types(connection)?
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
