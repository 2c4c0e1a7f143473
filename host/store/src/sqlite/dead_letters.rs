//! Dead letters.

use async_trait::async_trait;
use koi_rid::Rid;
use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{Bind, Columns, arrival_columns, bytes_of, id};
use super::{PAGE_BYTES, Sqlite, page_limit, room};
use crate::{DeadLetter, DeadLetterDraft, DeadLetters, Page, Result, StoreError};

macro_rules! letter_columns {
    () => {
        concat!(
            "id, phase, extension, reason, kind, at, peer, times, ",
            arrival_columns!()
        )
    };
}

#[async_trait]
impl DeadLetters for Sqlite {
    async fn list(&self, cursor: Option<String>, limit: u32) -> Result<Page<DeadLetter>> {
        let before = match cursor {
            None => i64::MAX,
            Some(text) => text.parse().map_err(|_| StoreError::Invalid {
                what: format!("{text:?} is no cursor: give `next` of the page before as it was"),
            })?,
        };
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
                    let letter = letter(&mut Columns::new(row))?;
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
                        Ok(letter(&mut Columns::new(row)))
                    })
                    .optional()?
                    .transpose()
            })
            .await
    }
}

fn letter(columns: &mut Columns<'_>) -> Result<DeadLetter> {
    Ok(DeadLetter {
        id: columns.number()?,
        phase: columns.value()?,
        extension: columns.value()?,
        reason: columns.value()?,
        kind: columns.value()?,
        at: columns.parsed("a time of burial")?,
        peer: columns.optional("the peer of a letter", Rid::parse)?,
        times: columns.number()?,
        arrival: columns.arrival()?,
    })
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
    let mut bind = Bind::new(&mut statement);
    bind.value(draft.phase.as_str())?;
    bind.value(draft.extension.as_deref())?;
    bind.value(draft.reason.as_str())?;
    bind.value(draft.kind.as_str())?;
    bind.value(draft.at.as_str())?;
    bind.value(draft.peer.as_ref().map(Rid::as_str))?;
    bind.value(times)?;
    bind.value(bytes as i64)?;
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
