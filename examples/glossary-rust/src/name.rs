//! Names of terms and vocabularies: lower-case words with hyphens between them.

use std::fmt;
use std::str::FromStr;

use koi_extension::prelude::*;
use serde::{Deserialize, Serialize};

/// Most bytes of a name.
const MAX_BYTES: usize = 64;

/// A name: words of letters a-z and digits with one `-` between two of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl Name {
    /// The name under which a term, or a vocabulary, is kept.
    ///
    /// # Errors
    /// `invalid-input` if it cannot be a name.
    pub fn of(term: &str) -> Result<Self> {
        let lower = term.to_ascii_lowercase();
        let words: Vec<_> = lower
            .split([' ', '_', '-'])
            .filter(|word| !word.is_empty())
            .collect();
        words.join("-").parse().map_err(|NoName| {
            Error::invalid_input(format!(
                "`{term}` cannot be a name: letters a-z, digits, spaces, - and _ can"
            ))
        })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no name.
#[derive(Debug)]
pub struct NoName;

impl fmt::Display for NoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name is words of a-z and 0-9 with hyphens between them, 64 bytes at most")
    }
}

impl FromStr for Name {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Name {
    type Error = NoName;

    fn try_from(text: String) -> Result<Self, NoName> {
        let is_word = |word: &str| {
            let mut letters = word.bytes();
            !word.is_empty() && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        match text.len() <= MAX_BYTES && text.split('-').all(is_word) {
            true => Ok(Self(text)),
            false => Err(NoName),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_have_names_of_lower_case_words() {
        for (term, name) in [
            ("event", "event"),
            (" Knowledge_Object--2 ", "knowledge-object-2"),
            ("X".repeat(64).as_str(), "x".repeat(64).as_str()),
        ] {
            assert_eq!(Name::of(term).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_told_so() {
        for term in ["", "- _", "a.b", "Ä", "\u{212a}", "x".repeat(65).as_str()] {
            let error = Name::of(term).unwrap_err();
            let expected =
                format!("`{term}` cannot be a name: letters a-z, digits, spaces, - and _ can");
            assert_eq!(error, Error::invalid_input(expected));
        }
    }

    #[test]
    fn only_what_is_a_name_already_is_read_as_one() {
        for text in ["", "Event", "a--b", "-a", "a-", "a b"] {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
    }
}
