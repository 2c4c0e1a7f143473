//! The sessions of MCP clients. Times are in microseconds since 1970.

use async_trait::async_trait;
use koi_rid::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::Sqlite;
use super::rows::RowColumns;
use crate::rows::{Columns, id as number};
use crate::{McpSession, McpSessions, Result};

#[async_trait]
impl McpSessions for Sqlite {
    async fn begin(&self, session: McpSession, most: u64) -> Result<bool> {
        self.writer
            .write(move |connection| {
                let added = connection
                    .prepare_cached(
                        "INSERT INTO mcp_session
                             (id, principal, endpoint, initialize, log_level, last_used)
                         SELECT ?, ?, ?, ?, ?, ?
                         WHERE (SELECT count(*) FROM mcp_session) < ?",
                    )?
                    .execute(params![
                        session.id,
                        session.principal,
                        session.endpoint,
                        session.initialize,
                        session.log_level,
                        session.last_used.to_micros(),
                        number(most),
                    ])?;
                Ok(added == 1)
            })
            .await
    }

    async fn load(&self, id: &str) -> Result<Option<McpSession>> {
        let id = id.to_owned();
        self.readers
            .read(move |connection| {
                let session = connection
                    .prepare_cached(
                        "SELECT id, principal, endpoint, initialize, log_level, last_used
                         FROM mcp_session WHERE id = ?",
                    )?
                    .query_row([&id], |row| Ok(RowColumns::new(row).session()))
                    .optional()?;
                let Some(mut session) = session.transpose()? else {
                    return Ok(None);
                };
                session.subscriptions = subscriptions(connection, &id)?;
                Ok(Some(session))
            })
            .await
    }

    async fn set_log_level(&self, id: &str, level: &str) -> Result<()> {
        let (id, level) = (id.to_owned(), level.to_owned());
        self.writer
            .write(move |connection| {
                connection
                    .prepare_cached("UPDATE mcp_session SET log_level = ? WHERE id = ?")?
                    .execute([&level, &id])?;
                Ok(())
            })
            .await
    }

    async fn subscribe(&self, id: &str, uri: &str, most_bytes: u64) -> Result<bool> {
        let (id, uri) = (id.to_owned(), uri.to_owned());
        let most = number(most_bytes);
        self.writer
            .write(move |connection| {
                connection
                    .prepare_cached(
                        "INSERT OR IGNORE INTO mcp_subscription (session, uri)
                         SELECT id, ?2 FROM mcp_session WHERE id = ?1
                             AND (SELECT bytes FROM mcp_subscription_usage) + length(CAST(?2 AS BLOB)) <= ?3",
                    )?
                    .execute(params![id, uri, most])?;
                let is_there = connection
                    .prepare_cached("SELECT 1 FROM mcp_subscription WHERE session = ? AND uri = ?")?
                    .exists([&id, &uri])?;
                Ok(is_there)
            })
            .await
    }

    async fn unsubscribe(&self, id: &str, uri: &str) -> Result<()> {
        let (id, uri) = (id.to_owned(), uri.to_owned());
        self.writer
            .write(move |connection| {
                connection
                    .prepare_cached("DELETE FROM mcp_subscription WHERE session = ? AND uri = ?")?
                    .execute([&id, &uri])?;
                Ok(())
            })
            .await
    }

    async fn used(&self, sessions: Vec<(String, Timestamp)>) -> Result<()> {
        if sessions.is_empty() {
            return Ok(());
        }
        self.writer
            .write(move |connection| {
                let mut update = connection
                    .prepare_cached("UPDATE mcp_session SET last_used = ? WHERE id = ?")?;
                for (id, at) in &sessions {
                    update.execute(params![at.to_micros(), id])?;
                }
                Ok(())
            })
            .await
    }

    async fn end(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        self.writer
            .write(move |connection| {
                connection
                    .prepare_cached("DELETE FROM mcp_session WHERE id = ?")?
                    .execute([&id])?;
                Ok(())
            })
            .await
    }

    async fn expire(&self, before: &Timestamp) -> Result<u64> {
        let before = before.to_micros();
        self.writer
            .write(move |connection| {
                let expired = connection
                    .prepare_cached("DELETE FROM mcp_session WHERE last_used < ?")?
                    .execute([before])?;
                Ok(expired as u64)
            })
            .await
    }

    async fn count(&self) -> Result<u64> {
        self.count_rows("SELECT count(*) FROM mcp_session", None)
            .await
    }
}

fn subscriptions(connection: &Connection, session: &str) -> Result<Vec<String>> {
    let mut statement = connection
        .prepare_cached("SELECT uri FROM mcp_subscription WHERE session = ? ORDER BY uri")?;
    let uris = statement.query_map([session], |row| row.get(0))?;
    Ok(uris.collect::<Result<_, rusqlite::Error>>()?)
}
