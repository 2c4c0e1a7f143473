//! The JSON Canonicalization Scheme (RFC 8785), over which bundles are hashed.
//!
//! Written on our own scanner rather than on `serde_json`: that one reads some doubles a unit in
//! the last place off, which would change the hash.

use std::cmp::Ordering;

use sha2::{Digest, Sha256};

use crate::json::{Document, JsonError, Kind, Value, write_es_number, write_string};

/// The RFC 8785 form of a JSON text. Refused is what [`Document::parse`] refuses, and integers that
/// no double holds.
pub fn canonical(json: &str) -> Result<String, JsonError> {
    let document = Document::parse(json)?;
    if document.root().node().form.is_beyond_double() {
        return Err(JsonError::NumberRange { at: 0 });
    }
    let mut out = String::with_capacity(json.len());
    write(document.root(), &mut out);
    Ok(out)
}

/// Lower-case hex SHA-256 of the RFC 8785 form of a JSON text: a manifest's `sha256_hash`.
pub fn sha256_hex(json: &str) -> Result<String, JsonError> {
    canonical(json).map(|text| hex::encode(Sha256::digest(text)))
}

fn write(value: Value<'_, '_>, out: &mut String) {
    match value.kind() {
        Kind::Null | Kind::Bool => out.push_str(value.text()),
        Kind::Integer | Kind::Float => write_es_number(value.text(), out),
        Kind::String => write_string(&value.as_str().unwrap_or_default(), out),
        Kind::Array => {
            out.push('[');
            for (position, element) in value.elements().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write(element, out);
            }
            out.push(']');
        }
        Kind::Object => {
            let mut members: Vec<_> = value.members().collect();
            members.sort_unstable_by(|(a, _), (b, _)| utf16_order(a, b));
            out.push('{');
            for (position, (name, member)) in members.into_iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_string(&name, out);
                out.push(':');
                write(member, out);
            }
            out.push('}');
        }
    }
}

/// Names are ordered by UTF-16 code units, which differs from bytes only beyond ASCII.
fn utf16_order(a: &str, b: &str) -> Ordering {
    if a.is_ascii() || b.is_ascii() {
        a.cmp(b)
    } else {
        a.encode_utf16().cmp(b.encode_utf16())
    }
}
