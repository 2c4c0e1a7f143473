//! What an operator has put before the names of an extension's tools.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// Longest name of a tool as clients see it, in bytes.
pub const MAX_TOOL_NAME_BYTES: usize = 64;

/// What stands before the names of an extension's tools on this node: characters of tool names, and
/// fewer of them than a name may have. Empty unless an operator sets it, so that no name ever depends
/// on what else is installed. The extension itself is called by the names that it gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolPrefix(Option<Arc<str>>);

/// Why a text can stand before no tool's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot stand before the names of tools: at most {room} letters, digits, `_` and `-`",
    room = MAX_TOOL_NAME_BYTES - 1
)]
pub struct PrefixError(String);

impl ToolPrefix {
    /// # Errors
    /// If the text has other characters, or leaves no room for a name.
    pub fn parse(text: &str) -> Result<Self, PrefixError> {
        match text {
            "" => Ok(Self::default()),
            text if text.len() < MAX_TOOL_NAME_BYTES && is_of_tool_names(text) => {
                Ok(Self(Some(text.into())))
            }
            text => Err(PrefixError(crate::text::shortened(text).to_string())),
        }
    }

    /// The text; empty for none.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether names stay as they are.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The name of a tool as clients see it.
    pub(super) fn before(&self, name: &str) -> String {
        format!("{self}{name}")
    }
}

/// Whether there are only characters of tool names.
pub(super) fn is_of_tool_names(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

impl fmt::Display for ToolPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ToolPrefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
