//! Between the values of this crate and those that cross the border.

use crate::bindings::exports::koi::extension::{handlers, resources};
use crate::capabilities::convert::{bundle_meta, message};
use crate::ports::KnownBundle;
use crate::values::{KnowledgeObject, Outcome, Replacement, ResourceBody, ResourceContents};

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
