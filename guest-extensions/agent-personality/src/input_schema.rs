//! The input schema of a trait's tool.
//!
//! A trait may tell the schema of its arguments. It comes from a stranger, and the host refuses a
//! list with one schema in it that is none; so a schema is rebuilt from what is surely valid, and
//! what else was in it (references, patterns, unknown keywords) is left out. That makes it wider,
//! never narrower.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::behaviour::Behaviour;

/// Most bytes of a schema.
const MAX_BYTES: usize = 4096;
/// Deepest nesting of a schema.
const MAX_DEPTH: usize = 16;

/// The schema of the arguments of a trait with this value: what its value has as `parameters` or
/// `input_schema`, else what its behaviour tells, else any object.
pub fn of(value: &Value) -> Value {
    told(value)
        .or_else(|| Behaviour::of(value).ok()?.input_schema())
        .filter(|schema| schema.to_string().len() <= MAX_BYTES)
        .unwrap_or_else(|| json!({ "type": "object" }))
}

fn told(value: &Value) -> Option<Value> {
    let told = ["parameters", "input_schema"]
        .iter()
        .find_map(|member| value.get(member))?;
    let mut schema = rebuilt(told.as_object()?, 0);
    match schema.get("type") {
        None => schema.insert("type".into(), json!("object")),
        Some(kind) if kind == "object" => None,
        Some(_) => return None,
    };
    Some(schema.into())
}

fn rebuilt(schema: &Map<String, Value>, depth: usize) -> Map<String, Value> {
    let keywords = schema.iter().filter_map(|(keyword, value)| {
        let value = kept(keyword, value, depth)?;
        Some((keyword.clone(), value))
    });
    keywords.collect()
}

/// The value of a keyword, if the two are surely valid.
fn kept(keyword: &str, value: &Value, depth: usize) -> Option<Value> {
    match keyword {
        "title" | "description" => value.is_string().then(|| value.clone()),
        "const" => is_plain(value).then(|| value.clone()),
        "default" => (is_plain(value) || are_plain(value)).then(|| value.clone()),
        "enum" | "examples" => are_plain(value).then(|| value.clone()),
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => {
            value.is_number().then(|| value.clone())
        }
        "multipleOf" => value
            .as_f64()
            .is_some_and(|number| number > 0.0)
            .then(|| value.clone()),
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
            value.is_u64().then(|| value.clone())
        }
        "uniqueItems" => value.is_boolean().then(|| value.clone()),
        "type" => is_type(value).then(|| value.clone()),
        "required" => distinct_texts(value).map(|_| value.clone()),
        "items" | "additionalProperties" => subschema(value, depth),
        "properties" => {
            let properties = value.as_object()?.iter();
            let rebuilt = properties.map(|(name, schema)| {
                (
                    name.clone(),
                    subschema(schema, depth).unwrap_or(Value::Bool(true)),
                )
            });
            Some(Value::Object(rebuilt.collect()))
        }
        "allOf" | "anyOf" | "oneOf" => {
            let schemas = value.as_array().filter(|schemas| !schemas.is_empty())?;
            // Without one of its alternatives a schema would be narrower.
            schemas
                .iter()
                .map(|schema| subschema(schema, depth))
                .collect()
        }
        _ => None,
    }
}

fn subschema(schema: &Value, depth: usize) -> Option<Value> {
    match schema {
        Value::Bool(_) => Some(schema.clone()),
        Value::Object(schema) if depth < MAX_DEPTH => Some(rebuilt(schema, depth + 1).into()),
        _ => None,
    }
}

/// Other values may be nested more deeply than the host takes, or look like a schema in a schema.
fn is_plain(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}

fn are_plain(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|values| values.iter().all(is_plain))
}

fn is_type(value: &Value) -> bool {
    const TYPES: [&str; 7] = [
        "null", "boolean", "object", "array", "number", "string", "integer",
    ];
    match value {
        Value::String(kind) => TYPES.contains(&kind.as_str()),
        _ => distinct_texts(value).is_some_and(|kinds| {
            !kinds.is_empty() && kinds.iter().all(|kind| TYPES.contains(kind))
        }),
    }
}

/// The texts of an array that has nothing else in it, and none of them twice.
fn distinct_texts(value: &Value) -> Option<BTreeSet<&str>> {
    let values = value.as_array()?;
    let texts: BTreeSet<&str> = values.iter().map(Value::as_str).collect::<Option<_>>()?;
    (texts.len() == values.len()).then_some(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_told_schema_is_taken_and_what_may_be_wrong_in_it_left_out() {
        let told = json!({
            "type": "object",
            "$defs": { "x": { "type": "nonsense" } },
            "properties": {
                "text": { "type": "string", "minLength": 1, "pattern": "(", "maxLength": -1 },
                "way": { "enum": ["up", "down"], "$ref": "#/nowhere" },
                "more": { "type": ["array", "null"], "items": { "type": "nonsense" } },
                "odd": 3,
                "either": { "anyOf": [{ "type": "string" }, 3] },
                "step": { "multipleOf": 0, "minimum": "1" },
                "list": { "default": [1], "const": [1], "enum": [{ "$ref": "#/nowhere" }] }
            },
            "required": ["text"],
            "additionalProperties": false
        });
        let rebuilt = json!({
            "type": "object",
            "properties": {
                "text": { "type": "string", "minLength": 1 },
                "way": { "enum": ["up", "down"] },
                "more": { "type": ["array", "null"], "items": {} },
                "odd": true,
                "either": {},
                "step": {},
                "list": { "default": [1] }
            },
            "required": ["text"],
            "additionalProperties": false
        });
        for member in ["parameters", "input_schema"] {
            assert_eq!(of(&json!({ member: told })), rebuilt);
        }
    }

    #[test]
    fn a_schema_without_a_type_is_one_of_an_object() {
        assert_eq!(
            of(&json!({ "parameters": { "required": ["a"] } })),
            json!({ "type": "object", "required": ["a"] })
        );
    }

    #[test]
    fn where_no_schema_is_told_any_object_will_do() {
        let mut deep = json!({});
        for _ in 0..100 {
            deep = json!({ "items": deep });
        }
        assert!(of(&json!({ "parameters": deep })).to_string().len() < 300);
        let long = json!({ "description": "x".repeat(MAX_BYTES) });
        for value in [
            json!(null),
            json!({ "parameters": "none" }),
            json!({ "parameters": { "type": "string" } }),
            json!({ "parameters": { "type": ["object"] } }),
            json!({ "parameters": long }),
            json!({ "kind": "template", "template": "{" }),
        ] {
            assert_eq!(of(&value), json!({ "type": "object" }));
        }
    }

    #[test]
    fn a_behaviour_tells_its_arguments() {
        let value = json!({ "kind": "template", "template": "Hello {who}" });
        assert_eq!(of(&value)["required"], json!(["who"]));
    }
}
