//! The outbox.

use async_trait::async_trait;
use koi_rid::{EventType, Rid, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{Binding, RowColumns};
use super::{Sqlite, room};
use crate::page::{PAGE_BYTES, page_limit};
use crate::rows::{Bind, Columns, bytes_of, id, parts_columns};
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
                        .query_row(params![last], |row| {
                            Ok(RowColumns::new(row).parsed("a peer"))
                        })
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
                    "SELECT id, version, attempts, given, event_type, ",
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
                    let entry = RowColumns::new(row).outbox_entry(&peer)?;
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

/// Adds an entry, or puts its event in the place of an older one of its RID.
pub(super) fn insert(connection: &Connection, outgoing: &Outgoing) -> Result<()> {
    let Outgoing { peer, event } = outgoing;
    if event.event_type == EventType::Forget {
        connection
            .prepare_cached("DELETE FROM outbox WHERE peer = ? AND rid = ?")?
            .execute(params![peer.as_str(), event.rid.as_str()])?;
    } else if replace(connection, outgoing)? {
        return Ok(());
    }
    let bytes = bytes_of(event.contents.as_ref());
    let mut statement = connection.prepare_cached(concat!(
        "INSERT INTO outbox (event_type, ",
        parts_columns!(),
        ", peer, bytes, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ))?;
    let mut bind = Binding::new(&mut statement);
    bind.string(event.event_type.as_str())?;
    bind.parts(&event.rid, event.manifest.as_ref(), event.contents.as_ref())?;
    bind.string(peer.as_str())?;
    bind.number(Some(bytes as i64))?;
    bind.number(Some(Timestamp::now().to_micros()))?;
    bind.execute()?;
    room::make(connection, peer, connection.last_insert_rowid(), bytes)
}

/// Puts a NEW or UPDATE in the place of one that waits. False if none does.
fn replace(connection: &Connection, outgoing: &Outgoing) -> Result<bool> {
    let Outgoing { peer, event } = outgoing;
    let mut statement = connection.prepare_cached(concat!(
        "UPDATE outbox SET (event_type, ",
        parts_columns!(),
        ", bytes, version, attempts, given) = (iif(event_type = 'NEW', 'NEW', ?), \
         ?, ?, ?, ?, ?, ?, ?, version + 1, 0, 0) \
         WHERE peer = ? AND rid = ? AND event_type <> 'FORGET'"
    ))?;
    let mut bind = Binding::new(&mut statement);
    bind.string(event.event_type.as_str())?;
    bind.parts(&event.rid, event.manifest.as_ref(), event.contents.as_ref())?;
    bind.number(Some(bytes_of(event.contents.as_ref()) as i64))?;
    bind.string(peer.as_str())?;
    bind.string(event.rid.as_str())?;
    Ok(bind.execute()? > 0)
}
