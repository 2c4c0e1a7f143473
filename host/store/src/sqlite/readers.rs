//! The connections that read: as many as may read at a time, each used by one blocking thread for
//! one read. A read sees the store as of one moment and never waits for the writer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Semaphore;

use crate::{Result, StoreError};

/// A pool of connections for reading.
pub(super) struct Readers {
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Arc<Self> {
        Arc::new(Self {
            permits: Arc::new(Semaphore::new(connections.len())),
            idle: Mutex::new(connections),
        })
    }

    /// Runs `work` on a connection.
    pub(super) async fn read<T, F>(self: &Arc<Self>, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        let readers = Arc::clone(self);
        let read = move || {
            // Held until the connection is back, also when nobody awaits the read any more.
            let _permit = permit;
            readers.on_one(work)
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| StoreError::Io {
                what: "a read of the store".to_owned(),
                source: error.into(),
            })?
    }

    /// Runs `work`, which looks a few rows up by their keys, on a connection and on this thread: to hand it to
    /// another thread and to come back takes several times as long as it does. What else was to be done on
    /// this thread goes on on another one meanwhile.
    pub(super) async fn look_up<T, F>(self: &Arc<Self>, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        // There is no other thread.
        if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
            return self.read(work).await;
        }
        let _permit = self
            .permits
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?;
        tokio::task::block_in_place(|| self.on_one(work))
    }

    fn on_one<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let lease = Lease::take(self)?;
        let connection = lease.connection.as_ref().ok_or(StoreError::Closed)?;
        // Never committed: it only holds several statements to one moment.
        let _moment = connection.unchecked_transaction()?;
        work(connection)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on loan; it goes back whatever happens.
struct Lease<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

impl<'a> Lease<'a> {
    fn take(readers: &'a Readers) -> Result<Self> {
        let connection = readers.idle().pop().ok_or(StoreError::Closed)?;
        Ok(Self {
            readers,
            connection: Some(connection),
        })
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.readers.idle().push(connection);
        }
    }
}
