//! Bounds of a schema, found before it is compiled.

use serde_json::Value;

use super::{MAX_SCHEMA_BYTES, MAX_SCHEMA_DEPTH};

/// # Errors
/// Which bound the schema goes beyond.
pub(super) fn check(schema: &Value) -> Result<(), String> {
    let bytes = serde_json::to_string(schema)
        .map_err(|error| error.to_string())?
        .len();
    if bytes > MAX_SCHEMA_BYTES {
        return Err(format!(
            "it has {bytes} bytes; {MAX_SCHEMA_BYTES} are taken at most"
        ));
    }
    if depth(schema) > MAX_SCHEMA_DEPTH {
        return Err(format!(
            "it is nested deeper than {MAX_SCHEMA_DEPTH} levels"
        ));
    }
    Ok(())
}

/// A parsed value is at most as deep as the parser goes, so that recursion is safe.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
