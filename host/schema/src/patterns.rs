//! What the regular expressions of schemas take.
//!
//! A few letters can make a regular expression of a megabyte, and an extension has many schemas. So
//! each expression is made once to be measured, and what they take together is bounded over all the
//! schemas of a list, or of a description.

use regex_automata::meta::Regex;
use serde_json::{Map, Value};

use super::MAX_REGEX_BYTES;

/// Most regular expressions of a list or a description.
const MAX_PATTERNS: usize = 1000;
/// Most bytes that they take together.
const MAX_PATTERNS_BYTES: usize = 8 << 20;

/// Regular expressions, and the bytes that they take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Patterns {
    pub(super) count: usize,
    bytes: usize,
}

impl Patterns {
    /// Those in a schema, wherever they stand in it.
    pub(super) fn of(schema: &Value) -> Self {
        let mut patterns = Self::default();
        patterns.find(schema);
        patterns
    }

    /// One that stands alone, in the syntax of the crate `regex`.
    pub fn one(pattern: &str) -> Self {
        Self {
            count: 1,
            bytes: bytes(pattern),
        }
    }

    /// Puts others beside these.
    ///
    /// # Errors
    /// If they are too many then, or take too much.
    pub fn add(&mut self, others: Self) -> Result<(), String> {
        self.count += others.count;
        self.bytes += others.bytes;
        if self.count > MAX_PATTERNS {
            return Err(format!(
                "there are more than {MAX_PATTERNS} regular expressions in it"
            ));
        }
        if self.bytes > MAX_PATTERNS_BYTES {
            return Err(format!(
                "its regular expressions take more than {MAX_PATTERNS_BYTES} bytes together: \
                 make them simpler, with fewer and smaller repetitions"
            ));
        }
        Ok(())
    }

    fn find(&mut self, schema: &Value) {
        match schema {
            Value::Array(items) => items.iter().for_each(|item| self.find(item)),
            Value::Object(members) => {
                let own = members.get("pattern").and_then(Value::as_str);
                let named = members.get("patternProperties").and_then(Value::as_object);
                let named = named.into_iter().flat_map(Map::keys).map(String::as_str);
                for pattern in own.into_iter().chain(named) {
                    self.count += 1;
                    // What is none is refused when the schema is compiled, if it counts there.
                    self.bytes += jsonschema_regex::to_rust_regex(pattern)
                        .map_or(0, |translated| bytes(&translated));
                }
                members.values().for_each(|member| self.find(member));
            }
            _ => {}
        }
    }
}

fn bytes(pattern: &str) -> usize {
    let config = Regex::config()
        .nfa_size_limit(Some(MAX_REGEX_BYTES))
        .hybrid_cache_capacity(MAX_REGEX_BYTES);
    Regex::builder()
        .configure(config)
        .build(pattern)
        .map_or(0, |regex| regex.memory_usage())
}
