//! Dead letters.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use koi_rid::Rid;

use super::query::{self, Binding, RowColumns};
use super::{Postgres, blocking, page, room};
use crate::page::{PAGE_BYTES, before, page_limit};
use crate::rows::{Bind, Columns, arrival_columns, bytes_of, id, letter_columns};
use crate::{DeadLetter, DeadLetterDraft, DeadLetters, Page, Result, StoreError};

#[async_trait]
impl DeadLetters for Postgres {
    async fn list(&self, cursor: Option<String>, limit: u32) -> Result<Page<DeadLetter>> {
        let limit = page_limit(limit);
        let sql = page::statement(
            letter_columns!(),
            "dead_letter",
            "id < $1",
            "id DESC",
            "$2",
            PAGE_BYTES,
        );
        // One more than asked for, to know whether there is a next page.
        let values = [before(cursor)?.into(), (limit + 1).into()];
        let rows = query::rows(&*self.reader().await?, &sql, &values).await?;
        blocking(move || {
            let mut page: Page<DeadLetter> = Page::empty();
            let mut bytes = 0;
            for row in &rows {
                if page.items.len() as i64 == limit || bytes >= PAGE_BYTES {
                    page.next = page.items.last().map(|letter| letter.id.to_string());
                    break;
                }
                let letter = RowColumns::new(row).letter()?;
                bytes += bytes_of(letter.arrival.contents.as_ref());
                page.items.push(letter);
            }
            Ok(page)
        })
        .await
    }

    async fn read(&self, letter_id: u64) -> Result<Option<DeadLetter>> {
        let sql = concat!(
            "SELECT ",
            letter_columns!(),
            " FROM dead_letter WHERE id = $1"
        );
        let row = query::row(&*self.reader().await?, sql, &[id(letter_id).into()]).await?;
        row.map(|row| RowColumns::new(&row).letter()).transpose()
    }
}

/// Adds a letter, in place of one that says the same of the same object.
pub(super) async fn insert(client: &ClientWrapper, draft: &DeadLetterDraft) -> Result<()> {
    let times = 1 + take_same(client, draft).await?;
    let bytes = bytes_of(draft.arrival.contents.as_ref());
    let sql = concat!(
        "INSERT INTO dead_letter (phase, extension, reason, kind, at, peer, times, bytes, ",
        arrival_columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
         $19, $20, $21, $22) RETURNING id"
    );
    let mut bind = Binding::default();
    bind.string(&draft.phase)?;
    bind.maybe(draft.extension.as_deref())?;
    bind.string(&draft.reason)?;
    bind.string(&draft.kind)?;
    bind.string(draft.at.as_str())?;
    bind.maybe(draft.peer.as_ref().map(Rid::as_str))?;
    bind.number(Some(times))?;
    bind.number(Some(bytes as i64))?;
    bind.arrival(&draft.arrival)?;
    let row = query::number(client, sql, &bind.values).await?;
    room::make_for_letters(client, id(row), bytes).await
}

/// Takes away the letter that says the same of the same object, and tells how often that was said.
async fn take_same(client: &ClientWrapper, draft: &DeadLetterDraft) -> Result<i64> {
    let arrival = &draft.arrival;
    let sql = "
        DELETE FROM dead_letter WHERE id = (
            SELECT id FROM dead_letter
            WHERE sha256(rid) = sha256($1) AND phase = $2 AND kind = $3
                AND extension IS NOT DISTINCT FROM $4 AND source IS NOT DISTINCT FROM $5
                AND peer IS NOT DISTINCT FROM $6 AND sha256_hash IS NOT DISTINCT FROM $7
                AND reason = $8
            LIMIT 1
        ) RETURNING times";
    let manifest = arrival.manifest.as_ref();
    let values = [
        (&arrival.rid).into(),
        (&draft.phase).into(),
        (&draft.kind).into(),
        draft.extension.as_ref().into(),
        arrival.source.as_ref().into(),
        draft.peer.as_ref().into(),
        manifest.map(|manifest| &manifest.sha256_hash).into(),
        (&draft.reason).into(),
    ];
    match query::row(client, sql, &values).await? {
        Some(row) => RowColumns::new(&row).number(),
        None => Ok(0),
    }
}

/// Removes a letter, which has to be there.
pub(super) async fn remove(client: &ClientWrapper, letter: u64) -> Result<()> {
    let sql = "DELETE FROM dead_letter WHERE id = $1";
    match query::execute(client, sql, &[id(letter).into()]).await? {
        0 => Err(StoreError::NotFound {
            what: format!("dead letter {letter}"),
        }),
        _ => Ok(()),
    }
}
