//! The JSON Schema of a plain component's types. What it says is what `json.rs` reads and writes.

use serde_json::{Map, Value, json};

use super::types::{Integer, ValueType};

/// JSON numbers are exact in every program up to here: 2^53 - 1.
pub(super) const MAX_EXACT: i128 = (1 << 53) - 1;

/// Numbers that JSON has none for.
pub(super) const NOT_A_NUMBER: &str = "NaN";
pub(super) const INFINITY: &str = "Infinity";
pub(super) const NEGATIVE_INFINITY: &str = "-Infinity";

/// What stands around a value where `null` alone would mean two things.
pub(super) const SOME: &str = "some";

/// The schema of the values of a type.
pub(super) fn schema(of: &ValueType) -> Value {
    match of {
        ValueType::Bool => json!({"type": "boolean"}),
        ValueType::Integer(Integer::S64) => large(-MAX_EXACT),
        ValueType::Integer(Integer::U64) => large(0),
        ValueType::Integer(of) => {
            let (least, greatest) = of.range();
            json!({"type": "integer", "minimum": least as i64, "maximum": greatest as i64})
        }
        ValueType::F32 | ValueType::F64 => json!({
            "anyOf": [
                {"type": "number"},
                {"enum": [NOT_A_NUMBER, INFINITY, NEGATIVE_INFINITY]},
            ],
        }),
        ValueType::Char => json!({"type": "string", "minLength": 1, "maxLength": 1}),
        ValueType::String => json!({"type": "string"}),
        ValueType::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
        ValueType::List(element) => json!({"type": "array", "items": schema(element)}),
        ValueType::Record(fields) => object(fields),
        ValueType::Tuple(types) => {
            let parts: Vec<Value> = types.iter().map(schema).collect();
            let count = parts.len();
            json!({
                "type": "array",
                "prefixItems": parts,
                "items": false,
                "minItems": count,
            })
        }
        ValueType::Variant(cases) => {
            let cases = cases.iter();
            one_of(cases.map(|(name, payload)| (name.as_str(), payload.as_ref())))
        }
        ValueType::Enum(names) => json!({"type": "string", "enum": names}),
        ValueType::Option(of) if is_nullable(of) => {
            json!({"anyOf": [case(SOME, of), {"type": "null"}]})
        }
        ValueType::Option(of) => json!({"anyOf": [schema(of), {"type": "null"}]}),
        ValueType::Result(of) => {
            one_of([("ok", of.ok.as_deref()), ("err", of.err.as_deref())].into_iter())
        }
        ValueType::Flags(names) => json!({
            "type": "array",
            "items": {"type": "string", "enum": names},
            "uniqueItems": true,
        }),
    }
}

/// An integer that may be beyond what is exact everywhere. Without a regular expression for its digits:
/// those of all schemas are bounded together.
fn large(least: i128) -> Value {
    json!({
        "type": ["integer", "string"],
        "minimum": least as i64,
        "maximum": MAX_EXACT as i64,
        "maxLength": 20,
        "description": "an integer; beyond 2^53 - 1 its digits as text",
    })
}

/// An object of these members, of which those that are options may be left out.
pub(super) fn object(members: &[(String, ValueType)]) -> Value {
    let properties: Map<String, Value> = members
        .iter()
        .map(|(name, of)| (name.clone(), schema(of)))
        .collect();
    let required = members
        .iter()
        .filter(|(_, of)| !is_nullable(of))
        .map(|(name, _)| name);
    json!({
        "type": "object",
        "properties": properties,
        "required": required.collect::<Vec<_>>(),
        "additionalProperties": false,
    })
}

/// Whether `null` is one of its values.
pub(super) fn is_nullable(of: &ValueType) -> bool {
    matches!(of, ValueType::Option(_))
}

/// The name of a case that has nothing more to say, or an object with the name as its one member.
fn one_of<'a>(cases: impl Iterator<Item = (&'a str, Option<&'a ValueType>)>) -> Value {
    let mut bare = Vec::new();
    let mut all = Vec::new();
    for (name, payload) in cases {
        match payload {
            Some(payload) => all.push(case(name, payload)),
            None => bare.push(name),
        }
    }
    if !bare.is_empty() {
        all.insert(0, json!({"type": "string", "enum": bare}));
    }
    json!({ "oneOf": all })
}

fn case(name: &str, payload: &ValueType) -> Value {
    json!({
        "type": "object",
        "properties": {name: schema(payload)},
        "required": [name],
        "additionalProperties": false,
    })
}
