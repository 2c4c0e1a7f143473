//! The audit log.

use async_trait::async_trait;
use deadpool_postgres::ClientWrapper;
use koi_rid::Timestamp;

use super::Postgres;
use super::query::{self, RowColumns};
use crate::page::{before, page_limit};
use crate::rows::Columns;
use crate::{Audit, AuditDraft, AuditEntry, Page, Result};

#[async_trait]
impl Audit for Postgres {
    async fn record(&self, change: AuditDraft) -> Result<()> {
        self.writer
            .write(async move |client| insert(client, &change).await)
            .await
    }

    async fn list(
        &self,
        extension: Option<&str>,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<AuditEntry>> {
        let limit = page_limit(limit);
        let sql = "SELECT id, at, who, action, extension, before, after FROM audit
                   WHERE id < $1 AND ($2::bytea IS NULL OR extension = $2)
                   ORDER BY id DESC LIMIT $3";
        // One more than asked for, to know whether there is a next page.
        let values = [before(cursor)?.into(), extension.into(), (limit + 1).into()];
        let rows = query::rows(&*self.reader().await?, sql, &values).await?;
        let mut page: Page<AuditEntry> = Page::empty();
        for row in &rows {
            if page.items.len() as i64 == limit {
                page.next = page.items.last().map(|entry| entry.id.to_string());
                break;
            }
            page.items.push(RowColumns::new(row).audit_entry()?);
        }
        Ok(page)
    }
}

/// Adds an entry, within the transaction of the change if there is one.
pub(super) async fn insert(client: &ClientWrapper, change: &AuditDraft) -> Result<()> {
    let sql = "INSERT INTO audit (at, who, action, extension, before, after)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let at = Timestamp::now();
    let values = [
        at.as_str().into(),
        (&change.who).into(),
        (&change.action).into(),
        change.extension.as_ref().into(),
        change.before.as_ref().into(),
        change.after.as_ref().into(),
    ];
    query::execute(client, sql, &values).await?;
    Ok(())
}
