//! Events: what a node tells others about its own state.

use std::{fmt, str::FromStr};

use crate::json::{Dialect, Document, Value, write_string};
use crate::manifest::{expect_object, expect_str};
use crate::{Bundle, Contents, Manifest, ModelError, Rid};

/// What happened at the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventType {
    /// A RID that it did not have before.
    New,
    /// A RID that it has changed.
    Update,
    /// A RID that it no longer has; of an edge: a refusal.
    Forget,
}

/// An event type other than `NEW`, `UPDATE` and `FORGET`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an event type is NEW, UPDATE or FORGET, in upper case")]
pub struct UnknownEventType;

impl EventType {
    /// `NEW`, `UPDATE` or `FORGET`.
    pub fn as_str(self) -> &'static str {
        match self {
            EventType::New => "NEW",
            EventType::Update => "UPDATE",
            EventType::Forget => "FORGET",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventType {
    type Err = UnknownEventType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "NEW" => Ok(EventType::New),
            "UPDATE" => Ok(EventType::Update),
            "FORGET" => Ok(EventType::Forget),
            _ => Err(UnknownEventType),
        }
    }
}

/// An event. It may carry nothing but the RID, a manifest, contents or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it is about.
    pub rid: Rid,
    /// What happened.
    pub event_type: EventType,
    /// The manifest, always of the same RID when it was read from outside.
    pub manifest: Option<Manifest>,
    /// The contents.
    pub contents: Option<Contents>,
}

impl Event {
    /// An event that carries the whole bundle, as considerate peers send NEW and UPDATE.
    pub fn of_bundle(event_type: EventType, bundle: Bundle) -> Event {
        Event {
            rid: bundle.manifest.rid.clone(),
            event_type,
            manifest: Some(bundle.manifest),
            contents: Some(bundle.contents),
        }
    }

    /// An event of nothing but the RID, as FORGET is sent.
    pub fn of_rid(event_type: EventType, rid: Rid) -> Event {
        Event {
            rid,
            event_type,
            manifest: None,
            contents: None,
        }
    }

    /// Reads a JSON text.
    pub fn parse(json: &str) -> Result<Event, ModelError> {
        Event::from_value(Document::parse(json)?.root())
    }

    /// Reads a value of a document. A manifest of another RID is refused: the reference acts on the
    /// one and stores under the other.
    pub fn from_value(value: Value<'_, '_>) -> Result<Event, ModelError> {
        expect_object(value, "event")?;
        let rid = value.get("rid").ok_or(ModelError::Missing("event.rid"))?;
        let event_type = value
            .get("event_type")
            .ok_or(ModelError::Missing("event.event_type"))?;
        let present = |name| value.get(name).filter(|member| !member.is_null());
        let rid = Rid::parse(&expect_str(rid, "event.rid")?)?;
        let manifest = present("manifest").map(Manifest::from_value).transpose()?;
        if let Some(manifest) = &manifest
            && manifest.rid != rid
        {
            return Err(ModelError::RidMismatch {
                event: rid.to_string(),
                manifest: manifest.rid.to_string(),
            });
        }
        Ok(Event {
            rid,
            event_type: expect_str(event_type, "event.event_type")?.parse()?,
            manifest,
            contents: present("contents").map(Contents::from_value).transpose()?,
        })
    }

    /// Appends the text that is signed.
    pub fn write(&self, dialect: Dialect, out: &mut String) {
        out.push_str("{\"rid\":");
        write_string(self.rid.as_str(), out);
        out.push_str(",\"event_type\":");
        write_string(self.event_type.as_str(), out);
        if let Some(manifest) = &self.manifest {
            out.push_str(",\"manifest\":");
            manifest.write(dialect, out);
        }
        if let Some(contents) = &self.contents {
            out.push_str(",\"contents\":");
            contents.write_canonical(dialect.floats, out);
        }
        out.push('}');
    }

    /// The canonical text in the default dialect.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(Dialect::default(), &mut out);
        out
    }
}
