//! The connection that writes, which holds the lock that makes its node the only one.
//!
//! Whoever writes has the lock: both go with the connection, so that a node that was cut off cannot
//! write beside the one that took its place.

use std::sync::Arc;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::error::SqlState;

use super::place::Place;
use super::{connection, fault, indexes, schema};
use crate::indexes::Declared;
use crate::{Result, StoreError};

/// What our locks are among those of other programs: "koi!" in ASCII.
const LOCK_CLASS: i32 = 0x6b6f_6921;

/// How long to wait for the lock: a node that has just ended may not have let go of it.
const LOCK_WAIT: &str = "SET lock_timeout TO '3s'";

/// How long to wait for somebody who changes rows with a tool of their own.
const ROW_WAIT: &str = "SET lock_timeout TO '10s'";

/// The oldest server that can do what is asked of it, as `server_version_num`.
const OLDEST: i32 = 130_000;

/// The server's process behind a connection, and when it began.
struct Backend {
    process: i32,
    began: String,
}

/// A connection that is made again when it was lost.
pub(super) struct Link {
    place: Arc<Place>,
    /// Read anew with each connection: another node may have had the store meanwhile.
    declared: Arc<Declared>,
    client: Option<ClientWrapper>,
    /// Of the last connection.
    backend: Option<Backend>,
}

impl Link {
    pub(super) fn new(place: Arc<Place>, declared: Arc<Declared>) -> Self {
        Self {
            place,
            declared,
            client: None,
            backend: None,
        }
    }

    /// The connection: the one that there is, else a new one.
    pub(super) async fn client(&mut self) -> Result<&ClientWrapper> {
        let usable = self.client.take().filter(|client| !client.is_closed());
        let client = match usable {
            Some(client) => client,
            None => self.connect().await?,
        };
        Ok(self.client.insert(client))
    }

    /// Lets go of a connection that is of no more use.
    pub(super) fn drop_client(&mut self) {
        self.client = None;
    }

    async fn connect(&mut self) -> Result<ClientWrapper> {
        let (client, task) = connection::connect(&self.place)
            .await
            .map_err(|error| fault::unreachable(&error))?;
        let mut client = ClientWrapper::new(client, task);
        check_server(&client).await?;
        self.lock(&client).await?;
        schema::open(&mut client, &self.place).await?;
        self.declared.set(indexes::numbered(&client).await?);
        if self.backend.is_some() {
            tracing::info!(store = %self.place.shown, "the store has its database again");
        }
        self.backend = Some(backend(&client).await?);
        Ok(client)
    }

    /// Takes the lock of the schema. Our own last connection, which the server may not have missed
    /// yet, is ended first.
    async fn lock(&self, client: &ClientWrapper) -> Result<()> {
        if let Some(last) = &self.backend {
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE pid = $1 AND backend_start::text = $2";
            client.execute(sql, &[&last.process, &last.began]).await?;
        }
        client.batch_execute(LOCK_WAIT).await?;
        let sql = "SELECT pg_advisory_lock($1, hashtext($2))";
        let locked = client
            .execute(sql, &[&LOCK_CLASS, &self.place.schema])
            .await;
        match locked {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                return Err(StoreError::Taken {
                    store: self.place.shown.clone(),
                });
            }
            locked => locked?,
        };
        Ok(client.batch_execute(ROW_WAIT).await?)
    }
}

/// Sees to it that the server is new enough, and that what it has answered survives a power cut.
async fn check_server(client: &ClientWrapper) -> Result<()> {
    let sql =
        "SELECT current_setting('server_version_num')::int, current_setting('server_version'),
                   current_setting('fsync'),
                   CASE current_setting('synchronous_commit') WHEN 'off'
                       THEN set_config('synchronous_commit', 'on', false) END";
    let row = client.query_one(sql, &[]).await?;
    if row.try_get::<_, i32>(0)? < OLDEST {
        return Err(StoreError::Refused {
            why: format!(
                "the server is PostgreSQL {}, and 13 or newer is needed",
                row.try_get::<_, &str>(1)?
            ),
        });
    }
    if row.try_get::<_, &str>(2)? == "off" {
        tracing::warn!(
            "the database server runs with fsync = off: a power cut may damage the store"
        );
    }
    Ok(())
}

async fn backend(client: &ClientWrapper) -> Result<Backend> {
    let sql = "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()";
    let row = client.query_one(sql, &[]).await?;
    Ok(Backend {
        process: row.try_get(0)?,
        began: row.try_get(1)?,
    })
}
