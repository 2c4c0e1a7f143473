//! The outbox.

use async_trait::async_trait;
use koi_rid::{Event, Rid};
use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{Bind, Columns, bytes_of, id, parts_columns};
use super::{PAGE_BYTES, Sqlite, page_limit};
use crate::{Outbox, OutboxEntry, Outgoing, Result};

#[async_trait]
impl Outbox for Sqlite {
    async fn peers(&self) -> Result<Vec<Rid>> {
        self.readers
            .read(|connection| {
                // From one peer to the next along the index: peers are few, their rows many.
                let mut statement = connection.prepare_cached(
                    "SELECT peer FROM outbox WHERE peer > ? ORDER BY peer LIMIT 1",
                )?;
                let mut peers: Vec<Rid> = Vec::new();
                loop {
                    let last = peers.last().map_or("", Rid::as_str);
                    let next = statement
                        .query_row(params![last], |row| Ok(Columns::new(row).parsed("a peer")))
                        .optional()?;
                    match next {
                        Some(peer) => peers.push(peer?),
                        None => return Ok(peers),
                    }
                }
            })
            .await
    }

    async fn next(&self, peer: &Rid, after: u64, limit: u32) -> Result<Vec<OutboxEntry>> {
        let peer = peer.clone();
        self.readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(concat!(
                    "SELECT id, attempts, event_type, ",
                    parts_columns!(),
                    " FROM outbox WHERE peer = ? AND id > ? ORDER BY id LIMIT ?"
                ))?;
                let params = params![peer.as_str(), id(after), page_limit(limit)];
                let mut rows = statement.query(params)?;
                let mut entries = Vec::new();
                let mut bytes = 0;
                while bytes < PAGE_BYTES
                    && let Some(row) = rows.next()?
                {
                    let entry = entry(&peer, &mut Columns::new(row))?;
                    bytes += bytes_of(entry.event.contents.as_ref());
                    entries.push(entry);
                }
                Ok(entries)
            })
            .await
    }

    async fn len(&self, peer: Option<&Rid>) -> Result<u64> {
        match peer {
            Some(peer) => {
                let sql = "SELECT count(*) FROM outbox WHERE peer = ?";
                self.count_rows(sql, Some(peer.as_str())).await
            }
            None => self.count_rows("SELECT count(*) FROM outbox", None).await,
        }
    }
}

fn entry(peer: &Rid, columns: &mut Columns<'_>) -> Result<OutboxEntry> {
    let id = columns.number()?;
    let attempts = columns.number()?;
    let event_type = columns.parsed("an event type")?;
    let (rid, manifest, contents) = columns.parts()?;
    Ok(OutboxEntry {
        id,
        peer: peer.clone(),
        event: Event {
            rid,
            event_type,
            manifest,
            contents,
        },
        attempts,
    })
}

/// Adds an entry.
pub(super) fn insert(connection: &Connection, outgoing: &Outgoing) -> Result<()> {
    let mut statement = connection.prepare_cached(concat!(
        "INSERT INTO outbox (event_type, ",
        parts_columns!(),
        ", peer) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    ))?;
    let event = &outgoing.event;
    let mut bind = Bind::new(&mut statement);
    bind.value(event.event_type.as_str())?;
    bind.parts(&event.rid, event.manifest.as_ref(), event.contents.as_ref())?;
    bind.value(outgoing.peer.as_str())?;
    bind.execute()?;
    Ok(())
}
