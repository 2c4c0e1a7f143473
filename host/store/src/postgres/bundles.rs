//! The bundles.

mod list;

use async_trait::async_trait;
use deadpool_postgres::{Object, Transaction};
use koi_rid::{Manifest, Rid, RidType, Writer};
use tokio_postgres::IsolationLevel;

use super::query::{self, Connected, RowColumns, Value};
use super::schema::head;
use super::{Postgres, blocking};
use crate::page::page_limit;
use crate::range::{self, Range};
use crate::rows::{Columns, revision, stored_bundle_columns};
use crate::{BundlePage, BundleQuery, Bundles, Page, Result, StoredBundle, Written, WrittenQuery};

#[async_trait]
impl Bundles for Postgres {
    async fn read(&self, rid: &Rid) -> Result<Option<StoredBundle>> {
        let sql = concat!(
            "SELECT ",
            stored_bundle_columns!(),
            " FROM bundle WHERE sha256(rid) = sha256($1)"
        );
        let row = query::row(&*self.reader().await?, sql, &[rid.into()]).await?;
        row.map(|row| RowColumns::new(&row).stored_bundle())
            .transpose()
    }

    async fn read_many(&self, rids: &[Rid]) -> Result<Vec<StoredBundle>> {
        let sql = concat!(
            "SELECT ",
            stored_bundle_columns!(),
            " FROM unnest($1::bytea[]) WITH ORDINALITY AS asked (asked_rid, place)
             JOIN bundle ON sha256(rid) = sha256(asked_rid) ORDER BY place"
        );
        let asked = Value::texts(rids.iter().map(Rid::as_str));
        let rows = query::rows(&*self.reader().await?, sql, &[asked]).await?;
        blocking(move || {
            rows.iter()
                .map(|row| RowColumns::new(row).stored_bundle())
                .collect()
        })
        .await
    }

    async fn list(&self, query: &BundleQuery) -> Result<BundlePage> {
        let mut reader = self.reader().await?;
        list::page(&moment(&mut reader).await?, query).await
    }

    async fn rids(&self, query: &BundleQuery) -> Result<Page<Rid>> {
        self.page(query, "rid", |columns| columns.parsed("a RID"))
            .await
    }

    async fn manifests(&self, query: &BundleQuery) -> Result<Page<Manifest>> {
        let columns = "rid, timestamp, sha256_hash, extras";
        self.page(query, columns, |columns| columns.bundle_manifest())
            .await
    }

    async fn written_by(&self, query: &WrittenQuery) -> Result<Page<Written>> {
        let limit = page_limit(query.limit);
        let sql = concat!(
            "SELECT rid, timestamp, writer_revision, writer_digest FROM bundle
             WHERE writer_extension = $1 AND rid > $2 AND ",
            head!("rid"),
            " >= ",
            head!("$2::bytea"),
            " AND ($3::bigint IS NULL OR writer_revision = $3) ORDER BY ",
            head!("rid"),
            ", rid LIMIT $4"
        );
        let values = [
            (&query.extension).into(),
            query.cursor.as_deref().unwrap_or_default().into(),
            query.revision.map(revision).transpose()?.into(),
            (limit + 1).into(),
        ];
        let rows = query::rows(&*self.reader().await?, sql, &values).await?;
        let mut page: Page<Written> = Page::empty();
        for row in &rows {
            if page.items.len() as i64 == limit {
                page.next = page.items.last().map(|last| last.rid.to_string());
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

    async fn count(&self) -> Result<Vec<(RidType, u64)>> {
        let sql = "SELECT rid_type, count(*) FROM bundle GROUP BY rid_type ORDER BY rid_type";
        let rows = query::rows(&*self.reader().await?, sql, &[]).await?;
        let mut counts = rows
            .iter()
            .map(|row| {
                let mut columns = RowColumns::new(row);
                Ok((columns.parsed("a RID type")?, columns.number()?))
            })
            .collect::<Result<Vec<_>>>()?;
        counts.sort();
        Ok(counts)
    }
}

impl Postgres {
    /// A page of what `read` makes of the rows, of which the RID comes first.
    async fn page<T>(
        &self,
        query: &BundleQuery,
        columns: &str,
        read: fn(&mut RowColumns<'_>) -> Result<T>,
    ) -> Result<Page<T>> {
        let limit = page_limit(query.limit);
        let mut reader = self.reader().await?;
        let moment = moment(&mut reader).await?;
        let types = types_for(&moment, query).await?;
        let mut page = Page::empty();
        let mut last = None;
        for Range { from, to } in range::of_query(query, &types) {
            let sql = format!(
                "SELECT {columns} FROM bundle WHERE {FROM}{} ORDER BY {BY_RID} LIMIT $2",
                to.as_ref().map_or("", |_| TO),
            );
            // One more than asked for, to know whether there is a next page.
            let rows_left = limit + 1 - page.items.len() as i64;
            let mut values = vec![(&from).into(), rows_left.into()];
            values.extend(to.as_ref().map(Value::from));
            for row in query::rows(&moment, &sql, &values).await? {
                if page.items.len() as i64 == limit {
                    page.next = last;
                    return Ok(page);
                }
                last = Some(RowColumns::new(&row).string()?);
                page.items.push(read(&mut RowColumns::new(&row))?);
            }
        }
        Ok(page)
    }
}

/// RIDs from the first parameter on.
pub(super) const FROM: &str = concat!("rid >= $1 AND ", head!("rid"), " >= ", head!("$1::bytea"));

/// RIDs before the third parameter.
pub(super) const TO: &str = concat!(
    " AND rid < $3 AND ",
    head!("rid"),
    " <= ",
    head!("$3::bytea")
);

pub(super) const BY_RID: &str = concat!(head!("rid"), ", rid");

/// Holds several statements to one moment. Never committed: it changes nothing.
async fn moment(reader: &mut Object) -> Result<Transaction<'_>> {
    Ok(reader
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?)
}

/// The types that a query's ranges depend on.
async fn types_for(client: &impl Connected, query: &BundleQuery) -> Result<Vec<RidType>> {
    if !range::needs_types(query) {
        return Ok(Vec::new());
    }
    // From one type to the next along the index: types are few, bundles many.
    let sql = "
        WITH RECURSIVE step AS (
            (SELECT rid_type FROM bundle ORDER BY sha256(rid_type) LIMIT 1)
            UNION ALL
            SELECT (
                SELECT rid_type FROM bundle WHERE sha256(rid_type) > sha256(step.rid_type)
                ORDER BY sha256(rid_type) LIMIT 1
            ) FROM step WHERE step.rid_type IS NOT NULL
        )
        SELECT rid_type FROM step WHERE rid_type IS NOT NULL";
    let rows = query::rows(client, sql, &[]).await?;
    rows.iter()
        .map(|row| RowColumns::new(row).parsed("a RID type"))
        .collect()
}
