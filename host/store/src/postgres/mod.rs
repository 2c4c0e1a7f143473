//! The backend for who has outgrown one file: a schema of a PostgreSQL database, one connection that
//! writes, a pool of others that read. PostgreSQL 13 or newer.
//!
//! Promise: what was answered is on the server's disk, as far as the server keeps its own promise
//! (`fsync`); a `synchronous_commit` that is off is turned on. One node writes: it holds a lock of the
//! server, and a second one is refused with [`StoreError::Taken`].
//!
//! Failure: without the server calls fail with [`StoreError::Unreachable`], and succeed again as soon
//! as it is back. Nothing is repeated by itself: a write whose outcome was not heard fails with
//! [`StoreError::Unconfirmed`].
//!
//! Texts are kept as bytes: their order is that of the bytes whatever the database's collation is, and
//! they may hold the character U+0000, which PostgreSQL's texts may not.

mod audit;
mod bundles;
mod commit;
mod connection;
mod dead_letters;
mod dump;
mod extensions;
mod fault;
mod inbox;
mod indexes;
mod job_runs;
mod key_value;
mod link;
mod mcp_sessions;
mod outbox;
mod page;
mod place;
mod query;
mod room;
mod saved_states;
mod schema;
#[cfg(test)]
mod tests;
mod tls;
mod writer;

use std::sync::Arc;

use deadpool_postgres::{Object, Pool};

pub use self::dump::import;
use self::place::Place;
pub use self::place::Settings;
use self::writer::Writer;
use crate::indexes::Declared;
use crate::{Result, StoreError, Stores};

/// Opens the store in a schema, which is made if it is not there, and brings its tables up to date.
///
/// # Errors
/// If the settings are not understood, the server cannot be reached or is too old, its user may not
/// make or use the schema, something else is in it, a newer koi-mcp has written it, or another node
/// uses it.
pub async fn open(settings: Settings) -> Result<Stores> {
    let place = Arc::new(Place::of(settings)?);
    let declared = Arc::new(Declared::default());
    let (writer, runtime) = Writer::start(Arc::clone(&place), Arc::clone(&declared)).await?;
    let postgres = Arc::new(Postgres {
        readers: connection::readers(&place, runtime)?,
        writer,
        declared,
    });
    Ok(Stores::of(postgres))
}

/// All concerns. The readers are closed first: they live on the writer's thread.
struct Postgres {
    readers: Pool,
    writer: Writer,
    declared: Arc<Declared>,
}

impl Postgres {
    /// A connection to read with. One statement sees the store as of one moment.
    async fn reader(&self) -> Result<Object> {
        Ok(self.readers.get().await?)
    }
}

/// Runs what would keep other tasks waiting where that is allowed.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StoreError::Io {
            what: "a read of the store".to_owned(),
            source: error.into(),
        })?
}
