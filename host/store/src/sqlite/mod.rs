//! The embedded backend: one SQLite file, one thread that writes, a few connections that read.
//!
//! Promise: write-ahead log, `synchronous=FULL`, so that what was answered is on the disk.
//! Failure: a full disk fails writes with [`StoreError::Full`] until there is room, a damaged file
//! fails what touches the damage with [`StoreError::Corrupt`]; both leave the rest usable.
//!
//! That no other process has the file open is for the caller to see to. The queue of writes is
//! bounded; a caller who finds it full waits.

mod audit;
mod bundles;
mod commit;
mod dead_letters;
mod dump;
mod extensions;
mod fault;
mod inbox;
mod indexes;
mod job_runs;
mod key_value;
mod mcp_sessions;
mod outbox;
mod readers;
mod room;
mod rows;
mod saved_states;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params_from_iter};

use self::readers::Readers;
use self::writer::Writer;
use crate::indexes::Declared;
use crate::{Result, StoreError, Stores};
pub use dump::{copy, import};

/// How many reads run at a time.
const READERS: usize = 4;

/// Statements that each connection keeps prepared.
const STATEMENTS: usize = 64;

/// How long to wait for somebody who looks into the file with a tool of their own.
const BUSY: Duration = Duration::from_secs(10);

/// What a connection that writes is set to. The log is written back to the file less often than
/// by default (every 16 MB), since inbox and outbox rows are short-lived and mostly never get
/// there.
const WRITER_SETTINGS: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -16000;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
";

/// What a connection that reads is set to.
const READER_SETTINGS: &str = "
    PRAGMA query_only = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -8000;
";

/// Opens the store in a file, which is made if it is not there, and brings its schema up to date.
/// Blocks meanwhile. The calls of the store need a Tokio runtime.
pub fn open(path: &Path) -> Result<Stores> {
    let writer = open_writer(path)?;
    with_writer(path, writer)
}

/// All concerns. The readers are closed first, so that the writer is the last to close the file
/// and puts the log back into it.
struct Sqlite {
    readers: Arc<Readers>,
    writer: Writer,
    path: PathBuf,
    declared: Arc<Declared>,
}

impl Sqlite {
    /// What a counting statement answers, given its parameter if it has one.
    async fn count_rows(&self, sql: &'static str, parameter: Option<&str>) -> Result<u64> {
        let parameter = parameter.map(str::to_owned);
        self.readers
            .read(move |connection| {
                let count: i64 = connection
                    .prepare_cached(sql)?
                    .query_row(params_from_iter(&parameter), |row| row.get(0))?;
                Ok(count.unsigned_abs())
            })
            .await
    }
}

fn with_writer(path: &Path, writer: Connection) -> Result<Stores> {
    let readers = (0..READERS)
        .map(|_| open_reader(path))
        .collect::<Result<Vec<_>>>()?;
    let declared = Arc::new(Declared::default());
    declared.set(indexes::numbered(&writer)?);
    let sqlite = Arc::new(Sqlite {
        readers: Readers::new(readers),
        writer: Writer::start(writer)?,
        path: path.to_owned(),
        declared,
    });
    Ok(Stores::of(sqlite))
}

fn open_writer(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = connect(path, flags)?;
    let version = schema::version(&connection, path)?;
    let journal: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if journal != "wal" {
        return Err(StoreError::Io {
            what: format!("keeping a write-ahead log beside {}", path.display()),
            source: format!("its file system allows only journal mode {journal}").into(),
        });
    }
    connection.execute_batch(WRITER_SETTINGS)?;
    schema::migrate(&mut connection, version)?;
    Ok(connection)
}

fn open_reader(path: &Path) -> Result<Connection> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.execute_batch(READER_SETTINGS)?;
    Ok(connection)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| StoreError::Io {
            what: format!("opening the store {}", path.display()),
            source: error.into(),
        })?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}
