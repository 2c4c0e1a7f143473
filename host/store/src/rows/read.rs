//! Columns to values.

use std::fmt::Display;
use std::str::FromStr;

use koi_rid::{Bundle, Contents, Event, EventType, Extras, Manifest, Rid, Timestamp};

use super::LISTED;
use crate::{
    Activation, Arrival, ArrivalKind, AuditDraft, AuditEntry, DeadLetter, InboxEntry, JobRun,
    McpSession, OutboxEntry, Result, Revision, Role, StoreError, StoredBundle, Writer,
};

/// Reads a row's columns one after the other.
pub(crate) trait Columns {
    /// The next column, a text or nothing.
    fn text(&mut self) -> Result<Option<&str>>;

    /// The next column, a number or nothing.
    fn integer(&mut self) -> Result<Option<i64>>;

    fn maybe_string(&mut self) -> Result<Option<String>> {
        Ok(self.text()?.map(str::to_owned))
    }

    fn string(&mut self) -> Result<String> {
        self.maybe_string()?
            .ok_or_else(|| StoreError::damaged("a text", "there is none"))
    }

    fn number<T: TryFrom<i64>>(&mut self) -> Result<T>
    where
        T::Error: Display,
    {
        let number = self
            .integer()?
            .ok_or_else(|| StoreError::damaged("a number", "there is none"))?;
        T::try_from(number).map_err(|error| StoreError::damaged("a number", error))
    }

    /// A value that is kept as its text.
    fn parsed<T: FromStr>(&mut self, what: &str) -> Result<T>
    where
        T::Err: Display,
    {
        self.optional(what, T::from_str)?
            .ok_or_else(|| StoreError::damaged(what, "there is none"))
    }

    fn optional<T, E: Display>(
        &mut self,
        what: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>> {
        self.text()?
            .map(|text| parse(text).map_err(|error| StoreError::damaged(what, error)))
            .transpose()
    }

    fn stored_bundle(&mut self) -> Result<StoredBundle> {
        let manifest = self.bundle_manifest()?;
        let contents = self
            .optional("contents", Contents::parse)?
            .ok_or_else(|| StoreError::damaged("contents", "there are none"))?;
        Ok(StoredBundle {
            bundle: Bundle { manifest, contents },
            written_by: self.writer()?,
            source: self.optional("the source of a bundle", Rid::parse)?,
        })
    }

    /// The columns of a stored bundle as far as its manifest goes.
    fn bundle_manifest(&mut self) -> Result<Manifest> {
        let rid: Rid = self.parsed("a RID")?;
        self.manifest(rid)?
            .ok_or_else(|| StoreError::damaged("a bundle", "it has no manifest"))
    }

    /// RID, manifest and contents of an event or arrival.
    fn parts(&mut self) -> Result<(Rid, Option<Manifest>, Option<Contents>)> {
        let rid: Rid = self.parsed("a RID")?;
        let other = self.optional("a manifest's RID", Rid::parse)?;
        let manifest = self.manifest(other.unwrap_or_else(|| rid.clone()))?;
        let contents = self.optional("contents", Contents::parse)?;
        Ok((rid, manifest, contents))
    }

    fn arrival(&mut self) -> Result<Arrival> {
        let what = "the kind of an arrival";
        let kind = self.optional(what, |text| match text {
            LISTED => Ok(ArrivalKind::Listed),
            event_type => EventType::from_str(event_type).map(ArrivalKind::Event),
        })?;
        let (rid, manifest, contents) = self.parts()?;
        Ok(Arrival {
            kind: kind.ok_or_else(|| StoreError::damaged(what, "there is none"))?,
            rid,
            manifest,
            contents,
            source: self.optional("the source of an arrival", Rid::parse)?,
            writer: self.writer()?,
            cause: self.optional("the cause of an arrival", Rid::parse)?,
            depth: self.number()?,
            correlation: self.string()?,
        })
    }

    /// A manifest, of which there is none if it has no timestamp.
    fn manifest(&mut self, rid: Rid) -> Result<Option<Manifest>> {
        let timestamp = self.optional("a timestamp", Timestamp::parse)?;
        let sha256_hash = self.maybe_string()?;
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
        let extension = self.maybe_string()?;
        let revision = self.integer()?;
        let digest = self.maybe_string()?;
        let (Some(extension), Some(revision), Some(digest)) = (extension, revision, digest) else {
            return Ok(None);
        };
        Ok(Some(Writer {
            extension,
            revision: u64::try_from(revision)
                .map_err(|error| StoreError::damaged("a revision", error))?,
            digest,
        }))
    }

    /// Id, attempts and due time, then the arrival.
    fn inbox_entry(&mut self) -> Result<InboxEntry> {
        Ok(InboxEntry {
            id: self.number()?,
            attempts: self.number()?,
            due: self.parsed("a due time")?,
            arrival: self.arrival()?,
        })
    }

    /// Id, version, attempts, how often it was given and the event type, then the event's parts.
    fn outbox_entry(&mut self, peer: &Rid) -> Result<OutboxEntry> {
        let id = self.number()?;
        let version = self.number()?;
        let attempts = self.number()?;
        let given = self.number()?;
        let event_type = self.parsed("an event type")?;
        let (rid, manifest, contents) = self.parts()?;
        Ok(OutboxEntry {
            id,
            version,
            peer: peer.clone(),
            event: Event {
                rid,
                event_type,
                manifest,
                contents,
            },
            attempts,
            given,
        })
    }

    fn letter(&mut self) -> Result<DeadLetter> {
        Ok(DeadLetter {
            id: self.number()?,
            phase: self.string()?,
            extension: self.maybe_string()?,
            reason: self.string()?,
            kind: self.string()?,
            at: self.parsed("a time of burial")?,
            peer: self.optional("the peer of a letter", Rid::parse)?,
            times: self.number()?,
            arrival: self.arrival()?,
        })
    }

    fn revision(&mut self) -> Result<Revision> {
        Ok(Revision {
            extension: self.string()?,
            revision: self.number()?,
            digest: self.string()?,
            version: self.string()?,
            description: self.string()?,
            grants: self.string()?,
            settings: self.string()?,
            tool_prefix: self.string()?,
            source: self.string()?,
            installed_at: self.parsed("a time of installing")?,
            installed_by: self.string()?,
            publisher: self.maybe_string()?,
            pinned: self.number::<i64>()? != 0,
            deprecated: self.maybe_string()?,
            served_at: self.optional("a time of serving", Timestamp::parse)?,
        })
    }

    /// A revision, then its role and share.
    fn activation(&mut self) -> Result<Activation> {
        let revision = self.revision()?;
        let role = self.string()?;
        let share = self.integer()?;
        let role = Role::of(&role, share).map_err(|what| StoreError::damaged("a role", what))?;
        Ok(Activation { revision, role })
    }

    /// Id and time, then the change.
    fn audit_entry(&mut self) -> Result<AuditEntry> {
        Ok(AuditEntry {
            id: self.number()?,
            at: self.parsed("a time of change")?,
            change: AuditDraft {
                who: self.string()?,
                action: self.string()?,
                extension: self.maybe_string()?,
                before: self.maybe_string()?,
                after: self.maybe_string()?,
            },
        })
    }

    /// Id, then the run.
    fn job_run(&mut self) -> Result<JobRun> {
        Ok(JobRun {
            id: self.number()?,
            extension: self.string()?,
            job: self.string()?,
            due: self.integer()?.map(Timestamp::from_micros),
            times: self.number()?,
            started: Timestamp::from_micros(self.number()?),
            ended: self.integer()?.map(Timestamp::from_micros),
            outcome: self.parsed("the outcome of a job")?,
            attempts: self.number()?,
            reason: self.maybe_string()?,
            result: self.maybe_string()?,
            correlation: self.string()?,
        })
    }

    /// A session but for its subscriptions; its time is in microseconds since 1970.
    fn session(&mut self) -> Result<McpSession> {
        Ok(McpSession {
            id: self.string()?,
            principal: self.maybe_string()?,
            endpoint: self.string()?,
            initialize: self.string()?,
            log_level: self.maybe_string()?,
            subscriptions: Vec::new(),
            last_used: Timestamp::from_micros(self.number()?),
        })
    }
}
