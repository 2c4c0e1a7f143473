//! What an endpoint shows: all, or the subset of a view, and whether as single tools or behind the
//! three that find, describe and call them.
//!
//! One policy answers for lists, calls, reads and notices alike. What it does not show is not there.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use koi_registry::ToolEntry;

/// Longest name of a view and longest pattern, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// How an endpoint's tools are offered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dispatcher {
    /// Each for itself.
    #[default]
    Off,
    /// Behind `search_tools`, `describe_tool` and `call_tool`, and no others are listed. A client that
    /// knows a tool's name may call it directly all the same.
    Only,
    /// Each for itself, and those three.
    Beside,
}

/// What an endpoint shows. The default shows all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ViewOptions {
    /// Only the tools, resources and RID types of these extensions.
    pub extensions: Option<BTreeSet<String>>,
    /// Of those, only the tools whose names fit one of these patterns. Resources are not narrowed.
    pub tools: Option<Vec<NamePattern>>,
    /// How the tools are offered.
    pub dispatcher: Dispatcher,
    /// Whether agents may install, revert and remove extensions: those of the whole node.
    pub manage_extensions: bool,
}

impl ViewOptions {
    pub(crate) fn shows_extension(&self, extension: &str) -> bool {
        self.extensions
            .as_ref()
            .is_none_or(|shown| shown.contains(extension))
    }

    pub(crate) fn shows_tool(&self, tool: &ToolEntry) -> bool {
        let fits = |patterns: &Vec<NamePattern>| patterns.iter().any(|of| of.fits(&tool.name));
        self.shows_extension(&tool.extension) && self.tools.as_ref().is_none_or(fits)
    }
}

/// The name of a view, which stands in its path: `[a-z0-9][a-z0-9-]{0,63}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ViewName(String);

/// Names of tools, with `*` for any characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern(String);

/// Why a text is no name of a view, or no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found:?}")]
pub struct EndpointError {
    expected: &'static str,
    found: String,
}

fn checked(
    text: &str,
    expected: &'static str,
    is: impl Fn(&str) -> bool,
) -> Result<String, EndpointError> {
    if (1..=MAX_NAME_BYTES).contains(&text.len()) && is(text) {
        return Ok(text.to_owned());
    }
    Err(EndpointError {
        expected,
        found: text.chars().take(2 * MAX_NAME_BYTES).collect(),
    })
}

impl FromStr for ViewName {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let expected = "a view's name of 1 to 64 small letters, digits and `-`, the first not `-`";
        let is = |text: &str| {
            !text.starts_with('-')
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        checked(text, expected, is).map(Self)
    }
}

impl fmt::Display for ViewName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for NamePattern {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let expected = "1 to 64 letters, digits, `_`, `-` and `*` for any of these, as in `find_*`";
        let is = |text: &str| {
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-*".contains(&b))
        };
        checked(text, expected, is).map(Self)
    }
}

impl NamePattern {
    /// Whether a name is one that the pattern stands for. The first place that fits is as good as any
    /// later one, so that nothing is tried twice.
    fn fits(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters_or_none() {
        let fits = |pattern: &str, name: &str| pattern.parse::<NamePattern>().unwrap().fits(name);
        for (pattern, name) in [
            ("find", "find"),
            ("find_*", "find_users"),
            ("*_users", "find_users"),
            ("*", "x"),
            ("a*c*e", "abcde"),
            ("a*c*e", "ace"),
            ("a**e", "ae"),
            ("*ab", "aab"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("find", "find_users"),
            ("find_*", "finds"),
            ("*_users", "find_users_now"),
            ("a*a", "a"),
            ("a*c*e", "aec"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn names_and_patterns_are_bounded_and_say_what_was_expected() {
        for name in ["", "Sales", "-a", "a/b", "a b", &"v".repeat(65)] {
            let told = name.parse::<ViewName>().unwrap_err().to_string();
            assert!(told.contains("small letters"), "{told}");
        }
        assert_eq!(
            "sales-2".parse::<ViewName>().unwrap().to_string(),
            "sales-2"
        );
        for pattern in ["", "find.*", "ü*", &"t".repeat(65)] {
            assert!(pattern.parse::<NamePattern>().is_err(), "{pattern}");
        }
    }
}
