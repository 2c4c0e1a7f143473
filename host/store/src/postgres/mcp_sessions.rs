//! The sessions of MCP clients. Times are in microseconds since 1970.

use std::collections::BTreeMap;

use async_trait::async_trait;
use koi_rid::Timestamp;

use super::Postgres;
use super::query::{self, RowColumns, Value};
use crate::rows::{Columns, id as number};
use crate::{McpSession, McpSessions, Result};

#[async_trait]
impl McpSessions for Postgres {
    async fn begin(&self, session: McpSession, most: u64) -> Result<bool> {
        self.writer
            .write(async move |client| {
                let sql = "INSERT INTO mcp_session
                               (id, principal, endpoint, initialize, log_level, last_used)
                           SELECT $1::bytea, $2::bytea, $3::bytea, $4::bytea, $5::bytea, $6::bigint
                           WHERE (SELECT count(*) FROM mcp_session) < $7";
                let values = [
                    (&session.id).into(),
                    session.principal.as_ref().into(),
                    (&session.endpoint).into(),
                    (&session.initialize).into(),
                    session.log_level.as_ref().into(),
                    session.last_used.to_micros().into(),
                    number(most).into(),
                ];
                Ok(query::execute(client, sql, &values).await? == 1)
            })
            .await
    }

    async fn load(&self, id: &str) -> Result<Option<McpSession>> {
        let sql = "SELECT ARRAY(SELECT uri FROM mcp_subscription WHERE session = $1 ORDER BY uri),
                       id, principal, endpoint, initialize, log_level, last_used
                   FROM mcp_session WHERE id = $1";
        let Some(row) = query::row(&*self.reader().await?, sql, &[id.into()]).await? else {
            return Ok(None);
        };
        let mut columns = RowColumns::new(&row);
        let subscriptions = columns.texts()?;
        Ok(Some(McpSession {
            subscriptions,
            ..columns.session()?
        }))
    }

    async fn set_log_level(&self, id: &str, level: &str) -> Result<()> {
        let sql = "UPDATE mcp_session SET log_level = $1 WHERE id = $2";
        self.change(sql, [level, id]).await
    }

    async fn subscribe(&self, id: &str, uri: &str, most_bytes: u64) -> Result<bool> {
        let (id, uri) = (id.to_owned(), uri.to_owned());
        let most = number(most_bytes);
        self.writer
            .write(async move |client| {
                let sql = "INSERT INTO mcp_subscription (session, uri)
                           SELECT id, $2::bytea FROM mcp_session WHERE id = $1
                               AND (SELECT bytes FROM mcp_subscription_usage) + octet_length($2) <= $3
                           ON CONFLICT DO NOTHING";
                let values = [(&id).into(), (&uri).into(), most.into()];
                query::execute(client, sql, &values).await?;
                let sql = "SELECT count(*) FROM mcp_subscription
                           WHERE session = $1 AND sha256(uri) = sha256($2)";
                Ok(query::number(client, sql, &values[..2]).await? == 1)
            })
            .await
    }

    async fn unsubscribe(&self, id: &str, uri: &str) -> Result<()> {
        let sql = "DELETE FROM mcp_subscription WHERE session = $1 AND sha256(uri) = sha256($2)";
        self.change(sql, [id, uri]).await
    }

    async fn used(&self, sessions: Vec<(String, Timestamp)>) -> Result<()> {
        if sessions.is_empty() {
            return Ok(());
        }
        // The last that is said of a session holds.
        let sessions: BTreeMap<_, _> = sessions.into_iter().collect();
        self.writer
            .write(async move |client| {
                let sql = "UPDATE mcp_session SET last_used = used.at
                           FROM unnest($1::bytea[], $2::bigint[]) AS used (session, at)
                           WHERE id = used.session";
                let times = sessions.values().map(Timestamp::to_micros).collect();
                let values = [
                    Value::texts(sessions.keys().map(String::as_str)),
                    Value::Numbers(times),
                ];
                query::execute(client, sql, &values).await?;
                Ok(())
            })
            .await
    }

    async fn end(&self, id: &str) -> Result<()> {
        self.change("DELETE FROM mcp_session WHERE id = $1", [id])
            .await
    }

    async fn expire(&self, before: &Timestamp) -> Result<u64> {
        let before = before.to_micros();
        self.writer
            .write(async move |client| {
                let sql = "DELETE FROM mcp_session WHERE last_used < $1";
                query::execute(client, sql, &[before.into()]).await
            })
            .await
    }

    async fn count(&self) -> Result<u64> {
        let reader = self.reader().await?;
        query::number(&*reader, "SELECT count(*) FROM mcp_session", &[]).await
    }
}

impl Postgres {
    /// Runs one statement with texts for its parameters.
    async fn change<const N: usize>(&self, sql: &'static str, texts: [&str; N]) -> Result<()> {
        let texts = texts.map(str::to_owned);
        self.writer
            .write(async move |client| {
                let values = texts.each_ref().map(Value::from);
                query::execute(client, sql, &values).await?;
                Ok(())
            })
            .await
    }
}
