//! The inbox.

use async_trait::async_trait;
use koi_rid::Timestamp;
use tokio_postgres::Row;

use super::query::{self, Binding, Request, RowColumns};
use super::{Postgres, blocking, page};
use crate::page::{PAGE_BYTES, page_limit};
use crate::rows::{Bind, Columns, arrival_columns, bytes_of, id};
use crate::{Arrival, Inbox, InboxEntry, Result, StoreError};

#[async_trait]
impl Inbox for Postgres {
    async fn accept(&self, arrivals: Vec<Arrival>) -> Result<Vec<u64>> {
        let due = Timestamp::now();
        self.writer
            .write(async move |client| {
                let requests = arrivals
                    .iter()
                    .map(|arrival| insert(arrival, &due))
                    .collect::<Result<Vec<_>>>()?;
                let answers = query::pipelined(client, &requests).await?;
                answers.iter().map(|rows| entry(rows)).collect()
            })
            .await
    }

    async fn pending(&self, after: u64, limit: u32) -> Result<Vec<InboxEntry>> {
        let sql = page::statement(
            concat!("id, attempts, due, ", arrival_columns!()),
            "inbox",
            "id > $1",
            "id",
            "$2",
            PAGE_BYTES,
        );
        let values = [id(after).into(), page_limit(limit).into()];
        let rows = query::rows(&*self.reader().await?, &sql, &values).await?;
        blocking(move || {
            let mut entries = Vec::new();
            let mut bytes = 0;
            for row in rows.iter() {
                if bytes >= PAGE_BYTES {
                    break;
                }
                let entry = RowColumns::new(row).inbox_entry()?;
                bytes += bytes_of(entry.arrival.contents.as_ref());
                entries.push(entry);
            }
            Ok(entries)
        })
        .await
    }

    async fn len(&self) -> Result<u64> {
        let reader = self.reader().await?;
        query::number(&*reader, "SELECT count(*) FROM inbox", &[]).await
    }
}

/// Adds an entry and gives its id.
pub(super) fn insert<'v>(arrival: &'v Arrival, due: &'v Timestamp) -> Result<Request<'v>> {
    let mut bind = Binding::default();
    bind.arrival(arrival)?;
    bind.string(due.as_str())?;
    Ok(Request {
        sql: concat!(
            "INSERT INTO inbox (",
            arrival_columns!(),
            ", due) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
             RETURNING id"
        ),
        values: bind.values,
    })
}

/// The id that [`insert`] gave.
pub(super) fn entry(rows: &[Row]) -> Result<u64> {
    let row = rows
        .first()
        .ok_or_else(|| StoreError::damaged("an inbox id", "there is none"))?;
    RowColumns::new(row).number()
}
