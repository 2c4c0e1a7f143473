//! Cursors of paged lists: opaque to clients, checked when they come back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest cursor that is looked at, in bytes: two of the longest RIDs, escaped and encoded.
const MAX_CURSOR_BYTES: usize = 32 << 10;

/// A position as a client gets it.
pub(crate) fn encode(position: &impl Serialize) -> String {
    // Positions are structs of strings, which always serialise.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(position).unwrap_or_default())
}

/// The position in a cursor; none if it is not one that [`encode`] made.
pub(crate) fn decode<T: DeserializeOwned>(cursor: &str) -> Option<T> {
    if cursor.len() > MAX_CURSOR_BYTES {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}
