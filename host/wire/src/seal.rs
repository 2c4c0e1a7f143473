//! Making envelopes.

use koi_rid::{Dialect, Rid, json::write_string};

use crate::{KeyError, NodeKey, Payload};

/// The text that is signed, in a dialect.
pub(crate) fn signed_text(
    payload: &Payload,
    source: &Rid,
    target: &Rid,
    dialect: Dialect,
) -> String {
    let mut text = String::from("{\"payload\":");
    payload.write(dialect, &mut text);
    text.push_str(",\"source_node\":");
    write_string(source.as_str(), &mut text);
    text.push_str(",\"target_node\":");
    write_string(target.as_str(), &mut text);
    text.push('}');
    text
}

/// A signed envelope, ready to be sent: the signed text with the signature put in before its end.
/// The dialect is the receiver's.
pub fn seal(
    payload: &Payload,
    source: &Rid,
    target: &Rid,
    key: &NodeKey,
    dialect: Dialect,
) -> Result<String, KeyError> {
    let mut text = signed_text(payload, source, target, dialect);
    let signature = key.sign(text.as_bytes())?;
    text.pop();
    text.push_str(",\"signature\":\"");
    text.push_str(&signature);
    text.push_str("\"}");
    Ok(text)
}
