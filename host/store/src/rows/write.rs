//! Values to columns.

use std::borrow::Cow;

use koi_rid::json::write_string;
use koi_rid::{Bundle, Contents, Extras, Manifest, Rid, Timestamp};

use super::{LISTED, revision};
use crate::{Arrival, ArrivalKind, JobRun, Result, Writer};

/// Binds a statement's parameters one after the other.
pub(crate) trait Bind<'v> {
    /// Binds a text, or nothing.
    fn text(&mut self, text: Option<Cow<'v, str>>) -> Result<()>;

    /// Binds a number, or nothing.
    fn number(&mut self, number: Option<i64>) -> Result<()>;

    /// Binds a text that is there.
    fn string(&mut self, text: &'v str) -> Result<()> {
        self.text(Some(Cow::Borrowed(text)))
    }

    /// Binds a text that may be there.
    fn maybe(&mut self, text: Option<&'v str>) -> Result<()> {
        self.text(text.map(Cow::Borrowed))
    }

    fn stored_bundle(
        &mut self,
        bundle: &'v Bundle,
        writer: Option<&'v Writer>,
        source: Option<&'v Rid>,
    ) -> Result<()> {
        self.string(bundle.manifest.rid.as_str())?;
        self.manifest(Some(&bundle.manifest))?;
        self.string(bundle.contents.as_str())?;
        self.writer(writer)?;
        self.maybe(source.map(Rid::as_str))
    }

    /// What an event and an arrival have in common.
    fn parts(
        &mut self,
        rid: &'v Rid,
        manifest: Option<&'v Manifest>,
        contents: Option<&'v Contents>,
    ) -> Result<()> {
        self.string(rid.as_str())?;
        let other = manifest.filter(|manifest| manifest.rid != *rid);
        self.maybe(other.map(|manifest| manifest.rid.as_str()))?;
        self.manifest(manifest)?;
        self.maybe(contents.map(Contents::as_str))
    }

    fn arrival(&mut self, arrival: &'v Arrival) -> Result<()> {
        self.string(match arrival.kind {
            ArrivalKind::Event(event_type) => event_type.as_str(),
            ArrivalKind::Listed => LISTED,
        })?;
        self.parts(
            &arrival.rid,
            arrival.manifest.as_ref(),
            arrival.contents.as_ref(),
        )?;
        self.maybe(arrival.source.as_ref().map(Rid::as_str))?;
        self.writer(arrival.writer.as_ref())?;
        self.maybe(arrival.cause.as_ref().map(Rid::as_str))?;
        self.number(Some(arrival.depth.into()))?;
        self.string(&arrival.correlation)
    }

    /// All of a run but its id.
    fn job_run(&mut self, run: &'v JobRun) -> Result<()> {
        self.string(&run.extension)?;
        self.string(&run.job)?;
        self.number(run.due.as_ref().map(Timestamp::to_micros))?;
        self.number(Some(run.times.into()))?;
        self.number(Some(run.started.to_micros()))?;
        self.number(run.ended.as_ref().map(Timestamp::to_micros))?;
        self.string(run.outcome.as_str())?;
        self.number(Some(run.attempts.into()))?;
        self.maybe(run.reason.as_deref())?;
        self.maybe(run.result.as_deref())?;
        self.string(&run.correlation)
    }

    /// All of a manifest but its RID.
    fn manifest(&mut self, manifest: Option<&'v Manifest>) -> Result<()> {
        self.maybe(manifest.map(|manifest| manifest.timestamp.as_str()))?;
        self.maybe(manifest.map(|manifest| manifest.sha256_hash.as_str()))?;
        let extras = manifest.and_then(|manifest| extras_json(&manifest.extras));
        self.text(extras.map(Cow::Owned))
    }

    fn writer(&mut self, writer: Option<&'v Writer>) -> Result<()> {
        let revision = writer.map(|writer| revision(writer.revision)).transpose()?;
        self.maybe(writer.map(|writer| writer.extension.as_str()))?;
        self.number(revision)?;
        self.maybe(writer.map(|writer| writer.digest.as_str()))
    }
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
