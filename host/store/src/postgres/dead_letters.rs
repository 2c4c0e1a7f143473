//! Dead letters.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use koi_rid::Rid;
use tokio_postgres::Row;

use super::query::{self, Binding, Request, RowColumns};
use super::{Postgres, blocking, page, room};
use crate::page::{PAGE_BYTES, before, page_limit};
use crate::rows::{Bind, Columns, arrival_columns, bytes_of, id, letter_columns};
use crate::{DeadLetter, DeadLetterDraft, DeadLetters, Page, Result};

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

/// Adds a letter, in place of one that says the same of the same object, and gives its id.
pub(super) fn insert(draft: &DeadLetterDraft) -> Result<Request<'_>> {
    let mut bind = Binding::default();
    bind.string(&draft.phase)?;
    bind.maybe(draft.extension.as_deref())?;
    bind.string(&draft.reason)?;
    bind.string(&draft.kind)?;
    bind.string(draft.at.as_str())?;
    bind.maybe(draft.peer.as_ref().map(Rid::as_str))?;
    bind.number(Some(bytes_of(draft.arrival.contents.as_ref()) as i64))?;
    bind.arrival(&draft.arrival)?;
    Ok(Request {
        sql: INSERT,
        values: bind.values,
    })
}

const INSERT: &str = concat!(
    "WITH before AS (
         DELETE FROM dead_letter WHERE id = (
             SELECT id FROM dead_letter
             WHERE sha256(rid) = sha256($9) AND phase = $1 AND kind = $4
                 AND extension IS NOT DISTINCT FROM $2 AND source IS NOT DISTINCT FROM $15
                 AND peer IS NOT DISTINCT FROM $6 AND sha256_hash IS NOT DISTINCT FROM $12
                 AND reason = $3
             LIMIT 1
         ) RETURNING times
     )
     INSERT INTO dead_letter (phase, extension, reason, kind, at, peer, times, bytes, ",
    arrival_columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, 1 + coalesce((SELECT times FROM before), 0), $7, $8, $9, $10, \
     $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) RETURNING id"
);

/// Sees to it that there is room after [`insert`] has given an id.
pub(super) async fn inserted(
    client: &ClientWrapper,
    draft: &DeadLetterDraft,
    rows: &[Row],
) -> Result<()> {
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let letter = RowColumns::new(row).number()?;
    let bytes = bytes_of(draft.arrival.contents.as_ref());
    room::make_for_letters(client, letter, bytes).await
}
