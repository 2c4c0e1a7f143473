use serde_json::{Value, json};

use super::JsonSchema;

fn refusal(schema: &Value) -> String {
    JsonSchema::compile(schema).unwrap_err().to_string()
}

fn nested(levels: usize, make: impl Fn(Value) -> Value) -> Value {
    (0..levels).fold(json!({}), |inner, _| make(inner))
}

#[test]
fn a_value_that_does_not_fit_is_told_where_and_why() {
    let schema = JsonSchema::compile(&json!({
        "type": "object",
        "properties": {"n": {"type": "integer"}, "s": {"type": "string", "maxLength": 2}},
        "required": ["n"],
    }))
    .unwrap();
    assert_eq!(schema.check(&json!({"n": 1})), Ok(()));
    let told = schema.check(&json!({"n": "x", "s": "abc"})).unwrap_err();
    assert!(
        told.contains("(at /n)") && told.contains("(at /s)"),
        "{told}"
    );
    assert!(
        schema
            .check(&json!({}))
            .unwrap_err()
            .contains("\"n\" is a required property")
    );
}

#[test]
fn a_violation_does_not_repeat_a_long_value() {
    let schema = JsonSchema::compile(&json!({"type": "integer"})).unwrap();
    let told = schema.check(&json!("é".repeat(100_000))).unwrap_err();
    assert!(told.len() < 1000, "{}", told.len());
}

#[test]
fn references_to_anything_outside_are_refused() {
    for reference in [
        "https://example.com/s.json",
        "other.json",
        "file:///x",
        "#/$defs/none",
        "#none",
    ] {
        let told = refusal(&json!({"$ref": reference}));
        assert!(told.contains("nothing is fetched"), "{reference}: {told}");
    }
    assert!(refusal(&json!({"properties": {"a": {"$dynamicRef": "#x"}}})).contains("#x"));
}

#[test]
fn references_within_are_followed() {
    let schema = JsonSchema::compile(&json!({
        "$id": "urn:x",
        "properties": {
            "a": {"$ref": "#/$defs/n"}, "b": {"$ref": "#anchored"}, "c": {"$ref": "urn:x#/$defs/n"},
            "d": {"$ref": "#/$defs/a%20b"},
        },
        "$defs": {
            "n": {"type": "integer"}, "s": {"$anchor": "anchored", "type": "string"},
            "a b": {"type": "null"},
        },
    }))
    .unwrap();
    assert_eq!(
        schema.check(&json!({"a": 1, "b": "s", "c": 2, "d": null})),
        Ok(())
    );
    for wrong in [
        json!({"a": "s"}),
        json!({"b": 1}),
        json!({"c": "s"}),
        json!({"d": 1}),
    ] {
        assert!(schema.check(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_schema_that_never_ends_is_refused() {
    assert!(refusal(&json!({"$ref": "#"})).contains("never ends"));
    assert!(
        refusal(&json!({
            "$ref": "#/$defs/a",
            "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}},
        }))
        .contains("never ends")
    );
}

#[test]
fn references_that_multiply_are_refused() {
    let mut defs = serde_json::Map::new();
    for n in 0..30 {
        let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
        defs.insert(format!("d{n}"), json!({"allOf": [next, next]}));
    }
    defs.insert("d30".to_owned(), json!({"type": "object"}));
    assert!(refusal(&json!({"$ref": "#/$defs/d0", "$defs": defs})).contains("multiply"));
}

#[test]
fn a_long_chain_of_references_is_refused() {
    let mut defs = serde_json::Map::new();
    for n in 0..2000 {
        defs.insert(
            format!("d{n}"),
            json!({"$ref": format!("#/$defs/d{}", n + 1)}),
        );
    }
    defs.insert("d2000".to_owned(), json!(true));
    assert!(refusal(&json!({"$ref": "#/$defs/d0", "$defs": defs})).contains("chain"));
}

#[test]
fn a_tree_may_be_as_deep_as_it_likes() {
    let schema = JsonSchema::compile(&json!({
        "type": "object",
        "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}},
        "additionalProperties": false,
    }))
    .unwrap();
    assert_eq!(
        schema.check(&nested(100, |inner| json!({"left": inner, "right": {}}))),
        Ok(())
    );
    assert!(
        schema
            .check(&nested(100, |inner| json!({"left": inner, "wrong": {}})))
            .is_err()
    );
}

#[test]
fn a_schema_that_comes_back_twice_to_the_same_part_bounds_the_depth() {
    let schema = JsonSchema::compile(&json!({
        "allOf": [
            {"properties": {"a": {"$ref": "#"}}},
            {"properties": {"a": {"$ref": "#"}}},
        ],
    }))
    .unwrap();
    assert_eq!(
        schema.check(&nested(10, |inner| json!({"a": inner}))),
        Ok(())
    );
    let told = schema
        .check(&nested(60, |inner| json!({"a": inner})))
        .unwrap_err();
    assert!(told.contains("too deeply nested"), "{told}");
}

#[test]
fn what_is_no_schema_is_refused() {
    for schema in [
        json!({"type": "strange"}),
        json!({"pattern": "("}),
        json!({"required": 1}),
    ] {
        JsonSchema::compile(&schema).unwrap_err();
    }
}

#[test]
fn regular_expressions_are_bounded_and_do_not_back_track() {
    assert!(JsonSchema::compile(&json!({"pattern": "(?=a)b"})).is_err());
    assert!(JsonSchema::compile(&json!({"pattern": r"(\w{100}){100}"})).is_err());
    let many: Vec<_> = (0..1001)
        .map(|n| json!({"pattern": format!("a{n}")}))
        .collect();
    assert!(refusal(&json!({"anyOf": many})).contains("1000 regular expressions"));
    let large: Vec<_> = (0..200)
        .map(|n| json!({"pattern": format!(r"(a{n}\w{{100}}|\d{{900}})")}))
        .collect();
    assert!(refusal(&json!({"anyOf": large})).contains("make them simpler"));
    let schema = JsonSchema::compile(&json!({"pattern": "^(a+)+$"})).unwrap();
    assert!(
        schema
            .check(&json!(format!("{}b", "a".repeat(10_000))))
            .is_err()
    );
}

#[test]
fn size_and_depth_are_bounded() {
    let deep = (0..70).fold(json!({}), |inner, _| json!({"not": inner}));
    assert!(refusal(&deep).contains("deeper"));
    let large = json!({"description": "x".repeat(300 << 10)});
    assert!(refusal(&large).contains("bytes"));
}

#[test]
fn the_violations_of_a_large_value_are_not_gathered() {
    let large = json!(vec![1; 500_000]);
    let before = peak();
    let plain = JsonSchema::compile(&json!({"items": {"type": "string"}})).unwrap();
    let told = plain.check(&large).unwrap_err();
    assert!(told.contains("(at /0)"), "{told}");
    let branched = json!({"anyOf": [{"items": {"type": "string"}}, {"type": "null"}]});
    let told = JsonSchema::compile(&branched)
        .unwrap()
        .check(&large)
        .unwrap_err();
    assert!(told.contains("too large to say where"), "{told}");
    let grown = peak() - before;
    assert!(grown < 40 << 10, "{grown} KiB more than before");
}

/// The most memory that this process has had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}
