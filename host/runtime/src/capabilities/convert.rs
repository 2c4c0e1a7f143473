//! Texts of guests and values of the ports, whatever the version of the contract.

use koi_rid::{Rid, RidType};

use crate::error::{GuestError, GuestErrorKind};
use crate::ports::{KnownBundle, PortError};

/// What a function of the host gives: what ends the call, or what the guest is told.
pub(crate) type Given<T> = wasmtime::Result<Result<T, PortError>>;

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

/// A kind of failure that this host does not know.
pub(crate) fn kind(text: String) -> String {
    line(text, MAX_KIND_BYTES)
}

/// What a port's failure is to the guest's caller, where the guest could not be told.
pub(crate) fn refusal(error: PortError) -> GuestError {
    let kind = match error {
        PortError::Transient(_) => GuestErrorKind::Transient,
        PortError::Permanent(_) => GuestErrorKind::Permanent,
        PortError::InvalidInput(_) => GuestErrorKind::InvalidInput,
        PortError::Denied(_) => GuestErrorKind::Denied,
    };
    GuestError {
        kind,
        message: message(error.to_string()),
    }
}

/// The guest gave something that is not what the interface asks for.
pub(crate) fn invalid(reason: impl std::fmt::Display) -> PortError {
    PortError::InvalidInput(reason.to_string())
}

/// A RID that a guest gave.
pub(crate) fn rid(text: &str) -> Result<Rid, PortError> {
    Rid::parse(text).map_err(invalid)
}

/// A RID type that a guest gave.
pub(crate) fn rid_type(text: &str) -> Result<RidType, PortError> {
    RidType::parse(text).map_err(invalid)
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
