//! Names and values of secrets.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

/// Longest name, in bytes.
pub const MAX_SECRET_NAME_BYTES: usize = 64;
/// Shortest value, in bytes: what is shorter stands in texts by chance.
pub const MIN_SECRET_BYTES: usize = 8;
/// Longest value, in bytes.
pub const MAX_SECRET_BYTES: usize = 4096;

/// What a secret is called: 1 to 64 letters, digits, `_`, `-` and `.`, the first of them a letter or
/// a digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName(String);

/// The value of a secret: text without control characters. Printed nowhere, and wiped from memory
/// when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(Zeroizing<String>);

/// Why a text is no secret or no name for one. The text of a value is never part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// No name.
    #[error(
        "`{0}` is no name for a secret: 1 to {MAX_SECRET_NAME_BYTES} letters, digits, `_`, `-` and `.`, beginning with a letter or a digit"
    )]
    Name(String),
    /// Too short.
    #[error(
        "the value has {0} bytes: what is shorter than {MIN_SECRET_BYTES} is no secret, and cannot be told from other text"
    )]
    TooShort(usize),
    /// Too long.
    #[error("the value has {0} bytes; a secret has at most {MAX_SECRET_BYTES}")]
    TooLong(usize),
    /// With line breaks or the like.
    #[error("the value has control characters, such as a line break: a secret is one line of text")]
    Control,
}

impl SecretName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretName {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        let fits = text.len() <= MAX_SECRET_NAME_BYTES
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(SecretError::Name(text.chars().take(120).collect()))
        }
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for SecretName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SecretName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl SecretValue {
    /// # Errors
    /// If the text is too short, too long or not one line.
    pub fn new(text: String) -> Result<Self, SecretError> {
        let text = Zeroizing::new(text);
        match text.len() {
            length if length < MIN_SECRET_BYTES => Err(SecretError::TooShort(length)),
            length if length > MAX_SECRET_BYTES => Err(SecretError::TooLong(length)),
            _ if text.contains(char::is_control) => Err(SecretError::Control),
            _ => Ok(Self(text)),
        }
    }

    /// The value, for where it leaves the node.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue")
    }
}
