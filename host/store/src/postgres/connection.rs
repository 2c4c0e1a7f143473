//! Connections, and the thread that keeps them going.
//!
//! All sockets belong to the runtime of the store's own thread: a connection outlives the runtime of
//! the caller for whom it was made, and closing the store waits for nobody else's tasks.

use std::pin::{Pin, pin};
use std::sync::Arc;

use deadpool_postgres::{Connect, Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error, NoTls};

use super::place::Place;
use crate::{Result, StoreError};

/// What every connection is set to. Statements are many and short: compiling one takes longer than
/// running it. How long a session may live and a statement may take is not for the server's defaults
/// to say.
const SETTINGS: &str = "
    SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings
    WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_session_timeout',
                   'idle_in_transaction_session_timeout');
    SET jit TO off;
";

/// The pool of the connections that read.
pub(super) fn readers(place: &Arc<Place>, runtime: Handle) -> Result<Pool> {
    let dial = Dial {
        place: Arc::clone(place),
        runtime,
    };
    let config = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    Pool::builder(Manager::from_connect(place.config.clone(), dial, config))
        .max_size(place.readers)
        .build()
        .map_err(|error| StoreError::Refused {
            why: error.to_string(),
        })
}

/// Connects, and leaves the connection to a task of the current runtime.
pub(super) async fn connect(place: &Place) -> Result<(Client, JoinHandle<()>), Error> {
    let (client, task) = match place.tls.clone() {
        Some(tls) => {
            let (client, connection) = place.config.connect(tls).await?;
            (client, tokio::spawn(drive(connection)))
        }
        None => {
            let (client, connection) = place.config.connect(NoTls).await?;
            (client, tokio::spawn(drive(connection)))
        }
    };
    client.batch_execute(SETTINGS).await?;
    Ok((client, task))
}

async fn drive(connection: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = connection.await {
        // Whoever waits for an answer is told as well.
        tracing::debug!(%error, "a connection to the database has ended");
    }
}

/// Makes connections that read.
struct Dial {
    place: Arc<Place>,
    runtime: Handle,
}

type Connecting<'a> =
    Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + 'a>>;

impl Connect for Dial {
    fn connect(&self, _: &Config) -> Connecting<'_> {
        let connecting = async move {
            let (client, task) = connect(&self.place).await?;
            let settings = format!(
                "SET search_path TO {}; SET default_transaction_read_only TO on",
                self.place.quoted_schema()
            );
            client.batch_execute(&settings).await?;
            Ok((client, task))
        };
        Box::pin(within(self.runtime.clone(), connecting))
    }
}

/// Runs a future as if on another runtime: what it opens and spawns belongs to that one.
async fn within<F: Future>(runtime: Handle, future: F) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        let _entered = runtime.enter();
        future.as_mut().poll(context)
    })
    .await
}
