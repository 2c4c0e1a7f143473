//! Paths into contents: JSON pointers (RFC 6901). Reading one fails with a sentence that says what was
//! expected.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest path, in bytes.
pub const MAX_POINTER_BYTES: usize = 256;

/// A path to a member, such as `/owner/name`; never the one to the whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(Arc<str>);

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no path to a member: expected a JSON pointer such as `/owner/name`, of at most \
     {MAX_POINTER_BYTES} bytes"
)]
pub struct PointerError(String);

impl Pointer {
    /// # Errors
    /// If it is no JSON pointer (RFC 6901), the empty one, or one that is too long.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        let is_escaped = |text: &str| {
            let mut after_tildes = text.split('~').skip(1);
            after_tildes.all(|rest| rest.starts_with(['0', '1']))
        };
        if text.len() > MAX_POINTER_BYTES || !text.starts_with('/') || !is_escaped(text) {
            return Err(PointerError(text.chars().take(40).collect()));
        }
        Ok(Self(text.into()))
    }

    /// As it was read.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        Self::parse(text)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_json_pointer_to_a_member() {
        for text in ["/a", "/", "/a/0/b", "/a~1b~0", "/ä b"] {
            assert_eq!(Pointer::parse(text).unwrap().as_str(), text);
        }
        for text in ["", "a", "a/b", "/a~", "/a~2", "/~~0"] {
            let error = Pointer::parse(text).unwrap_err().to_string();
            assert!(error.contains("JSON pointer"), "{error}");
        }
        assert!(Pointer::parse(&format!("/{}", "x".repeat(MAX_POINTER_BYTES))).is_err());
    }
}
