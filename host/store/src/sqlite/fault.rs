//! What SQLite's errors mean.

use rusqlite::{Error, ErrorCode, ffi};

use crate::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match &error {
            Error::SqliteFailure(failure, _) => match (failure.code, failure.extended_code) {
                (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE) => Self::Full,
                (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _)
                | (_, ffi::SQLITE_IOERR_SHORT_READ | ffi::SQLITE_IOERR_CORRUPTFS) => {
                    Self::damaged("its file", error)
                }
                (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Self::Busy,
                (ErrorCode::TooBig, _) => Self::Invalid {
                    what: "a value is larger than the store can hold: make it smaller".to_owned(),
                },
                _ => io(error),
            },
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..) => Self::damaged("a row", error),
            _ => io(error),
        }
    }
}

fn io(error: Error) -> StoreError {
    StoreError::Io {
        what: "a database operation".to_owned(),
        source: error.into(),
    }
}
