//! Values to columns and back, in the order in which the column lists name them: the same in every
//! backend. What is read has to be what was written; a row that is not, is damage.

mod read;
mod write;

pub(crate) use read::Columns;
pub(crate) use write::Bind;

use crate::{Result, StoreError};

use koi_rid::Contents;

/// What [`Bind::stored_bundle`] binds and [`Columns::stored_bundle`] reads.
macro_rules! stored_bundle_columns {
    () => {
        "rid, timestamp, sha256_hash, extras, contents, \
         writer_extension, writer_revision, writer_digest, source"
    };
}

/// What [`Bind::parts`] binds and [`Columns::parts`] reads.
macro_rules! parts_columns {
    () => {
        "rid, manifest_rid, timestamp, sha256_hash, extras, contents"
    };
}

/// What [`Bind::arrival`] binds and [`Columns::arrival`] reads.
macro_rules! arrival_columns {
    () => {
        "arrived_as, rid, manifest_rid, timestamp, sha256_hash, extras, contents, source, \
         writer_extension, writer_revision, writer_digest, cause, depth, correlation"
    };
}

/// What [`Columns::letter`] reads.
macro_rules! letter_columns {
    () => {
        concat!(
            "id, phase, extension, reason, kind, at, peer, times, ",
            $crate::rows::arrival_columns!()
        )
    };
}

/// What [`Columns::revision`] reads.
macro_rules! revision_columns {
    () => {
        "revision.extension, revision.revision, digest, version, description, grants, settings, \
         tool_prefix, source, installed_at, installed_by, publisher, pinned, deprecated, served_at"
    };
}

/// What [`Columns::activation`] reads.
macro_rules! activation_columns {
    () => {
        concat!($crate::rows::revision_columns!(), ", role, share")
    };
}

/// What [`Bind::job_run`] binds and, after the id, [`Columns::job_run`] reads.
macro_rules! job_run_columns {
    () => {
        "extension, job, due, times, started, ended, outcome, attempts, reason, result, correlation"
    };
}

pub(crate) use {
    activation_columns, arrival_columns, job_run_columns, letter_columns, parts_columns,
    revision_columns, stored_bundle_columns,
};

/// In the column of event types, what is no event.
pub(crate) const LISTED: &str = "LISTED";

/// An id as databases have it. None as large as those that do not fit is ever given.
pub(crate) fn id(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

/// What contents add to a page.
pub(crate) fn bytes_of(contents: Option<&Contents>) -> usize {
    contents.map_or(0, |contents| contents.as_str().len())
}

/// A revision number as databases have it.
pub(crate) fn revision(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|_| StoreError::Invalid {
        what: format!("revision {number} is no revision: they are counted from 1"),
    })
}
