//! The inbox.

use async_trait::async_trait;
use koi_rid::Timestamp;
use rusqlite::{Connection, params};

use super::Sqlite;
use super::rows::{Binding, RowColumns};
use crate::page::{PAGE_BYTES, page_limit};
use crate::rows::{Bind, Columns, arrival_columns, bytes_of, id};
use crate::{Arrival, Inbox, InboxEntry, Result};

#[async_trait]
impl Inbox for Sqlite {
    async fn accept(&self, arrivals: Vec<Arrival>) -> Result<Vec<u64>> {
        let due = Timestamp::now();
        self.writer
            .write(move |connection| {
                arrivals
                    .iter()
                    .map(|arrival| insert(connection, arrival, &due))
                    .collect()
            })
            .await
    }

    async fn pending(&self, after: u64, limit: u32) -> Result<Vec<InboxEntry>> {
        self.readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(concat!(
                    "SELECT id, attempts, due, ",
                    arrival_columns!(),
                    " FROM inbox WHERE id > ? ORDER BY id LIMIT ?"
                ))?;
                let mut rows = statement.query(params![id(after), page_limit(limit)])?;
                let mut entries = Vec::new();
                let mut bytes = 0;
                while bytes < PAGE_BYTES
                    && let Some(row) = rows.next()?
                {
                    let entry = RowColumns::new(row).inbox_entry()?;
                    bytes += bytes_of(entry.arrival.contents.as_ref());
                    entries.push(entry);
                }
                Ok(entries)
            })
            .await
    }

    async fn len(&self) -> Result<u64> {
        self.count_rows("SELECT count(*) FROM inbox", None).await
    }
}

/// Adds an entry and answers with its id.
pub(super) fn insert(connection: &Connection, arrival: &Arrival, due: &Timestamp) -> Result<u64> {
    let mut statement = connection.prepare_cached(concat!(
        "INSERT INTO inbox (",
        arrival_columns!(),
        ", due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ))?;
    let mut bind = Binding::new(&mut statement);
    bind.arrival(arrival)?;
    bind.string(due.as_str())?;
    bind.execute()?;
    // Rowids are counted from 1.
    Ok(connection.last_insert_rowid().unsigned_abs())
}
