//! Dead letters.

use async_trait::async_trait;
use koi_rid::Rid;
use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{Binding, RowColumns};
use super::{Sqlite, room};
use crate::page::{PAGE_BYTES, before, page_limit};
use crate::rows::{Bind, Columns, arrival_columns, bytes_of, id, letter_columns};
use crate::{DeadLetter, DeadLetterDraft, DeadLetters, Page, Result, StoreError};

#[async_trait]
impl DeadLetters for Sqlite {
    async fn list(&self, cursor: Option<String>, limit: u32) -> Result<Page<DeadLetter>> {
        let before = before(cursor)?;
        let limit = page_limit(limit);
        self.readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(concat!(
                    "SELECT ",
                    letter_columns!(),
                    " FROM dead_letter WHERE id < ? ORDER BY id DESC LIMIT ?"
                ))?;
                // One more than asked for, to know whether there is a next page.
                let mut rows = statement.query(params![before, limit + 1])?;
                let mut items: Vec<DeadLetter> = Vec::new();
                let mut bytes = 0;
                while let Some(row) = rows.next()? {
                    if items.len() as i64 == limit || bytes >= PAGE_BYTES {
                        let next = items.last().map(|letter| letter.id.to_string());
                        return Ok(Page { items, next });
                    }
                    let letter = RowColumns::new(row).letter()?;
                    bytes += bytes_of(letter.arrival.contents.as_ref());
                    items.push(letter);
                }
                Ok(Page { items, next: None })
            })
            .await
    }

    async fn read(&self, letter_id: u64) -> Result<Option<DeadLetter>> {
        self.readers
            .read(move |connection| {
                connection
                    .prepare_cached(concat!(
                        "SELECT ",
                        letter_columns!(),
                        " FROM dead_letter WHERE id = ?"
                    ))?
                    .query_row(params![id(letter_id)], |row| {
                        Ok(RowColumns::new(row).letter())
                    })
                    .optional()?
                    .transpose()
            })
            .await
    }
}

/// Adds a letter, in place of one that says the same of the same object.
pub(super) fn insert(connection: &Connection, draft: &DeadLetterDraft) -> Result<()> {
    let times = 1 + take_same(connection, draft)?;
    let bytes = bytes_of(draft.arrival.contents.as_ref());
    let mut statement = connection.prepare_cached(concat!(
        "INSERT INTO dead_letter (phase, extension, reason, kind, at, peer, times, bytes, ",
        arrival_columns!(),
        ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ))?;
    let mut bind = Binding::new(&mut statement);
    bind.string(&draft.phase)?;
    bind.maybe(draft.extension.as_deref())?;
    bind.string(&draft.reason)?;
    bind.string(&draft.kind)?;
    bind.string(draft.at.as_str())?;
    bind.maybe(draft.peer.as_ref().map(Rid::as_str))?;
    bind.number(Some(times.into()))?;
    bind.number(Some(bytes as i64))?;
    bind.arrival(&draft.arrival)?;
    bind.execute()?;
    room::make_for_letters(connection, connection.last_insert_rowid(), bytes)
}

/// Takes away the letter that says the same of the same object, and tells how often that was said.
fn take_same(connection: &Connection, draft: &DeadLetterDraft) -> Result<u32> {
    let arrival = &draft.arrival;
    let found = connection
        .prepare_cached(
            "SELECT id, times FROM dead_letter WHERE rid = ?1 AND phase = ?2 AND kind = ?3 \
             AND extension IS ?4 AND source IS ?5 AND peer IS ?6 AND sha256_hash IS ?7 \
             AND reason = ?8 LIMIT 1",
        )?
        .query_row(
            params![
                arrival.rid.as_str(),
                draft.phase,
                draft.kind,
                draft.extension,
                arrival.source.as_ref().map(Rid::as_str),
                draft.peer.as_ref().map(Rid::as_str),
                arrival
                    .manifest
                    .as_ref()
                    .map(|manifest| &manifest.sha256_hash),
                draft.reason,
            ],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?)),
        )
        .optional()?;
    let Some((letter, times)) = found else {
        return Ok(0);
    };
    connection
        .prepare_cached("DELETE FROM dead_letter WHERE id = ?")?
        .execute([letter])?;
    Ok(times)
}

/// Removes a letter, which has to be there.
pub(super) fn remove(connection: &Connection, letter: u64) -> Result<()> {
    let removed = connection
        .prepare_cached("DELETE FROM dead_letter WHERE id = ?")?
        .execute(params![id(letter)])?;
    if removed == 0 {
        return Err(StoreError::NotFound {
            what: format!("dead letter {letter}"),
        });
    }
    Ok(())
}
