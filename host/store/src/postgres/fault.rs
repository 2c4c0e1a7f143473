//! What PostgreSQL's errors mean.

use std::error::Error as _;

use deadpool_postgres::PoolError;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        if is_loss(&error) {
            return Self::Unreachable { why: told(&error) };
        }
        let Some(code) = error.code() else {
            return refused(&error);
        };
        if *code == SqlState::DISK_FULL {
            return Self::Full;
        }
        if *code == SqlState::LOCK_NOT_AVAILABLE || *code == SqlState::T_R_DEADLOCK_DETECTED {
            return Self::Busy;
        }
        if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED {
            return Self::Corrupt { what: told(&error) };
        }
        if *code == SqlState::PROGRAM_LIMIT_EXCEEDED {
            return Self::Invalid {
                what: "a value is larger than the store can hold: make it smaller".to_owned(),
            };
        }
        refused(&error)
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => unreachable(&error),
            PoolError::Closed => Self::Closed,
            other => Self::Unreachable {
                why: other.to_string(),
            },
        }
    }
}

/// Why there is no connection.
pub(super) fn unreachable(error: &Error) -> StoreError {
    StoreError::Unreachable { why: told(error) }
}

/// The same error for one more caller.
pub(super) fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Taken { store } => StoreError::Taken {
            store: store.clone(),
        },
        StoreError::Unreachable { why } => StoreError::Unreachable { why: why.clone() },
        StoreError::Unconfirmed => StoreError::Unconfirmed,
        other => StoreError::Refused {
            why: other.to_string(),
        },
    }
}

/// What became of a transaction whose end was asked for. The server says for sure that it did not
/// keep it with an error of that severity only; whatever else happened, it may have.
pub(super) fn of_commit(error: Error) -> StoreError {
    match error.as_db_error().map(DbError::severity) {
        Some("ERROR") => error.into(),
        _ => StoreError::Unconfirmed,
    }
}

/// Whether the server has gone, or ends the connection.
fn is_loss(error: &Error) -> bool {
    let Some(code) = error.code() else {
        // Neither what was sent nor what was answered: the way between.
        let is_io = error
            .source()
            .is_some_and(|source| source.is::<std::io::Error>());
        return error.is_closed() || is_io;
    };
    [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
    ]
    .contains(code)
        || code.code().starts_with("08")
}

fn refused(error: &Error) -> StoreError {
    StoreError::Refused { why: told(error) }
}

/// The error with what it goes back to, which its own text leaves out.
fn told(error: &Error) -> String {
    if let Some(error) = error.as_db_error() {
        return format!("{error} (SQLSTATE {})", error.code().code());
    }
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
