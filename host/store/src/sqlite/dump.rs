//! Copies of the store: as JSON lines and back, and as a file like the store's own.

use std::fs::File;
use std::io::BufRead;
use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, ToSql, params_from_iter};
use tokio::sync::mpsc;

use super::{Sqlite, connect, open_reader, open_writer, schema};
use crate::dump::{self, Cell, CellRef, Entry, KINDS, Kind, Reader, Writer};
use crate::{Archive, Export, Result, Rows, StoreError};

/// Pieces that wait for whoever reads.
const UNDERWAY: usize = 4;

#[async_trait]
impl Archive for Sqlite {
    async fn export(&self) -> Result<Export> {
        let (sender, receiver) = mpsc::channel(UNDERWAY);
        // One of its own: it takes as long as whoever reads, and others want to read meanwhile.
        let connection = open_reader(&self.path)?;
        tokio::task::spawn_blocking(move || {
            // Nobody to tell: whoever reads has stopped.
            let send = |piece| sender.blocking_send(Ok(piece)).is_ok();
            if let Err(error) = write(&connection, send) {
                let _ = sender.blocking_send(Err(error));
            }
        });
        let pieces = stream::unfold(receiver, async |mut receiver| {
            Some((receiver.recv().await?, receiver))
        });
        Ok(pieces.boxed())
    }
}

/// Writes all that there is, for as long as pieces are taken.
fn write(connection: &Connection, send: impl Fn(Bytes) -> bool) -> Result<()> {
    // Never committed: it holds all statements to one moment.
    let _moment = connection.unchecked_transaction()?;
    let mut writer = Writer::new();
    for kind in KINDS {
        let sql = format!(
            "SELECT {} FROM {} ORDER BY {}",
            kind.column_list(),
            kind.table,
            kind.key_list()
        );
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            writer.row(kind, |place| cell(row, place))?;
            if let Some(piece) = writer.piece()
                && !send(piece)
            {
                return Ok(());
            }
        }
    }
    for piece in writer.end() {
        send(piece);
    }
    Ok(())
}

fn cell<'r>(row: &'r Row<'_>, place: usize) -> Result<CellRef<'r>> {
    Ok(match row.get_ref(place)? {
        ValueRef::Null => CellRef::Null,
        ValueRef::Integer(number) => CellRef::Number(number),
        ValueRef::Blob(bytes) => CellRef::Bytes(bytes),
        ValueRef::Text(text) => CellRef::Text(
            str::from_utf8(text).map_err(|error| StoreError::damaged("a text", error))?,
        ),
        ValueRef::Real(number) => return Err(StoreError::damaged("a number", number)),
    })
}

/// Reads an export into the store in a file, which is made if it is not there and else has to be empty:
/// all of it or nothing. Blocks meanwhile. That nobody else has the file open is for the caller to see
/// to.
///
/// # Errors
/// If the store is not empty, the export cannot be read or is not as it has to be, with the line.
pub fn import(path: &Path, export: impl BufRead) -> Result<Rows> {
    let mut connection = open_writer(path)?;
    let transaction = connection.transaction()?;
    for kind in KINDS {
        let sql = format!("SELECT 1 FROM {} LIMIT 1", kind.table);
        if transaction.prepare(&sql)?.exists([])? {
            return Err(dump::not_empty(kind));
        }
    }
    let mut reader = Reader::new(export)?;
    while let Some(entry) = reader.next()? {
        insert(&transaction, &entry)?;
    }
    transaction.commit()?;
    Ok(reader.rows())
}

fn insert(connection: &Connection, entry: &Entry) -> Result<()> {
    let (mut columns, mut values) = (entry.kind.column_list(), marks(entry.kind));
    if let Some(contents) = sized(entry.kind) {
        columns.push_str(", bytes");
        values.push_str(&format!(
            ", length(CAST(coalesce(?{contents}, '') AS BLOB))"
        ));
    }
    let sql = format!(
        "INSERT INTO {} ({columns}) VALUES ({values})",
        entry.kind.table
    );
    let inserted = connection
        .prepare_cached(&sql)?
        .execute(params_from_iter(&entry.cells));
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            let (line, why) = (entry.line, error.to_string());
            Err(dump::misfit(entry.kind, line, line, &why))
        }
        Err(error) => Err(error.into()),
    }
}

fn marks(kind: &Kind) -> String {
    let marks: Vec<_> = (1..=kind.columns.len()).map(|n| format!("?{n}")).collect();
    marks.join(", ")
}

/// Where the contents are whose size a column of its own has.
fn sized(kind: &Kind) -> Option<usize> {
    let mut columns = kind.columns.iter();
    let contents = columns.position(|column| column.name == "contents")?;
    matches!(kind.table, "outbox" | "dead_letter").then_some(contents + 1)
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Cell::Null => ValueRef::Null,
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Number(number) => ValueRef::Integer(*number),
            Cell::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Makes a copy of the store in a file, which is one itself, in another file, which is not there yet or
/// is empty. Others may write meanwhile; the copy is of one moment, and on the disk when this returns.
/// Blocks.
///
/// # Errors
/// If the file is no store, or one of a newer koi-mcp, or the copy cannot be written.
pub fn copy(store: &Path, copy: &Path) -> Result<()> {
    let connection = connect(store, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    schema::version(&connection, store)?;
    let name = copy.to_str().ok_or_else(|| StoreError::Invalid {
        what: format!("{} is no UTF-8 text: name another file", copy.display()),
    })?;
    connection
        .execute("VACUUM INTO ?", [name])
        .map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            _ => copying(store, error),
        })?;
    let synced = File::open(copy).and_then(|file| file.sync_all());
    synced.map_err(|error| copying(store, error))
}

fn copying(store: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Io {
        what: format!("copying the store {}", store.display()),
        source: error.into(),
    }
}

#[cfg(test)]
mod tests;
