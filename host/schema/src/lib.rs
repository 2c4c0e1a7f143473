//! JSON Schemas of extensions, compiled: draft 2020-12, bounded, without the network.
//!
//! A schema comes from a stranger and is run on what another stranger sends. So it is bounded in
//! size and depth, may only refer to itself, its regular expressions run in linear time, and how
//! often it can look at the same value is bounded before it is compiled ([`cost`]).

mod cost;
mod graph;
mod patterns;
#[cfg(test)]
mod tests;

use std::fmt;

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use cost::Cost;
pub use patterns::Patterns;

/// Longest schema, in bytes of JSON text.
pub const MAX_SCHEMA_BYTES: usize = 256 << 10;
/// Deepest nesting of a schema.
pub const MAX_SCHEMA_DEPTH: usize = 64;
/// Longest message about a value that does not fit, in bytes.
const MAX_MESSAGE_BYTES: usize = 600;
/// So many violations are told at once.
const TOLD_VIOLATIONS: usize = 3;
/// Bytes that the automaton of one regular expression may take.
pub const MAX_REGEX_BYTES: usize = 128 << 10;

/// A compiled schema.
pub struct JsonSchema {
    validator: Validator,
    cost: Cost,
    patterns: Patterns,
}

/// Why a schema was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the JSON Schema is refused: {0}")]
pub struct SchemaError(pub String);

impl JsonSchema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// If it is no JSON Schema, refers to something outside itself or goes beyond a bound.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        let cost = Cost::of(schema).map_err(SchemaError)?;
        let patterns = Patterns::of(schema);
        Patterns::default().add(patterns).map_err(SchemaError)?;
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .offline()
            .with_pattern_options(
                PatternOptions::regex()
                    .size_limit(MAX_REGEX_BYTES)
                    .dfa_size_limit(MAX_REGEX_BYTES),
            )
            .build(schema)
            .map_err(|error| SchemaError(shortened(error.to_string())))?;
        Ok(Self {
            validator,
            cost,
            patterns,
        })
    }

    /// The regular expressions that it keeps.
    pub fn patterns(&self) -> Patterns {
        self.patterns
    }

    /// # Errors
    /// What does not fit and where in the value, up to three violations; of a large value the first
    /// one, or only that it does not fit.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let work = self.cost.check(value)?;
        if self.validator.is_valid(value) {
            return Ok(());
        }
        // The library finds all violations before it gives the first, of the branches of an `anyOf`
        // even where one is asked for: of a large value they would take far more than it does.
        if work.is_small() {
            let violations = self.validator.iter_errors(value).take(TOLD_VIOLATIONS);
            return Err(violations.map(told).collect::<Vec<_>>().join("; "));
        }
        if self.cost.has_branches() {
            return Err("it does not fit, and is too large to say where".to_owned());
        }
        self.validator.validate(value).map_err(told)
    }
}

fn told(violation: ValidationError<'_>) -> String {
    let at = violation.instance_path().to_string();
    // A long value would leave no room for what is wrong with it.
    let whole = violation.to_string();
    let violation = match whole.len() > MAX_MESSAGE_BYTES {
        true => shortened(violation.masked().to_string()),
        false => whole,
    };
    if at.is_empty() {
        violation
    } else {
        format!("{violation} (at {at})")
    }
}

impl fmt::Debug for JsonSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonSchema").finish_non_exhaustive()
    }
}

/// Violations quote the value, which may be long.
fn shortened(mut message: String) -> String {
    if message.len() > MAX_MESSAGE_BYTES {
        let end = (0..=MAX_MESSAGE_BYTES)
            .rev()
            .find(|at| message.is_char_boundary(*at));
        message.truncate(end.unwrap_or(0));
        message.push('…');
    }
    message
}
