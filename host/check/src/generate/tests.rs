//! What is generated fits its schema and is the same for one seed; what is mutilated is something else.

use serde_json::json;

use super::*;

fn values(schema: &Value) -> Vec<Value> {
    Source::new(schema, Random::new(7, "test"))
        .unwrap()
        .valid(8)
}

#[test]
fn what_is_made_fits_schemas_of_all_kinds() {
    let schemas = [
        json!({"type": "object", "properties": {"name": {"type": "string", "minLength": 3, "maxLength": 9},
            "n": {"type": "integer", "minimum": 5, "maximum": 90, "multipleOf": 5}}, "required": ["name", "n"],
            "additionalProperties": false}),
        json!({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/a"}},
            "$defs": {"a": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]{2,4}-[0-9]+$"}, "minItems": 2,
            "uniqueItems": true}}}),
        json!({"oneOf": [{"type": "object", "required": ["kind"], "properties": {"kind": {"const": "a"}}},
            {"type": "object", "required": ["kind", "x"], "properties": {"kind": {"const": "b"}, "x": {"type": "number",
            "exclusiveMinimum": 0, "maximum": 1}}}]}),
        json!({"allOf": [{"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "format": "date-time"}}},
            {"type": "object", "required": ["b"], "properties": {"b": {"enum": [1, "two", null]}}}]}),
        json!({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2}),
        json!({"type": ["object", "null"], "properties": {"next": {"$ref": "#"}}}),
        json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], "items": false, "minItems": 2}),
        json!(true),
    ];
    for schema in schemas {
        let made = values(&schema);
        assert!(made.len() >= 2, "{schema}: {made:?}");
    }
}

#[test]
fn examples_come_first_and_those_that_do_not_fit_are_left_out() {
    let schema = json!({"type": "integer", "examples": [42, "no"], "default": 7});
    assert_eq!(values(&schema)[..2], [json!(42), json!(7)]);
}

#[test]
fn the_same_seed_makes_the_same_values() {
    let schema =
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
    assert_eq!(values(&schema), values(&schema));
}

#[test]
fn a_schema_that_nothing_fits_gives_no_values() {
    assert_eq!(
        values(&json!({"type": "string", "minLength": 3, "maxLength": 2})),
        [] as [Value; 0]
    );
}

#[test]
fn what_is_mutilated_is_something_else() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a", "b"]});
    let mut source = Source::new(&schema, Random::new(7, "test")).unwrap();
    let valid = source.valid(4);
    let mutilated = source.mutilated(&valid, 40);
    let unfit = mutilated
        .iter()
        .filter(|value| source.check(value).is_err());
    assert!(unfit.count() > 10);
    assert!(mutilated.iter().all(|value| !valid.contains(value)));
}
