//! The values of a KOI network: RIDs and their types, timestamps, contents, manifests, bundles and
//! events, with the JSON layer that they are read from and printed by.
//!
//! Promises: a value that exists is valid and bounded; printing it gives the one canonical text
//! that peers sign; contents stay the text that arrived. Nothing here does I/O, and no input
//! panics: every refusal is an error that names what was wrong.

mod bundle;
mod contents;
mod error;
mod event;
mod filter;
pub mod jcs;
pub mod json;
mod manifest;
mod order;
mod pointer;
mod rid;
mod timestamp;
mod writer;

pub use bundle::Bundle;
pub use contents::{Contents, ContentsError, MAX_CONTENTS_BYTES, MAX_CONTENTS_DEPTH};
pub use error::ModelError;
pub use event::{Event, EventType, UnknownEventType};
pub use filter::{
    Filter, FilterError, KEY_TEXT_BYTES, Keys, MAX_COMPARISONS, MAX_FILTER_BYTES, MAX_FILTER_DEPTH,
};
pub use json::{Dialect, FloatStyle, ManifestExtras};
pub use manifest::{
    Extras, MANIFEST_MEMBERS, MAX_EXTRAS, MAX_EXTRAS_BYTES, MAX_HASH_BYTES, Manifest,
};
pub use order::{BundleOrder, UnknownOrder};
pub use pointer::{MAX_POINTER_BYTES, Pointer, PointerError};
pub use rid::{MAX_PYTHON_RID_BYTES, MAX_RID_BYTES, Rid, RidError, RidType};
pub use timestamp::{Timestamp, TimestampError};
pub use writer::Writer;
