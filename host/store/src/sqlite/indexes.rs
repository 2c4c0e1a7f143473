//! Indexes on what contents have.

use async_trait::async_trait;
use koi_rid::Contents;
use rusqlite::{Connection, OptionalExtension, params};

use super::Sqlite;
use super::rows::RowColumns;
use crate::indexes::{FILL_BYTES, FILL_ROWS, Numbered, REMOVE_ROWS, key};
use crate::range::Range;
use crate::rows::{Columns, bytes_of};
use crate::{Declaration, Index, Indexes, Result};

#[async_trait]
impl Indexes for Sqlite {
    async fn declare(&self, wanted: &[Declaration]) -> Result<()> {
        let (wanted, declared) = (wanted.to_vec(), self.declared.clone());
        let now = self.writer.write(move |connection| {
            declare(connection, &wanted)?;
            let now = numbered(connection)?;
            // What is written from here on has their keys, also in this very transaction.
            declared.add(now.clone());
            Ok(now)
        });
        self.declared.set(now.await?);
        Ok(())
    }

    async fn tend(&self) -> Result<bool> {
        self.writer
            .write(|connection| match to_fill(connection)? {
                Some(index) => fill(connection, &index).map(|()| true),
                None => remove(connection),
            })
            .await
    }

    async fn indexes(&self) -> Result<Vec<Index>> {
        self.readers.read(indexes).await
    }
}

/// The declared paths.
pub(super) fn numbered(connection: &Connection) -> Result<Vec<Numbered>> {
    let mut statement = connection.prepare_cached("SELECT id, rid_type, path FROM bundle_index")?;
    let mut rows = statement.query([])?;
    let mut paths = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = RowColumns::new(row);
        paths.push(Numbered {
            number: columns.number()?,
            on: declaration(&mut columns)?,
        });
    }
    Ok(paths)
}

fn declaration(columns: &mut RowColumns<'_>) -> Result<Declaration> {
    Ok(Declaration {
        rid_type: columns.parsed("the RID type of an index")?,
        path: columns.parsed("the path of an index")?,
    })
}

fn indexes(connection: &Connection) -> Result<Vec<Index>> {
    let mut statement = connection.prepare_cached(
        "SELECT rid_type, path, is_whole FROM bundle_index ORDER BY rid_type, path",
    )?;
    let mut rows = statement.query([])?;
    let mut indexes = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = RowColumns::new(row);
        indexes.push(Index {
            on: declaration(&mut columns)?,
            is_whole: columns.number::<u8>()? != 0,
        });
    }
    Ok(indexes)
}

fn declare(connection: &Connection, wanted: &[Declaration]) -> Result<()> {
    for Numbered { number, on } in numbered(connection)? {
        if !wanted.contains(&on) {
            connection
                .prepare_cached("DELETE FROM bundle_index WHERE id = ?")?
                .execute([number])?;
        }
    }
    let mut statement = connection.prepare_cached(
        "INSERT INTO bundle_index (rid_type, path) VALUES (?, ?) ON CONFLICT DO NOTHING",
    )?;
    for on in wanted {
        statement.execute([on.rid_type.as_str(), on.path.as_str()])?;
    }
    Ok(())
}

/// An index that is not whole, and the RID up to which it is filled.
struct Unfilled {
    index: Numbered,
    filled_to: String,
}

fn to_fill(connection: &Connection) -> Result<Option<Unfilled>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, rid_type, path, filled_to FROM bundle_index WHERE is_whole = 0
         ORDER BY id LIMIT 1",
    )?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let mut columns = RowColumns::new(row);
    Ok(Some(Unfilled {
        index: Numbered {
            number: columns.number()?,
            on: declaration(&mut columns)?,
        },
        filled_to: columns.string()?,
    }))
}

/// Takes the keys of the next bundles into an index.
fn fill(connection: &Connection, unfilled: &Unfilled) -> Result<()> {
    let Numbered { number, on } = &unfilled.index;
    let range = Range::of_type(on.rid_type.as_str(), "");
    let Range { from, to } = range.after(&unfilled.filled_to).unwrap_or_default();
    let mut bundles = connection.prepare_cached(
        "SELECT rid, contents, id FROM bundle WHERE rid >= ? AND rid < ? ORDER BY rid LIMIT ?",
    )?;
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO bundle_key (bundle, bundle_index, key, bundle_rid)
         VALUES (?, ?, ?, ?)",
    )?;
    let mut rows = bundles.query(params![from, to, FILL_ROWS])?;
    let (mut filled_to, mut count, mut bytes) = (unfilled.filled_to.clone(), 0, 0);
    while bytes < FILL_BYTES
        && let Some(row) = rows.next()?
    {
        let mut columns = RowColumns::new(row);
        filled_to = columns.string()?;
        let contents: Contents = columns
            .optional("contents", Contents::parse)?
            .ok_or_else(|| crate::StoreError::damaged("contents", "there are none"))?;
        let bundle: i64 = columns.number()?;
        if let Some(key) = key(&on.path, &contents) {
            insert.execute(params![bundle, number, key, filled_to])?;
        }
        count += 1;
        bytes += bytes_of(Some(&contents));
    }
    let is_whole = count < FILL_ROWS && bytes < FILL_BYTES;
    connection
        .prepare_cached("UPDATE bundle_index SET filled_to = ?, is_whole = ? WHERE id = ?")?
        .execute(params![filled_to, is_whole, number])?;
    Ok(())
}

/// Removes some keys of an index that is no longer declared; false if there are none.
fn remove(connection: &Connection) -> Result<bool> {
    let declared = numbered(connection)?;
    let mut next = connection.prepare_cached(
        "SELECT bundle_index FROM bundle_key WHERE bundle_index > ? ORDER BY bundle_index LIMIT 1",
    )?;
    let mut last = i64::MIN;
    // From one index to the next: they are few, their keys many.
    while let Some(number) = next
        .query_row([last], |row| row.get::<_, i64>(0))
        .optional()?
    {
        if !declared.iter().any(|path| path.number == number) {
            let sql = "DELETE FROM bundle_key WHERE (bundle, bundle_index) IN (
                           SELECT bundle, bundle_index FROM bundle_key
                           WHERE bundle_index = ? LIMIT ?
                       )";
            connection
                .prepare_cached(sql)?
                .execute([number, REMOVE_ROWS])?;
            return Ok(true);
        }
        last = number;
    }
    Ok(false)
}

/// Keeps the keys of a bundle that was written, in place of those that it had.
pub(super) fn put(connection: &Connection, rid: &str, keys: &[(i64, Vec<u8>)]) -> Result<()> {
    let bundle: i64 = connection
        .prepare_cached("SELECT id FROM bundle WHERE rid = ?")?
        .query_row([rid], |row| row.get(0))?;
    connection
        .prepare_cached("DELETE FROM bundle_key WHERE bundle = ?")?
        .execute([bundle])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO bundle_key (bundle, bundle_index, key, bundle_rid) VALUES (?, ?, ?, ?)",
    )?;
    for (index, key) in keys {
        insert.execute(params![bundle, index, key, rid])?;
    }
    Ok(())
}
