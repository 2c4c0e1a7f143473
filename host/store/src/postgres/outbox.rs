//! The outbox.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use koi_rid::{EventType, Rid, Timestamp};
use tokio_postgres::Row;

use super::query::{self, Binding, Request, RowColumns};
use super::{Postgres, blocking, page, room};
use crate::page::{PAGE_BYTES, page_limit};
use crate::rows::{Bind, Columns, bytes_of, id, parts_columns};
use crate::{Outbox, OutboxEntry, Outgoing, Result};

#[async_trait]
impl Outbox for Postgres {
    async fn peers(&self) -> Result<Vec<Rid>> {
        // From one peer to the next along the index: peers are few, their rows many.
        let sql = "
            WITH RECURSIVE step AS (
                (SELECT peer FROM outbox ORDER BY sha256(peer) LIMIT 1)
                UNION ALL
                SELECT (
                    SELECT peer FROM outbox WHERE sha256(peer) > sha256(step.peer)
                    ORDER BY sha256(peer) LIMIT 1
                ) FROM step WHERE step.peer IS NOT NULL
            )
            SELECT peer FROM step WHERE peer IS NOT NULL ORDER BY peer";
        let rows = query::rows(&*self.reader().await?, sql, &[]).await?;
        rows.iter()
            .map(|row| RowColumns::new(row).parsed("a peer"))
            .collect()
    }

    async fn next(&self, peer: &Rid, after: u64, limit: u32) -> Result<Vec<OutboxEntry>> {
        let sql = page::statement(
            concat!(
                "id, version, attempts, given, event_type, ",
                parts_columns!()
            ),
            "outbox",
            "sha256(peer) = sha256($1) AND id > $2",
            "id",
            "$3",
            PAGE_BYTES,
        );
        let values = [peer.into(), id(after).into(), page_limit(limit).into()];
        let rows = query::rows(&*self.reader().await?, &sql, &values).await?;
        let peer = peer.clone();
        blocking(move || {
            let mut entries = Vec::new();
            let mut bytes = 0;
            for row in rows.iter() {
                if bytes >= PAGE_BYTES {
                    break;
                }
                let entry = RowColumns::new(row).outbox_entry(&peer)?;
                bytes += bytes_of(entry.event.contents.as_ref());
                entries.push(entry);
            }
            Ok(entries)
        })
        .await
    }

    async fn len(&self, peer: Option<&Rid>) -> Result<u64> {
        let reader = self.reader().await?;
        match peer {
            Some(peer) => {
                let sql = "SELECT count(*) FROM outbox WHERE sha256(peer) = sha256($1)";
                query::number(&*reader, sql, &[peer.into()]).await
            }
            None => query::number(&*reader, "SELECT count(*) FROM outbox", &[]).await,
        }
    }
}

/// Adds an entry and gives its id, or puts its event in the place of an older one of its RID and gives
/// nothing.
pub(super) fn insert(outgoing: &Outgoing) -> Result<Request<'_>> {
    let Outgoing { peer, event } = outgoing;
    let mut bind = Binding::default();
    bind.string(event.event_type.as_str())?;
    bind.parts(&event.rid, event.manifest.as_ref(), event.contents.as_ref())?;
    bind.string(peer.as_str())?;
    bind.number(Some(bytes_of(event.contents.as_ref()) as i64))?;
    bind.number(Some(Timestamp::now().to_micros()))?;
    Ok(Request {
        sql: match event.event_type {
            EventType::Forget => INSERT_ALONE,
            EventType::New | EventType::Update => REPLACE_OR_INSERT,
        },
        values: bind.values,
    })
}

/// The place of what waits for the peer about the RID.
macro_rules! same {
    () => {
        "sha256(peer) = sha256($8) AND sha256(rid) = sha256($2)"
    };
}

/// With all that waits about the RID gone.
const INSERT_ALONE: &str = concat!(
    "WITH before AS (DELETE FROM outbox WHERE ",
    same!(),
    ") INSERT INTO outbox (event_type, ",
    parts_columns!(),
    ", peer, bytes, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id"
);

/// In the place of a NEW or UPDATE that waits, if one does.
const REPLACE_OR_INSERT: &str = concat!(
    "WITH before AS (
         UPDATE outbox SET (event_type, ",
    parts_columns!(),
    ", bytes, version, attempts, given) = (
             CASE event_type WHEN 'NEW' THEN event_type ELSE $1 END,
             $2, $3, $4, $5, $6, $7, $9, version + 1, 0, 0
         )
         WHERE event_type <> 'FORGET' AND ",
    same!(),
    " RETURNING id
     )
     INSERT INTO outbox (event_type, ",
    parts_columns!(),
    ", peer, bytes, at)
     SELECT $1::bytea, $2::bytea, $3::bytea, $4::bytea, $5::bytea, $6::bytea, $7::bytea, $8::bytea,
         $9::bigint, $10::bigint
     WHERE NOT EXISTS (SELECT FROM before)
     RETURNING id"
);

/// Sees to it that there is room after [`insert`] has given an id.
pub(super) async fn inserted(
    client: &ClientWrapper,
    outgoing: &Outgoing,
    rows: &[Row],
) -> Result<()> {
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let entry = RowColumns::new(row).number()?;
    let bytes = bytes_of(outgoing.event.contents.as_ref());
    room::make(client, &outgoing.peer, entry, bytes).await
}
