//! Between the values of this crate and those that cross the border.

use koi_rid::Manifest;

use super::bindings::exports::koi::extension::{handlers, resources, rid_types};
use super::bindings::koi::extension::knowledge::Bundle;
use super::bindings::koi::extension::types::{Error, ErrorKind};
use crate::capabilities::convert::{bundle_meta, kind, message};
use crate::error::{GuestError, GuestErrorKind};
use crate::ports::{KnownBundle, PortError};
use crate::values::{
    KnowledgeObject, Outcome, ParsedReference, Replacement, ResourceBody, ResourceContents,
};

/// A knowledge object together with what is made for the guest's view of it, which borrows all its
/// texts from here.
pub(crate) struct Shown<'a> {
    object: &'a KnowledgeObject,
    network_targets: Vec<&'a str>,
    previous: Option<(&'a KnownBundle, String)>,
    meta: String,
}

impl<'a> Shown<'a> {
    pub(crate) fn new(object: &'a KnowledgeObject) -> Self {
        Self {
            object,
            network_targets: object
                .network_targets
                .iter()
                .map(|rid| rid.as_str())
                .collect(),
            previous: object
                .previous
                .as_ref()
                .map(|known| (known, bundle_meta(known))),
            meta: format!("{{\"depth\":{}}}", object.depth),
        }
    }

    pub(crate) fn view(&self) -> handlers::KnowledgeObject<'_> {
        let object = self.object;
        let manifest = object.manifest.as_ref();
        handlers::KnowledgeObject {
            rid: object.rid.as_str(),
            phase: object.phase.as_str(),
            event_type: object.event_type.map(|event| event.as_str()),
            normalized_event_type: object.normalized.map(|event| event.as_str()),
            source: object.source.as_ref().map(|rid| rid.as_str()),
            timestamp: manifest.map(|manifest| manifest.timestamp.as_str()),
            sha256_hash: manifest.map(|manifest| manifest.sha256_hash.as_str()),
            contents: object.contents.as_ref().map(|contents| contents.as_str()),
            network_targets: &self.network_targets,
            previous: self
                .previous
                .as_ref()
                .map(|(known, meta)| handlers::Bundle {
                    rid: known.bundle.manifest.rid.as_str(),
                    timestamp: known.bundle.manifest.timestamp.as_str(),
                    sha256_hash: &known.bundle.manifest.sha256_hash,
                    contents: known.bundle.contents.as_str(),
                    meta,
                }),
            meta: &self.meta,
        }
    }
}

impl From<handlers::Outcome> for Outcome {
    fn from(outcome: handlers::Outcome) -> Self {
        match outcome {
            handlers::Outcome::Unchanged => Self::Unchanged,
            handlers::Outcome::Replace(replacement) => Self::Replace(Replacement {
                contents: replacement.contents,
                normalized: replacement.normalized_event_type,
                network_targets: replacement.network_targets,
            }),
            handlers::Outcome::Stop(reason) => Self::Stop(message(reason)),
        }
    }
}

impl From<resources::ResourceContents> for ResourceContents {
    fn from(contents: resources::ResourceContents) -> Self {
        Self {
            uri: contents.uri,
            mime_type: contents.mime_type,
            body: match contents.body {
                resources::ResourceBody::Text(text) => ResourceBody::Text(text),
                resources::ResourceBody::Blob(bytes) => ResourceBody::Blob(bytes),
            },
            meta: contents.meta,
        }
    }
}

impl From<rid_types::ParsedReference> for ParsedReference {
    fn from(parsed: rid_types::ParsedReference) -> Self {
        Self {
            canonical: parsed.canonical,
            parts: parsed.parts,
        }
    }
}

/// What a port's failure is to a guest.
pub(crate) fn error(error: PortError) -> Error {
    let message = error.to_string();
    let kind = match error {
        PortError::Transient(_) => ErrorKind::Transient,
        PortError::Permanent(_) => ErrorKind::Permanent,
        PortError::InvalidInput(_) => ErrorKind::InvalidInput,
        PortError::Denied(_) => ErrorKind::Denied,
    };
    Error { kind, message }
}

/// What a guest's failure is to its caller.
pub(crate) fn guest_error(error: Error) -> GuestError {
    let kind = match error.kind {
        ErrorKind::Transient => GuestErrorKind::Transient,
        ErrorKind::Permanent => GuestErrorKind::Permanent,
        ErrorKind::InvalidInput => GuestErrorKind::InvalidInput,
        ErrorKind::Denied => GuestErrorKind::Denied,
        ErrorKind::Other(text) => GuestErrorKind::Other(kind(text)),
    };
    GuestError {
        kind,
        message: message(error.message),
    }
}

/// A stored bundle as a guest sees it.
pub(crate) fn bundle(known: KnownBundle) -> Bundle {
    let meta = bundle_meta(&known);
    let Manifest {
        rid,
        timestamp,
        sha256_hash,
        ..
    } = known.bundle.manifest;
    Bundle {
        rid: rid.as_str().to_owned(),
        timestamp: timestamp.as_str().to_owned(),
        sha256_hash,
        contents: known.bundle.contents.as_str().to_owned(),
        meta,
    }
}
