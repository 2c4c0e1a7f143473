//! Schemas that would keep the host busy: they come from a stranger and are run on what others send.

use koi_tests::Guest;
use serde_json::{Value, json};

use crate::host::{Host, Misfits, has_all};

/// A guest with one tool of this input schema.
fn guest(name: &str, schema: &Value) -> Guest {
    let tool = json!([{"name": name, "description": "Takes what it gets", "inputSchema": schema}]);
    Guest {
        tools: tool.to_string(),
        ..Guest::named(name)
    }
}

/// A schema, and what whoever installs its extension is told.
fn bombs() -> Vec<(&'static str, Value, &'static [&'static str])> {
    let object = |properties: Value| json!({"type": "object", "properties": properties});
    let mut deep = json!({});
    for _ in 0..100 {
        deep = json!({"not": deep});
    }
    let doubling = (0..40).map(|n| {
        let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
        (format!("d{n}"), json!({"allOf": [next, next]}))
    });
    let mut doubling: serde_json::Map<String, Value> = doubling.collect();
    doubling.insert("d40".into(), json!({}));
    vec![
        (
            "pattern-that-is-large",
            object(json!({"a": {"pattern": "((a{1,100}){1,100}){1,100}"}})),
            &["is not a \"regex\""],
        ),
        (
            "pattern-that-looks-back",
            object(json!({"a": {"pattern": r"^(a+)+\1$"}})),
            &["is not a \"regex\""],
        ),
        (
            "references-that-double",
            json!({"type": "object", "$ref": "#/$defs/d0", "$defs": doubling}),
            &["references multiply"],
        ),
        (
            "reference-to-itself",
            json!({"type": "object", "$ref": "#"}),
            &["refused"],
        ),
        (
            "reference-to-a-file",
            object(json!({"a": {"$ref": "file:///etc/passwd"}})),
            &["file:///etc/passwd"],
        ),
        (
            "reference-to-a-host",
            object(json!({"a": {"$ref": "http://127.0.0.1:1/schema"}})),
            &["http://127.0.0.1:1/schema"],
        ),
        (
            "depth",
            json!({"type": "object", "properties": {"a": deep}}),
            &["nested deeper than 64 levels"],
        ),
    ]
}

#[test]
fn a_schema_that_would_keep_the_host_busy_is_refused() {
    let host = Host::start();
    let mut misfits = Misfits::default();
    for (name, schema, parts) in bombs() {
        let guest = guest(name, &schema);
        let told = host.survives(name, || host.refusal(&guest.bytes()));
        println!("    {told}");
        misfits.look(name, &told, &["the JSON Schema is refused"]);
        misfits.look(name, &told, parts);
        host.has_only_echo();
    }
    misfits.are_none();
}

#[test]
fn a_pattern_that_others_run_for_years_is_checked_at_once() {
    let host = Host::start();
    let schema = json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a|a|aa)+$"}}});
    host.install("slow", &guest("slow", &schema), &[]);
    let arguments = json!({"a": format!("{}b", "a".repeat(100_000))}).to_string();
    let told = host.survives("slow", || {
        host.node.refusal(&["call", "slow", "--args", &arguments])
    });
    has_all("slow", &told, &["does not match"]);
}
