//! Between the values of the WIT and those of the ports.

use koi_rid::{Manifest, Rid, RidType};

use crate::bindings::koi::extension::knowledge::Bundle;
use crate::bindings::koi::extension::types::{Error, ErrorKind};
use crate::error::{GuestError, GuestErrorKind};
use crate::ports::{KnownBundle, PortError};

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

/// Most bytes of a message of a guest, which goes into logs, dead letters and answers.
const MAX_MESSAGE_BYTES: usize = 4 << 10;

/// Most bytes of a kind of failure that this host does not know.
const MAX_KIND_BYTES: usize = 64;

/// What a guest says, on one line of bounded length: it cannot forge a second line in a log.
pub(crate) fn message(text: String) -> String {
    line(text, MAX_MESSAGE_BYTES)
}

/// A text on one line of at most so many bytes.
pub(crate) fn line(mut text: String, bytes: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes));
    if text.contains(char::is_control) {
        text = text.replace(char::is_control, " ");
    }
    text
}

/// What a guest's failure is to its caller.
pub(crate) fn guest_error(error: Error) -> GuestError {
    let kind = match error.kind {
        ErrorKind::Transient => GuestErrorKind::Transient,
        ErrorKind::Permanent => GuestErrorKind::Permanent,
        ErrorKind::InvalidInput => GuestErrorKind::InvalidInput,
        ErrorKind::Denied => GuestErrorKind::Denied,
        ErrorKind::Other(kind) => GuestErrorKind::Other(line(kind, MAX_KIND_BYTES)),
    };
    GuestError {
        kind,
        message: message(error.message),
    }
}

/// The guest gave something that is not what the interface asks for.
pub(crate) fn invalid(reason: impl std::fmt::Display) -> Error {
    Error {
        kind: ErrorKind::InvalidInput,
        message: reason.to_string(),
    }
}

/// A RID that a guest gave.
pub(crate) fn rid(text: &str) -> Result<Rid, Error> {
    Rid::parse(text).map_err(invalid)
}

/// A RID type that a guest gave.
pub(crate) fn rid_type(text: &str) -> Result<RidType, Error> {
    RidType::parse(text).map_err(invalid)
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

/// What is known about a stored bundle beyond its members, as a JSON object.
pub(crate) fn bundle_meta(known: &KnownBundle) -> String {
    let extras = &known.bundle.manifest.extras;
    let mut meta = String::from("{");
    if !extras.is_empty() {
        meta.push_str("\"manifest\":");
        meta.push_str(&extras.to_json());
    }
    if let Some(writer) = &known.written_by {
        if meta.len() > 1 {
            meta.push(',');
        }
        let writer = serde_json::json!({
            "extension": writer.extension,
            "revision": writer.revision,
            "digest": writer.digest,
        });
        meta.push_str("\"written-by\":");
        meta.push_str(&writer.to_string());
    }
    meta.push('}');
    meta
}
