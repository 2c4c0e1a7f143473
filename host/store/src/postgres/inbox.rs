//! The inbox.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use koi_rid::Timestamp;

use super::query::{self, Binding, RowColumns};
use super::{Postgres, blocking, page};
use crate::page::{PAGE_BYTES, page_limit};
use crate::rows::{Bind, Columns, arrival_columns, bytes_of, id};
use crate::{Arrival, Inbox, InboxEntry, Result};

#[async_trait]
impl Inbox for Postgres {
    async fn accept(&self, arrivals: Vec<Arrival>) -> Result<Vec<u64>> {
        let due = Timestamp::now();
        self.writer
            .write(async move |client| {
                let mut ids = Vec::with_capacity(arrivals.len());
                for arrival in &arrivals {
                    ids.push(insert(client, arrival, &due).await?);
                }
                Ok(ids)
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

/// Adds an entry and answers with its id.
pub(super) async fn insert(
    client: &ClientWrapper,
    arrival: &Arrival,
    due: &Timestamp,
) -> Result<u64> {
    let sql = concat!(
        "INSERT INTO inbox (",
        arrival_columns!(),
        ", due) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         RETURNING id"
    );
    let mut bind = Binding::default();
    bind.arrival(arrival)?;
    bind.string(due.as_str())?;
    query::number(client, sql, &bind.values).await
}
