//! What ports are asked and answer, as JSON, without loss.
//!
//! Texts and bytes that are UTF-8 are strings, other bytes `{"base64": …}`. Contents and manifests are
//! strings that hold their own JSON text, since its form is part of what the guest sees. Reading is
//! total: what is no answer of the kind is none.

#[cfg(test)]
mod tests;
mod values;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

pub(super) use values::{head, request};

/// The only member of the object that stands for bytes that are no text.
const BASE64: &str = "base64";

/// An answer of a port.
pub(super) trait Entry: Sized {
    fn write(&self) -> Value;

    /// None if the value is not one that [`Entry::write`] gives.
    fn read(value: &Value) -> Option<Self>;
}

/// Bytes as a value.
pub(super) fn bytes(bytes: &[u8]) -> Value {
    match str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => json!({ BASE64: STANDARD.encode(bytes) }),
    }
}

fn read_bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Object(members) if members.len() == 1 => {
            STANDARD.decode(members.get(BASE64)?.as_str()?).ok()
        }
        _ => None,
    }
}

/// Shows every text in a value, decoded where it is encoded; names of members are the host's own.
pub(super) fn texts(value: &Value, see: &mut impl FnMut(&[u8])) {
    match value {
        Value::String(text) => see(text.as_bytes()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, see)),
        Value::Object(members) => match read_bytes(value) {
            Some(bytes) => see(&bytes),
            None => members.values().for_each(|member| texts(member, see)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A number with a fraction: as text, since JSON readers may round it, and know no infinity.
pub(super) fn float(number: f64) -> Value {
    number.to_string().into()
}

/// A duration in nanoseconds.
pub(super) fn nanoseconds(duration: Duration) -> Value {
    u64::try_from(duration.as_nanos())
        .unwrap_or(u64::MAX)
        .into()
}

fn member<T: Entry>(members: &Map<String, Value>, name: &str) -> Option<T> {
    T::read(members.get(name)?)
}

impl Entry for () {
    fn write(&self) -> Value {
        "done".into()
    }

    fn read(value: &Value) -> Option<Self> {
        (value == "done").then_some(())
    }
}

impl Entry for bool {
    fn write(&self) -> Value {
        (*self).into()
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Entry for u64 {
    fn write(&self) -> Value {
        (*self).into()
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_u64()
    }
}

impl Entry for String {
    fn write(&self) -> Value {
        self.as_str().into()
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl Entry for Duration {
    fn write(&self) -> Value {
        nanoseconds(*self)
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_u64().map(Self::from_nanos)
    }
}

impl Entry for Vec<u8> {
    fn write(&self) -> Value {
        bytes(self)
    }

    fn read(value: &Value) -> Option<Self> {
        read_bytes(value)
    }
}

impl<T: Entry> Entry for Vec<T> {
    fn write(&self) -> Value {
        self.iter().map(T::write).collect()
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::read).collect()
    }
}

impl<T: Entry> Entry for Option<T> {
    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::write)
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::read(value).map(Some),
        }
    }
}

impl<A: Entry, B: Entry> Entry for (A, B) {
    fn write(&self) -> Value {
        json!([self.0.write(), self.1.write()])
    }

    fn read(value: &Value) -> Option<Self> {
        match value.as_array()?.as_slice() {
            [a, b] => Some((A::read(a)?, B::read(b)?)),
            _ => None,
        }
    }
}

impl<T: Entry, E: Entry> Entry for Result<T, E> {
    fn write(&self) -> Value {
        match self {
            Ok(answer) => json!({ "ok": answer.write() }),
            Err(error) => json!({ "error": error.write() }),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        let members = value.as_object()?;
        if members.len() != 1 {
            return None;
        }
        match members.get("ok") {
            Some(answer) => T::read(answer).map(Ok),
            None => member(members, "error").map(Err),
        }
    }
}
