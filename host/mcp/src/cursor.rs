//! Pages of lists, and the cursors that lead from one to the next: opaque to clients, checked when
//! they come back. A cursor that is none of ours is an error that says so.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rmcp::ErrorData;
use rmcp::model::PaginatedRequestParams;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::errors;

/// Entries on a page of any list.
pub(crate) const PAGE: usize = 200;

/// Longest cursor that is looked at, in bytes: two of the longest RIDs, escaped and encoded.
const MAX_CURSOR_BYTES: usize = 32 << 10;

/// A position as a client gets it.
pub(crate) fn encode(position: &impl Serialize) -> String {
    // Positions are structs of strings, which always serialise.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(position).unwrap_or_default())
}

/// The position in a cursor; none if it is not one that [`encode`] made.
fn decode<T: DeserializeOwned>(cursor: &str) -> Option<T> {
    if cursor.len() > MAX_CURSOR_BYTES {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}

/// A page of a list that is in memory, and the cursor of the next one.
pub(crate) fn page<'a, T: Clone + 'a>(
    list: &'a BTreeMap<String, impl AsRef<T>>,
    request: Option<PaginatedRequestParams>,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    let after: Option<String> = position(request)?;
    let from = after.as_deref().map_or(Unbounded, Excluded);
    let mut rest = list.range::<str, _>((from, Unbounded));
    let mut last = None;
    let items = rest
        .by_ref()
        .take(PAGE)
        .map(|(key, item)| {
            last = Some(key);
            item.as_ref().clone()
        })
        .collect();
    let next = rest.next().and(last).map(encode);
    Ok((items, next))
}

/// The position that a request asks to go on from; none for the first page.
pub(crate) fn position<T: DeserializeOwned>(
    request: Option<PaginatedRequestParams>,
) -> Result<Option<T>, ErrorData> {
    match request.and_then(|request| request.cursor) {
        Some(cursor) => decode(&cursor).map(Some).ok_or_else(errors::bad_cursor),
        None => Ok(None),
    }
}
