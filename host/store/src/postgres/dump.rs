//! Copies of the store as JSON lines and back.

use std::io::BufRead;
use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::{ClientWrapper, Object};
use futures::{StreamExt, TryStreamExt, stream};
use koi_rid::{Rid, Timestamp};
use tokio::sync::mpsc;
use tokio_postgres::types::ToSql;
use tokio_postgres::{IsolationLevel, Row};

use super::link::Link;
use super::place::Place;
use super::schema::head;
use super::{Postgres, Settings, fault};
use crate::dump::{self, Cell, CellRef, Entry, Holds, KINDS, Kind, Reader, Writer};
use crate::{Archive, Export, Result, Rows, StoreError};

/// Pieces, or batches, that wait for whoever takes them.
const UNDERWAY: usize = 4;

/// Rows in one statement, and bytes in them at which it is long enough.
const BATCH: usize = 1000;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

#[async_trait]
impl Archive for Postgres {
    async fn export(&self) -> Result<Export> {
        let (sender, receiver) = mpsc::channel(UNDERWAY);
        let reader = self.reader().await?;
        tokio::spawn(async move {
            if let Err(error) = write(reader, &sender).await {
                // Nobody to tell: whoever reads has stopped.
                let _ = sender.send(Err(error)).await;
            }
        });
        let pieces = stream::unfold(receiver, async |mut receiver| {
            Some((receiver.recv().await?, receiver))
        });
        Ok(pieces.boxed())
    }
}

/// Writes all that there is, for as long as pieces are taken.
async fn write(mut reader: Object, sender: &mpsc::Sender<Result<bytes::Bytes>>) -> Result<()> {
    // Never committed: it holds all statements to one moment.
    let moment = reader
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let mut writer = Writer::new();
    for kind in KINDS {
        let sql = format!(
            "SELECT {} FROM {} ORDER BY {}",
            kind.column_list(),
            kind.table,
            order(kind)
        );
        let statement = moment.prepare(&sql).await?;
        // Rows come as they are read, and no faster.
        let rows = moment.query_raw(&statement, Vec::<i64>::new()).await?;
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = rows.try_next().await? {
            writer.row(kind, |place| cell(kind, &row, place))?;
            if let Some(piece) = writer.piece()
                && sender.send(Ok(piece)).await.is_err()
            {
                return Ok(());
            }
        }
    }
    for piece in writer.end() {
        let _ = sender.send(Ok(piece)).await;
    }
    Ok(())
}

fn order(kind: &Kind) -> String {
    match kind.table {
        // As its index has it.
        "bundle" => concat!(head!("rid"), ", rid").to_owned(),
        _ => kind.key_list(),
    }
}

fn cell<'r>(kind: &Kind, row: &'r Row, place: usize) -> Result<CellRef<'r>> {
    let holds = kind.columns.get(place).map(|column| column.holds);
    if holds.is_some_and(Holds::is_number) {
        let number: Option<i64> = row.try_get(place)?;
        return Ok(number.map_or(CellRef::Null, CellRef::Number));
    }
    let bytes: Option<&[u8]> = row.try_get(place)?;
    let Some(bytes) = bytes else {
        return Ok(CellRef::Null);
    };
    if holds.is_some_and(Holds::is_bytes) {
        return Ok(CellRef::Bytes(bytes));
    }
    let text = str::from_utf8(bytes).map_err(|error| StoreError::damaged("a text", error))?;
    Ok(CellRef::Text(text))
}

/// Reads an export into the store in a schema, which is made if it is not there and else has to be
/// empty: all of it or nothing.
///
/// # Errors
/// As [`super::open`], and if the store is not empty, the export cannot be read or is not as it has to
/// be, with the line.
pub async fn import(settings: Settings, export: impl BufRead + Send + 'static) -> Result<Rows> {
    let mut link = Link::new(Arc::new(Place::of(settings)?));
    let client = link.client().await?;
    client.batch_execute("BEGIN").await?;
    // A failure takes the connection with it, and that what it has done.
    for kind in KINDS {
        let sql = format!("SELECT FROM {} LIMIT 1", kind.table);
        if client.query_opt(&sql, &[]).await?.is_some() {
            return Err(dump::not_empty(kind));
        }
    }
    let (sender, mut batches) = mpsc::channel(UNDERWAY);
    let reading = tokio::task::spawn_blocking(move || read(export, &sender));
    while let Some(batch) = batches.recv().await {
        insert(client, &batch).await?;
    }
    let rows = reading.await.map_err(|error| StoreError::Io {
        what: "reading the export".to_owned(),
        source: error.into(),
    })??;
    for kind in KINDS.iter().filter(|kind| has_id(kind)) {
        let sql = format!(
            "SELECT setval(pg_get_serial_sequence('{0}', 'id'), max(id)) FROM {0} HAVING count(*) > 0",
            kind.table
        );
        client.execute(&sql, &[]).await?;
    }
    let committed = client.batch_execute("COMMIT").await;
    committed.map_err(fault::of_commit)?;
    Ok(rows)
}

/// Reads rows for as long as they are taken.
fn read(export: impl BufRead, sender: &mpsc::Sender<Batch>) -> Result<Rows> {
    let mut reader = Reader::new(export)?;
    let mut batch: Option<Batch> = None;
    while let Some(entry) = reader.next()? {
        if let Some(full) = batch.take_if(|batch| !batch.takes(&entry))
            && sender.blocking_send(full).is_err()
        {
            return Err(StoreError::Closed);
        }
        batch.get_or_insert_with(|| Batch::of(&entry)).add(entry)?;
    }
    if let Some(last) = batch
        && sender.blocking_send(last).is_err()
    {
        return Err(StoreError::Closed);
    }
    Ok(reader.rows())
}

/// Rows of one kind, by columns.
struct Batch {
    kind: &'static Kind,
    columns: Vec<Values>,
    rows: usize,
    bytes: usize,
    first: u64,
    last: u64,
}

enum Values {
    Numbers(Vec<Option<i64>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Batch {
    /// None yet, for such as this one and those after it.
    fn of(entry: &Entry) -> Self {
        let columns = entry.kind.columns.iter();
        let columns = columns.map(|column| match column.holds.is_number() {
            true => Values::Numbers(Vec::new()),
            false => Values::Bytes(Vec::new()),
        });
        let mut columns: Vec<_> = columns.collect();
        if entry.kind.table == "bundle" {
            columns.extend([Values::Bytes(Vec::new()), Values::Numbers(Vec::new())]);
        }
        Self {
            kind: entry.kind,
            columns,
            rows: 0,
            bytes: 0,
            first: entry.line,
            last: entry.line,
        }
    }

    fn takes(&self, entry: &Entry) -> bool {
        self.kind.table == entry.kind.table && self.rows < BATCH && self.bytes < BATCH_BYTES
    }

    fn add(&mut self, entry: Entry) -> Result<()> {
        let mut cells = entry.cells;
        if self.kind.table == "bundle" {
            cells.extend(derived(&cells)?);
        }
        for (values, cell) in self.columns.iter_mut().zip(cells) {
            match (values, cell) {
                (Values::Numbers(numbers), Cell::Number(number)) => numbers.push(Some(number)),
                (Values::Numbers(numbers), _) => numbers.push(None),
                (Values::Bytes(all), cell) => {
                    let bytes = match cell {
                        Cell::Text(text) => Some(text.into_bytes()),
                        Cell::Bytes(bytes) => Some(bytes),
                        Cell::Null | Cell::Number(_) => None,
                    };
                    self.bytes += bytes.as_ref().map_or(0, Vec::len);
                    all.push(bytes);
                }
            }
        }
        self.rows += 1;
        self.last = entry.line;
        Ok(())
    }
}

/// The type and the time of a bundle.
fn derived(cells: &[Cell]) -> Result<[Cell; 2]> {
    let [Cell::Text(rid), Cell::Text(timestamp), ..] = cells else {
        return Err(StoreError::damaged(
            "a bundle",
            "it has no RID or no timestamp",
        ));
    };
    let damaged = |error: &dyn std::fmt::Display| StoreError::damaged("a bundle", error);
    let rid = Rid::parse(rid).map_err(|error| damaged(&error))?;
    let timestamp = Timestamp::parse(timestamp).map_err(|error| damaged(&error))?;
    Ok([
        Cell::Text(rid.type_str().to_owned()),
        Cell::Number(timestamp.to_micros()),
    ])
}

async fn insert(client: &ClientWrapper, batch: &Batch) -> Result<()> {
    let statement = client.prepare_cached(&statement(batch)).await?;
    let columns = batch.columns.iter();
    let values: Vec<&(dyn ToSql + Sync)> = columns
        .map(|values| match values {
            Values::Numbers(numbers) => numbers as &(dyn ToSql + Sync),
            Values::Bytes(bytes) => bytes as &(dyn ToSql + Sync),
        })
        .collect();
    match client.execute(&statement, &values).await {
        Ok(_) => Ok(()),
        // The class of constraints that do not hold.
        Err(error)
            if error
                .code()
                .is_some_and(|code| code.code().starts_with("23")) =>
        {
            let why = error.as_db_error().map(|error| error.message());
            let why = why.unwrap_or_default();
            Err(dump::misfit(batch.kind, batch.first, batch.last, why))
        }
        Err(error) => Err(error.into()),
    }
}

fn statement(batch: &Batch) -> String {
    let kind = batch.kind;
    let mut columns = kind.column_list();
    if kind.table == "bundle" {
        columns.push_str(", rid_type, time");
    }
    let arrays: Vec<_> = batch
        .columns
        .iter()
        .zip(1..)
        .map(|(values, n)| match values {
            Values::Numbers(_) => format!("${n}::bigint[]"),
            Values::Bytes(_) => format!("${n}::bytea[]"),
        })
        .collect();
    let overriding = match has_id(kind) {
        true => "OVERRIDING SYSTEM VALUE",
        false => "",
    };
    // The size of the contents.
    let (bytes, sizes) = match kind.table {
        "outbox" | "dead_letter" => (", bytes", ", coalesce(octet_length(contents), 0)"),
        _ => ("", ""),
    };
    format!(
        "INSERT INTO {} ({columns}{bytes}) {overriding}
         SELECT {columns}{sizes} FROM unnest({}) AS come ({columns})",
        kind.table,
        arrays.join(", ")
    )
}

fn has_id(kind: &Kind) -> bool {
    kind.columns
        .first()
        .is_some_and(|column| column.holds == Holds::Id)
}
