//! Everything that a store has as JSON lines, the same from every backend, so that a node can move from
//! one to another.
//!
//! The first line names the format and its version:
//!
//! ```json
//! {"format":"koi-mcp-export","version":1}
//! ```
//!
//! Each further line is a row: an object with one member, the kind of the row, whose value has the
//! columns as members, without those that hold nothing. Texts, contents too, are JSON strings that hold
//! them to the byte; bytes are base64. Of bytes that are long, all but the last MiB come in lines before
//! the row's own, `{"part":"…"}`. Kinds come in a fixed order, and the rows of one in that of their keys.
//! The last line counts the rows and has the SHA-256 of all lines before it:
//!
//! ```json
//! {"end":{"rows":{"bundle":2,"audit":1},"sha256":"…"}}
//! ```
//!
//! What follows from other columns (indexes, sizes, counts) is not in it.
//!
//! Promise: an export is the store as of one moment; the export of a store that was imported is that
//! export again, to the byte. Memory is needed for one row, or for some of the short ones.
//!
//! Failure: an import that meets a line that is not as it has to be, the lack of the last one included,
//! leaves the store empty, and names line and column.

pub(crate) mod kinds;
mod read;
mod values;
mod write;

use std::io::BufRead;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub(crate) use kinds::{KINDS, Kind};
pub(crate) use read::{Entry, Reader};
pub(crate) use values::{Cell, CellRef, Holds};
pub(crate) use write::Writer;

use crate::{Result, StoreError};

/// What the first line names.
const FORMAT: &str = "koi-mcp-export";

/// Goes up when a program that knows the version before could not read what is written.
const VERSION: i64 = 1;

/// Longest line, in bytes, its end included: what is read as one JSON text.
const MAX_LINE: usize = koi_rid::json::MAX_BYTES;

/// Bytes of a value that are in one line.
const PART: usize = 1024 * 1024;

/// An export on its way, in pieces that are not lines. One that fails is not whole.
pub type Export = BoxStream<'static, Result<Bytes>>;

/// How many rows of each kind there are, of kinds that have any, in the order of the file.
pub type Rows = Vec<(&'static str, u64)>;

/// Gives out all that a store has.
#[async_trait]
pub trait Archive: Send + Sync {
    /// Everything as of now, as JSON lines. Writers go on meanwhile; what they make room for is not
    /// used again before the export has ended or was dropped.
    async fn export(&self) -> Result<Export>;
}

/// Reads an export as an import does, and keeps nothing of it.
///
/// # Errors
/// If it cannot be read or is not as it has to be.
pub fn check_export(input: impl BufRead) -> Result<Rows> {
    let mut reader = Reader::new(input)?;
    while reader.next()?.is_some() {}
    Ok(reader.rows())
}

/// What an import may not be made into.
pub(crate) fn not_empty(kind: &Kind) -> StoreError {
    StoreError::Invalid {
        what: format!(
            "the store is not empty, there is a row of {} in it: import into a new data folder, or into \
             a schema of its own",
            kind.name
        ),
    }
}

/// What an import says of rows that the database does not take.
pub(crate) fn misfit(kind: &Kind, first: u64, last: u64, why: &str) -> StoreError {
    let place = match first == last {
        true => format!("line {first}"),
        false => format!("lines {first} to {last}"),
    };
    StoreError::Invalid {
        what: format!(
            "{place} of the export: a row of {} is there twice, or one that it belongs to is not there \
             ({why})",
            kind.name
        ),
    }
}
