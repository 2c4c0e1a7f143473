//! The canonical form of JSON: it is JSON, its own canonical form, and says what was said.

use koi_rid::{Contents, jcs};

use super::assert_is_a_sentence;

pub(super) fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    match jcs::canonical(text) {
        Ok(canonical) => {
            assert_eq!(jcs::canonical(&canonical).as_ref(), Ok(&canonical));
            assert_eq!(jcs::sha256_hex(text), jcs::sha256_hex(&canonical));
            let before: serde_json::Value = serde_json::from_str(text).unwrap();
            let after: serde_json::Value = serde_json::from_str(&canonical).unwrap();
            assert_eq!(shape(&before), shape(&after));
        }
        Err(error) => assert_is_a_sentence(&error.to_string(), 1024),
    }
    if let Ok(contents) = Contents::parse(text) {
        assert_eq!(
            Contents::parse(contents.as_str())
                .map(|again| again.hash())
                .ok(),
            Some(contents.hash())
        );
    }
}

/// A value without its numbers, which `serde_json` reads less exactly than we do.
fn shape(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Number(_) => Value::Null,
        Value::Array(elements) => elements.iter().map(shape).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), shape(value)))
            .collect(),
        other => other.clone(),
    }
}
