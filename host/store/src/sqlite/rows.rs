//! Values to columns and back, in the order in which the column lists name them. What is read has
//! to be what was written; a row that is not, is damage.

use std::str::FromStr;

use koi_rid::json::write_string;
use koi_rid::{Bundle, Contents, EventType, Extras, Manifest, Rid, Timestamp};
use rusqlite::types::FromSql;
use rusqlite::{Row, Statement, ToSql};

use super::fault::damaged;
use crate::{Arrival, ArrivalKind, Result, StoreError, StoredBundle, Writer};

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

pub(super) use {arrival_columns, parts_columns, stored_bundle_columns};

/// An id as SQLite has it. None as large as those that do not fit is ever given.
pub(super) fn id(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

/// What contents add to a page.
pub(super) fn bytes_of(contents: Option<&Contents>) -> usize {
    contents.map_or(0, |contents| contents.as_str().len())
}

/// Binds a statement's parameters one after the other.
pub(super) struct Bind<'s, 'c> {
    statement: &'s mut Statement<'c>,
    bound: usize,
}

impl<'s, 'c> Bind<'s, 'c> {
    pub(super) fn new(statement: &'s mut Statement<'c>) -> Self {
        Self {
            statement,
            bound: 0,
        }
    }

    pub(super) fn value(&mut self, value: impl ToSql) -> Result<()> {
        self.bound += 1;
        self.statement.raw_bind_parameter(self.bound, value)?;
        Ok(())
    }

    /// How many rows changed.
    pub(super) fn execute(self) -> Result<usize> {
        Ok(self.statement.raw_execute()?)
    }

    pub(super) fn stored_bundle(
        &mut self,
        bundle: &Bundle,
        writer: Option<&Writer>,
        source: Option<&Rid>,
    ) -> Result<()> {
        self.value(bundle.manifest.rid.as_str())?;
        self.manifest(Some(&bundle.manifest))?;
        self.value(bundle.contents.as_str())?;
        self.writer(writer)?;
        self.value(source.map(Rid::as_str))
    }

    /// What an event and an arrival have in common.
    pub(super) fn parts(
        &mut self,
        rid: &Rid,
        manifest: Option<&Manifest>,
        contents: Option<&Contents>,
    ) -> Result<()> {
        self.value(rid.as_str())?;
        let other = manifest.filter(|manifest| manifest.rid != *rid);
        self.value(other.map(|manifest| manifest.rid.as_str()))?;
        self.manifest(manifest)?;
        self.value(contents.map(Contents::as_str))
    }

    pub(super) fn arrival(&mut self, arrival: &Arrival) -> Result<()> {
        self.value(match arrival.kind {
            ArrivalKind::Event(event_type) => event_type.as_str(),
            ArrivalKind::Listed => LISTED,
        })?;
        self.parts(
            &arrival.rid,
            arrival.manifest.as_ref(),
            arrival.contents.as_ref(),
        )?;
        self.value(arrival.source.as_ref().map(Rid::as_str))?;
        self.writer(arrival.writer.as_ref())?;
        self.value(arrival.cause.as_ref().map(Rid::as_str))?;
        self.value(arrival.depth)?;
        self.value(arrival.correlation.as_str())
    }

    /// All of a manifest but its RID.
    fn manifest(&mut self, manifest: Option<&Manifest>) -> Result<()> {
        self.value(manifest.map(|manifest| manifest.timestamp.as_str()))?;
        self.value(manifest.map(|manifest| manifest.sha256_hash.as_str()))?;
        self.value(manifest.and_then(|manifest| extras_json(&manifest.extras)))
    }

    fn writer(&mut self, writer: Option<&Writer>) -> Result<()> {
        let revision = writer.map(|writer| revision(writer.revision)).transpose()?;
        self.value(writer.map(|writer| writer.extension.as_str()))?;
        self.value(revision)?;
        self.value(writer.map(|writer| writer.digest.as_str()))
    }
}

/// In the column of event types, what is no event.
const LISTED: &str = "LISTED";

/// A revision number as SQLite has it.
pub(super) fn revision(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|_| StoreError::Invalid {
        what: format!("revision {number} is no revision: they are counted from 1"),
    })
}

/// The members with their texts as they are: [`Extras::to_json`] would spell numbers anew.
fn extras_json(extras: &Extras) -> Option<String> {
    let mut out = String::new();
    for (name, text) in extras.iter() {
        out.push(if out.is_empty() { '{' } else { ',' });
        write_string(name, &mut out);
        out.push(':');
        out.push_str(text);
    }
    if out.is_empty() {
        return None;
    }
    out.push('}');
    Some(out)
}

/// Reads a row's columns one after the other.
pub(super) struct Columns<'r> {
    row: &'r Row<'r>,
    read: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn new(row: &'r Row<'r>) -> Self {
        Self { row, read: 0 }
    }

    pub(super) fn value<T: FromSql>(&mut self) -> Result<T> {
        let value = self.row.get(self.read)?;
        self.read += 1;
        Ok(value)
    }

    pub(super) fn number<T: TryFrom<i64>>(&mut self) -> Result<T>
    where
        T::Error: std::fmt::Display,
    {
        T::try_from(self.value()?).map_err(|error| damaged("a number", error))
    }

    /// A value that is kept as its text.
    pub(super) fn parsed<T: FromStr>(&mut self, what: &str) -> Result<T>
    where
        T::Err: std::fmt::Display,
    {
        self.optional(what, T::from_str)?
            .ok_or_else(|| damaged(what, "there is none"))
    }

    pub(super) fn stored_bundle(&mut self) -> Result<StoredBundle> {
        let manifest = self.bundle_manifest()?;
        let contents = self
            .optional("contents", Contents::parse)?
            .ok_or_else(|| damaged("contents", "there are none"))?;
        Ok(StoredBundle {
            bundle: Bundle { manifest, contents },
            written_by: self.writer()?,
            source: self.optional("the source of a bundle", Rid::parse)?,
        })
    }

    /// The columns of a stored bundle as far as its manifest goes.
    pub(super) fn bundle_manifest(&mut self) -> Result<Manifest> {
        let rid: Rid = self.parsed("a RID")?;
        self.manifest(rid)?
            .ok_or_else(|| damaged("a bundle", "it has no manifest"))
    }

    /// RID, manifest and contents of an event or arrival.
    pub(super) fn parts(&mut self) -> Result<(Rid, Option<Manifest>, Option<Contents>)> {
        let rid: Rid = self.parsed("a RID")?;
        let other = self.optional("a manifest's RID", Rid::parse)?;
        let manifest = self.manifest(other.unwrap_or_else(|| rid.clone()))?;
        let contents = self.optional("contents", Contents::parse)?;
        Ok((rid, manifest, contents))
    }

    pub(super) fn arrival(&mut self) -> Result<Arrival> {
        let kind = self.optional("the kind of an arrival", |text| match text {
            LISTED => Ok(ArrivalKind::Listed),
            event_type => EventType::from_str(event_type).map(ArrivalKind::Event),
        })?;
        let (rid, manifest, contents) = self.parts()?;
        Ok(Arrival {
            kind: kind.ok_or_else(|| damaged("the kind of an arrival", "there is none"))?,
            rid,
            manifest,
            contents,
            source: self.optional("the source of an arrival", Rid::parse)?,
            writer: self.writer()?,
            cause: self.optional("the cause of an arrival", Rid::parse)?,
            depth: self.number()?,
            correlation: self.value()?,
        })
    }

    /// A manifest, of which there is none if it has no timestamp.
    fn manifest(&mut self, rid: Rid) -> Result<Option<Manifest>> {
        let timestamp = self.optional("a timestamp", Timestamp::parse)?;
        let sha256_hash: Option<String> = self.value()?;
        let extras = self.optional("a manifest's extra members", Extras::parse)?;
        Ok(timestamp
            .zip(sha256_hash)
            .map(|(timestamp, sha256_hash)| Manifest {
                rid,
                timestamp,
                sha256_hash,
                extras: extras.unwrap_or_default(),
            }))
    }

    fn writer(&mut self) -> Result<Option<Writer>> {
        let extension: Option<String> = self.value()?;
        let revision: Option<i64> = self.value()?;
        let digest: Option<String> = self.value()?;
        let (Some(extension), Some(revision), Some(digest)) = (extension, revision, digest) else {
            return Ok(None);
        };
        Ok(Some(Writer {
            extension,
            revision: u64::try_from(revision).map_err(|error| damaged("a revision", error))?,
            digest,
        }))
    }

    pub(super) fn optional<T, E: std::fmt::Display>(
        &mut self,
        what: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>> {
        let text = self.row.get_ref(self.read)?.as_str_or_null();
        self.read += 1;
        let text = text.map_err(|error| damaged(what, error))?;
        text.map(|text| parse(text).map_err(|error| damaged(what, error)))
            .transpose()
    }
}
