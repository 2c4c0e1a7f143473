//! The bundles.

mod list;

use async_trait::async_trait;
use koi_rid::{Manifest, Rid, RidType, Writer};
use rusqlite::{Connection, OptionalExtension, params};

use super::range::{self, Range};
use super::rows::{self, Columns, stored_bundle_columns};
use super::{Sqlite, page_limit};
use crate::{BundleQuery, Bundles, Page, Result, StoredBundle, Written, WrittenQuery};

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
        read: fn(&mut Columns<'_>) -> Result<T>,
    ) -> Result<Page<T>> {
        let query = query.clone();
        self.readers
            .read(move |connection| {
                let limit = page_limit(query.limit);
                let mut page = Page {
                    items: Vec::new(),
                    next: None,
                };
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
                        if page.items.len() as i64 == limit {
                            page.next = Some(last);
                            return Ok(page);
                        }
                        last = row.get(0)?;
                        page.items.push(read(&mut Columns::new(row))?);
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
    let mut page = Page {
        items: Vec::new(),
        next: None,
    };
    while let Some(row) = rows.next()? {
        if page.items.len() as i64 == limit {
            page.next = page.items.last().map(|last: &Written| last.rid.to_string());
            break;
        }
        let mut columns = Columns::new(row);
        page.items.push(Written {
            rid: columns.parsed("a RID")?,
            timestamp: columns.parsed("a timestamp")?,
            writer: Writer {
                extension: query.extension.clone(),
                revision: columns.number()?,
                digest: columns.value()?,
            },
        });
    }
    Ok(page)
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
