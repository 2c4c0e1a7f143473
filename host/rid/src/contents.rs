//! The contents of a bundle: a JSON object, kept as the text that arrived.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::jcs;
use crate::json::{Document, FloatStyle, JsonError, Kind, Text, Value};

/// Longest contents, in bytes.
pub const MAX_CONTENTS_BYTES: usize = 8 * 1024 * 1024;

/// Deepest nesting in contents, the object itself counted. Leaves room for the envelopes and MCP
/// results around it within what JSON readers take (128).
pub const MAX_CONTENTS_DEPTH: usize = 100;

/// Why contents were refused or could not be read as a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentsError {
    /// Not JSON, or JSON of which readers would disagree.
    #[error("contents are refused: {0}")]
    Json(#[from] JsonError),
    /// JSON, but no object.
    #[error("contents have to be a JSON object")]
    NotAnObject,
    /// Longer than [`MAX_CONTENTS_BYTES`].
    #[error("contents are longer than {MAX_CONTENTS_BYTES} bytes")]
    TooLong,
    /// Nested deeper than [`MAX_CONTENTS_DEPTH`].
    #[error("contents are nested deeper than {MAX_CONTENTS_DEPTH} levels")]
    TooDeep,
    /// An integer that no double holds, so that the contents have no hash.
    #[error("contents have an integer beyond the range of a double")]
    NumberRange,
    /// A value that does not serialise to JSON.
    #[error("contents could not be written: {0}")]
    Serialize(String),
    /// Contents that are not of the type they were read as.
    #[error("contents are not as expected: {0}")]
    Deserialize(String),
}

/// A JSON object, validated once: no duplicate member names, bounded in length and depth. Equality
/// is equality of the text, so it is stricter than sameness of the hash.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Contents(Text);

impl Contents {
    /// Validates a text. Space around the object is not kept; all else is.
    pub fn parse(text: &str) -> Result<Contents, ContentsError> {
        // Before reading, so that an over-long text costs nothing. The exact check follows.
        if text.trim_ascii().len() > MAX_CONTENTS_BYTES {
            return Err(ContentsError::TooLong);
        }
        Contents::from_value(Document::parse(text)?.root())
    }

    /// Copies an object out of a document.
    pub fn from_value(value: Value<'_, '_>) -> Result<Contents, ContentsError> {
        if value.kind() != Kind::Object {
            return Err(ContentsError::NotAnObject);
        }
        if value.text().len() > MAX_CONTENTS_BYTES {
            return Err(ContentsError::TooLong);
        }
        if value.height() > MAX_CONTENTS_DEPTH {
            return Err(ContentsError::TooDeep);
        }
        let text = Text::from_value(value);
        if text.is_beyond_double() {
            return Err(ContentsError::NumberRange);
        }
        Ok(Contents(text))
    }

    /// Prints a value that serialises to a JSON object, members in the order of its fields.
    pub fn from_serialize(value: &impl Serialize) -> Result<Contents, ContentsError> {
        let text = serde_json::to_string(value)
            .map_err(|error| ContentsError::Serialize(error.to_string()))?;
        Contents::parse(&text)
    }

    /// Reads the contents as a type.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, ContentsError> {
        serde_json::from_str(self.as_str())
            .map_err(|error| ContentsError::Deserialize(error.to_string()))
    }

    /// The text as it arrived.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Lower-case hex SHA-256 of the RFC 8785 form: what `sha256_hash` of the manifest should be.
    pub fn hash(&self) -> String {
        // Contents that exist have passed all that could fail here.
        jcs::sha256_hex(self.as_str()).unwrap_or_default()
    }

    /// Whether the object has no members.
    pub fn is_empty(&self) -> bool {
        self.as_str()[1..].trim_ascii_start().starts_with('}')
    }

    /// Appends the text that is signed: members in order, canonical values.
    pub fn write_canonical(&self, style: FloatStyle, out: &mut String) {
        self.0.write_canonical(style, out);
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
