//! JSON as KOI-net needs it: validated once, read in place, re-printed in the form peers sign.
//!
//! [`Document::parse`] reads a text in one pass into a flat list of nodes that point into it. It
//! refuses what makes two readers disagree: duplicate member names at any depth, lone surrogates,
//! numbers that no double holds; and it bounds depth, length and the number of values. Each node
//! knows whether its text already is canonical, so that printing copies such parts whole.

mod document;
mod error;
mod number;
mod print;
mod scan;
mod string;
mod text;

pub use document::{Document, Elements, Kind, Members, Value};
pub use error::JsonError;
pub use number::FloatStyle;
pub use string::write_string;
pub use text::Text;

pub(crate) use number::write_es_number;

/// Deepest nesting of arrays and objects in a document.
pub const MAX_DEPTH: usize = 128;

/// Longest document, in bytes.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Most values (member names counted as values) in one document.
pub const MAX_VALUES: usize = 2 * 1024 * 1024;

/// Longest number, in characters. Python refuses longer integers.
pub const MAX_NUMBER_CHARS: usize = 4300;

/// Whether manifest members beyond the three are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ManifestExtras {
    /// Print them: what a peer with rid-lib 3.3 verifies.
    #[default]
    Keep,
    /// Leave them out: what a peer with rid-lib 3.2 or older verifies.
    Strip,
}

/// How a peer spells the parts of the signed text in which versions differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Dialect {
    /// Spelling of floats of at least 1e16.
    pub floats: FloatStyle,
    /// Manifest members beyond the three.
    pub extras: ManifestExtras,
}
