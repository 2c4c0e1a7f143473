//! `environment=NAME`: an environment variable of the node, as it is when the guest first looks.

use std::fmt;
use std::str::FromStr;

/// The word of these grants.
pub(super) const WORD: &str = "environment";

/// The node's own settings and secrets begin with this; no extension gets them.
const OWN_PREFIX: &str = "KOI_MCP_";

/// Longest name, in bytes.
const MAX_NAME_BYTES: usize = 128;

/// The name of an environment variable: letters, digits and `_`, no digit first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variable(String);

/// In place of a name in what an extension asks for: whichever the operator grants.
pub(super) const ANY: &str = "*";

impl Variable {
    /// What an extension asks for.
    ///
    /// # Errors
    /// A clause about the name if it is none.
    pub fn asked(name: &str) -> Result<Self, String> {
        match name {
            ANY => Ok(Self(name.to_owned())),
            name => name.parse(),
        }
    }

    /// Whether it is one variable, and not whichever is granted.
    pub(super) fn is_one(&self) -> bool {
        self.0 != ANY
    }

    /// Whether it, as it was asked for, speaks of this one.
    pub(crate) fn asks_for(&self, given: &Self) -> bool {
        !self.is_one() || self == given
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = (1..=MAX_NAME_BYTES).contains(&text.len())
            && !text.starts_with(|first: char| first.is_ascii_digit())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !fits {
            return Err(format!(
                "a variable's name has 1 to {MAX_NAME_BYTES} letters, digits and `_`, no digit first"
            ));
        }
        if text.to_ascii_uppercase().starts_with(OWN_PREFIX) {
            return Err(format!(
                "variables that begin with `{OWN_PREFIX}` are the node's own"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
