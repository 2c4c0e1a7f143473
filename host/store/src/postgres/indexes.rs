//! Indexes on what contents have.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use koi_rid::{Contents, Rid};

use super::bundles::{BY_RID, FROM, TO};
use super::query::{self, Connected, RowColumns, Value};
use super::{Postgres, blocking, page};
use crate::indexes::{FILL_BYTES, FILL_ROWS, Numbered, REMOVE_ROWS, key};
use crate::range::Range;
use crate::rows::Columns;
use crate::{Declaration, Index, Indexes, Result};

#[async_trait]
impl Indexes for Postgres {
    async fn declare(&self, wanted: &[Declaration]) -> Result<()> {
        let (wanted, declared) = (wanted.to_vec(), self.declared.clone());
        let now = self.writer.write(async move |client| {
            declare(client, &wanted).await?;
            let now = numbered(client).await?;
            // What is written from here on has their keys, also in this very transaction.
            declared.add(now.clone());
            Ok(now)
        });
        self.declared.set(now.await?);
        Ok(())
    }

    async fn tend(&self) -> Result<bool> {
        self.writer
            .write(async |client| match to_fill(client).await? {
                Some(unfilled) => fill(client, unfilled).await.map(|()| true),
                None => remove(client).await,
            })
            .await
    }

    async fn indexes(&self) -> Result<Vec<Index>> {
        let sql = "SELECT rid_type, path, is_whole FROM bundle_index ORDER BY rid_type, path";
        let rows = query::rows(&*self.reader().await?, sql, &[]).await?;
        rows.iter()
            .map(|row| {
                let mut columns = RowColumns::new(row);
                Ok(Index {
                    on: declaration(&mut columns)?,
                    is_whole: columns.number::<u8>()? != 0,
                })
            })
            .collect()
    }
}

/// The declared paths.
pub(super) async fn numbered(client: &impl Connected) -> Result<Vec<Numbered>> {
    let rows = query::rows(client, "SELECT id, rid_type, path FROM bundle_index", &[]).await?;
    rows.iter()
        .map(|row| {
            let mut columns = RowColumns::new(row);
            Ok(Numbered {
                number: columns.number()?,
                on: declaration(&mut columns)?,
            })
        })
        .collect()
}

fn declaration(columns: &mut RowColumns<'_>) -> Result<Declaration> {
    Ok(Declaration {
        rid_type: columns.parsed("the RID type of an index")?,
        path: columns.parsed("the path of an index")?,
    })
}

async fn declare(client: &ClientWrapper, wanted: &[Declaration]) -> Result<()> {
    for Numbered { number, on } in numbered(client).await? {
        if !wanted.contains(&on) {
            let sql = "DELETE FROM bundle_index WHERE id = $1";
            query::execute(client, sql, &[number.into()]).await?;
        }
    }
    let sql = "INSERT INTO bundle_index (rid_type, path) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    for on in wanted {
        let values = [on.rid_type.as_str().into(), on.path.as_str().into()];
        query::execute(client, sql, &values).await?;
    }
    Ok(())
}

/// An index that is not whole, and the RID up to which it is filled.
struct Unfilled {
    index: Numbered,
    filled_to: String,
}

async fn to_fill(client: &ClientWrapper) -> Result<Option<Unfilled>> {
    let sql = "SELECT id, rid_type, path, filled_to FROM bundle_index WHERE is_whole = 0
               ORDER BY id LIMIT 1";
    let Some(row) = query::row(client, sql, &[]).await? else {
        return Ok(None);
    };
    let mut columns = RowColumns::new(&row);
    Ok(Some(Unfilled {
        index: Numbered {
            number: columns.number()?,
            on: declaration(&mut columns)?,
        },
        filled_to: columns.string()?,
    }))
}

/// Bundles whose keys are to be taken into an index.
#[derive(Default)]
struct Read {
    bundles: Vec<i64>,
    keys: Vec<Vec<u8>>,
    rids: Vec<Vec<u8>>,
    filled_to: String,
    is_whole: bool,
}

/// Takes the keys of the next bundles into an index.
async fn fill(client: &ClientWrapper, unfilled: Unfilled) -> Result<()> {
    let Unfilled { index, filled_to } = unfilled;
    let range = Range::of_type(index.on.rid_type.as_str(), "");
    let Range { from, to } = range.after(&filled_to).unwrap_or_default();
    let sql = page::statement(
        "rid, contents, id",
        "bundle",
        &format!("{FROM}{TO}"),
        BY_RID,
        "$2",
        FILL_BYTES,
    );
    let values = [(&from).into(), FILL_ROWS.into(), to.as_ref().into()];
    let rows = query::rows(client, &sql, &values).await?;
    let path = index.on.path.clone();
    let read = blocking(move || {
        let mut read = Read {
            is_whole: (rows.len() as i64) < FILL_ROWS,
            filled_to,
            ..Read::default()
        };
        for row in &rows {
            let mut columns = RowColumns::new(row);
            let rid: Rid = columns.parsed("a RID")?;
            let Some(contents) = columns.optional("contents", Contents::parse)? else {
                // Enough for one step.
                read.is_whole = false;
                break;
            };
            read.filled_to = rid.to_string();
            if let Some(key) = key(&path, &contents) {
                read.bundles.push(columns.number()?);
                read.keys.push(key);
                read.rids.push(rid.as_str().as_bytes().to_vec());
            }
        }
        Ok(read)
    })
    .await?;
    let sql = "INSERT INTO bundle_key (bundle, bundle_index, key, bundle_rid)
               SELECT bundle, $1::bigint, key, rid
               FROM unnest($2::bigint[], $3::bytea[], $4::bytea[]) AS read (bundle, key, rid)
               ON CONFLICT (bundle, bundle_index) DO UPDATE SET key = excluded.key";
    let values = [
        index.number.into(),
        Value::Numbers(read.bundles),
        Value::Owned(read.keys),
        Value::Owned(read.rids),
    ];
    query::execute(client, sql, &values).await?;
    let sql = "UPDATE bundle_index SET filled_to = $1, is_whole = $2 WHERE id = $3";
    let values = [
        (&read.filled_to).into(),
        i64::from(read.is_whole).into(),
        index.number.into(),
    ];
    query::execute(client, sql, &values).await?;
    Ok(())
}

/// Removes some keys of an index that is no longer declared; false if there are none.
async fn remove(client: &ClientWrapper) -> Result<bool> {
    // From one index to the next: they are few, their keys many.
    let sql = "
        WITH RECURSIVE step AS (
            (SELECT min(bundle_index) AS number FROM bundle_key)
            UNION ALL
            SELECT (SELECT min(bundle_index) FROM bundle_key WHERE bundle_index > step.number)
            FROM step WHERE step.number IS NOT NULL
        )
        DELETE FROM bundle_key WHERE (bundle, bundle_index) IN (
            SELECT bundle, bundle_index FROM bundle_key
            WHERE bundle_index = (
                SELECT min(number) FROM step
                WHERE NOT EXISTS (SELECT FROM bundle_index WHERE id = number)
            ) LIMIT $1
        )";
    Ok(query::execute(client, sql, &[REMOVE_ROWS.into()]).await? > 0)
}
