//! The audit log.

use async_trait::async_trait;
use koi_rid::Timestamp;
use rusqlite::{Connection, params};

use super::Sqlite;
use super::rows::RowColumns;
use crate::page::{before, page_limit};
use crate::rows::Columns;
use crate::{Audit, AuditDraft, AuditEntry, Page, Result};

#[async_trait]
impl Audit for Sqlite {
    async fn record(&self, change: AuditDraft) -> Result<()> {
        self.writer
            .write(move |connection| insert(connection, &change))
            .await
    }

    async fn list(
        &self,
        extension: Option<&str>,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<Page<AuditEntry>> {
        let before = before(cursor)?;
        let extension = extension.map(str::to_owned);
        let limit = page_limit(limit);
        self.readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT id, at, who, action, extension, before, after FROM audit
                     WHERE id < ?1 AND (?2 IS NULL OR extension = ?2) ORDER BY id DESC LIMIT ?3",
                )?;
                // One more than asked for, to know whether there is a next page.
                let mut rows = statement.query(params![before, extension, limit + 1])?;
                let mut items: Vec<AuditEntry> = Vec::new();
                while let Some(row) = rows.next()? {
                    if items.len() as i64 == limit {
                        let next = items.last().map(|entry| entry.id.to_string());
                        return Ok(Page { items, next });
                    }
                    items.push(RowColumns::new(row).audit_entry()?);
                }
                Ok(Page { items, next: None })
            })
            .await
    }
}

/// Adds an entry, within the transaction of the change if there is one.
pub(super) fn insert(connection: &Connection, change: &AuditDraft) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO audit (at, who, action, extension, before, after)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            Timestamp::now().as_str(),
            change.who,
            change.action,
            change.extension,
            change.before,
            change.after,
        ])?;
    Ok(())
}
