//! Plain components: their functions are tools, or are refused by name.

use std::sync::Arc;

use koi_runtime::{CallError, Extension, GuestErrorKind, LoadError, Mode};
use serde_json::{Value, json};

use crate::guest::{Guest, runtime};
use crate::ports::call;

/// What all of them are made of: a memory, and a function that gives back what it was given.
const MODULE: &str = r#"
    (core module $m
      (memory (export "memory") 4)
      (global $next (mut i32) (i32.const 1024))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
        (global.set $next (i32.add (local.get $at) (local.get 3)))
        (local.get $at))
      (func (export "same") (param i32) (result i32) (local.get 0))
      (func (export "none"))
      (func (export "spin") (loop $l (br $l)))
      (func (export "seven") (result i32) (i32.const 7)))
    (core instance $i (instantiate $m))
    (alias core export $i "memory" (core memory $memory))
    (alias core export $i "realloc" (core func $realloc))"#;

fn component(rest: &str) -> Arc<[u8]> {
    let text = format!("(component {MODULE} {rest})");
    wat::parse_str(text).expect("a well-formed text").into()
}

/// A function over a record that has a field of each kind of type: so many that the record is passed, and
/// given back, by its address.
const EVERYTHING: &str = r#"
    (type $color' (enum "red" "green"))
    (export $color "color" (type $color'))
    (type $shape' (variant (case "circle" f64) (case "none")))
    (export $shape "shape" (type $shape'))
    (type $permissions' (flags "read" "write"))
    (export $permissions "permissions" (type $permissions'))
    (type $point' (record (field "x" s32) (field "y" (option s32))))
    (export $point "point" (type $point'))
    (type $all' (record
      (field "flag" bool) (field "s8" s8) (field "u8" u8) (field "s16" s16) (field "u16" u16)
      (field "s32" s32) (field "u32" u32) (field "s64" s64) (field "u64" u64)
      (field "f32" f32) (field "f64" f64) (field "char" char) (field "text" string)
      (field "bytes" (list u8)) (field "points" (list $point)) (field "pair" (tuple string u8))
      (field "color" $color) (field "shape" $shape) (field "permissions" $permissions)
      (field "outcome" (result string (error $color))) (field "twice" (option (option bool)))))
    (export $all "all" (type $all'))
    (func $echo (param "value" $all) (result $all)
      (canon lift (core func $i "same") (memory $memory) (realloc $realloc)))
    (instance $values (export "color" (type $color)) (export "shape" (type $shape))
      (export "permissions" (type $permissions)) (export "point" (type $point))
      (export "all" (type $all)) (export "echo" (func $echo)))
    (export "test:values/values@1.2.3" (instance $values))"#;

fn everything() -> Value {
    json!({
        "flag": true, "s8": -8, "u8": 8, "s16": -16, "u16": 16, "s32": -32, "u32": 32,
        "s64": "-9223372036854775808", "u64": 64, "f32": 0.1, "f64": "NaN", "char": "ü",
        "text": "hello", "bytes": "AAEC", "points": [{"x": 1, "y": 2}, {"x": 3, "y": null}],
        "pair": ["a", 1], "color": "green", "shape": {"circle": 2.5}, "permissions": ["write"],
        "outcome": {"err": "red"}, "twice": {"some": null},
    })
}

async fn load(component: Arc<[u8]>) -> Extension {
    runtime().load(component).await.expect("a plain component")
}

async fn answer(extension: &Extension, tool: &str, arguments: &Value) -> Value {
    let answer = extension.call_tool(call(), tool, &arguments.to_string());
    let answer = answer.await.expect("an answer");
    serde_json::from_str(&answer).expect("JSON")
}

async fn refusal(rest: &str) -> String {
    match runtime().load(component(rest)).await {
        Ok(_) => panic!("it was loaded"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn values_of_every_type_go_in_and_come_out() {
    let extension = load(component(EVERYTHING)).await;
    assert!(extension.is_plain());
    for _ in 0..2 {
        let given = json!({"value": everything()});
        let expected = json!({"structuredContent": {"result": everything()}});
        assert_eq!(answer(&extension, "values_echo", &given).await, expected);
    }
}

#[tokio::test]
async fn a_plain_component_is_described_by_what_it_exports() {
    let extension = load(component(EVERYTHING)).await;
    let described = extension.describe().await.expect("a description");
    let described: Value = serde_json::from_str(&described).expect("JSON");
    let expected = json!({"name": "values", "version": "1.2.3", "asks": {}, "mode": "pooled"});
    assert_eq!(described, expected);
    let tools = extension.list_tools(call()).await.expect("a list");
    let tools: Value = serde_json::from_str(&tools).expect("JSON");
    assert_eq!(tools[0]["name"], "values_echo");
    assert_eq!(
        tools[0]["description"],
        "Calls `echo` of `test:values/values@1.2.3`."
    );
    let point = &tools[0]["inputSchema"]["properties"]["value"]["properties"]["points"]["items"];
    assert_eq!(point["required"], json!(["x"]));
    extension.start(call()).await.expect("a start");
    extension.stop(call()).await.expect("a stop");
    assert_eq!(
        extension.health(call()).await.expect("its health"),
        r#"{"status":"ok"}"#
    );
}

#[tokio::test]
async fn documentation_of_the_wit_describes_the_tools() {
    let docs = r#"{"docs":"Values.","interfaces":{"values":{"funcs":{"echo":{"docs":"Says it again."}}}}}"#;
    let docs = docs.replace('"', "\\\"");
    let documented = format!(r#"{EVERYTHING} (@custom "package-docs" "\01{docs}")"#);
    let extension = load(component(&documented)).await;
    let described = extension.describe().await.expect("a description");
    assert!(
        described.contains(r#""description":"Values.""#),
        "{described}"
    );
    let tools = extension.list_tools(call()).await.expect("a list");
    assert!(
        tools.contains(r#""description":"Says it again.""#),
        "{tools}"
    );
}

#[tokio::test]
async fn a_function_at_the_root_is_a_tool_in_every_mode() {
    let rest = r#"(func $seven (result u32) (canon lift (core func $i "seven")))
        (export "seven" (func $seven))
        (func $none (canon lift (core func $i "none")))
        (export "none" (func $none))"#;
    let extension = load(component(rest)).await;
    assert_eq!(
        answer(&extension, "seven", &json!({})).await,
        json!({"structuredContent": {"result": 7}})
    );
    assert_eq!(
        answer(&extension, "none", &json!({})).await,
        json!({"content": []})
    );
    for mode in Mode::ALL {
        let call = koi_runtime::Call { mode, ..call() };
        let answer = extension.call_tool(call, "seven", "{}").await;
        assert!(answer.expect("an answer").contains('7'));
    }
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_and_not_handed_over() {
    let extension = load(component(EVERYTHING)).await;
    let mut wrong = json!({"value": everything()});
    wrong["value"]["points"][1]["x"] = json!("one");
    let error = extension
        .call_tool(call(), "values_echo", &wrong.to_string())
        .await
        .expect_err("it was taken");
    let CallError::Guest(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.kind, GuestErrorKind::InvalidInput);
    let expected = "the arguments do not fit: at `value/points/1/x`: it is no integer";
    assert_eq!(error.message, expected);
}

#[tokio::test]
async fn the_error_of_a_result_is_the_tools_failure() {
    let rest = r#"(core module $f (func (export "fail") (result i32) (i32.const 1)))
        (core instance $j (instantiate $f))
        (func $fail (result (result)) (canon lift (core func $j "fail")))
        (export "fail" (func $fail))"#;
    let extension = load(component(rest)).await;
    let error = extension.call_tool(call(), "fail", "{}").await;
    let Err(CallError::Guest(error)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.kind, GuestErrorKind::Permanent);
    assert!(error.message.contains("does not say why"), "{error}");
}

#[tokio::test]
async fn a_function_that_never_ends_is_stopped_by_its_limits() {
    let rest = r#"(func $spin (canon lift (core func $i "spin"))) (export "spin" (func $spin))"#;
    let extension = load(component(rest)).await;
    let error = extension.call_tool(call(), "spin", "{}").await;
    assert!(matches!(error, Err(CallError::Limit { .. })), "{error:?}");
}

#[tokio::test]
async fn resources_are_refused_by_name() {
    let rest = r#"(type $counter' (resource (rep i32)))
        (export $counter "counter" (type $counter'))
        (func $make (result (own $counter)) (canon lift (core func $i "seven")))
        (export "make" (func $make))"#;
    let told = refusal(rest).await;
    assert_eq!(
        told,
        "the function `make` of the component cannot be a tool: its result is or has within it a \
         resource, which has no form in JSON"
    );
}

#[tokio::test]
async fn streams_are_refused_by_name() {
    let rest = r#"(type $bytes (stream u8))
        (func $read (result $bytes) (canon lift (core func $i "seven")))
        (instance $io (export "read" (func $read)))
        (export "test:streams/io" (instance $io))"#;
    let told = refusal(rest).await;
    assert!(
        told.contains("its function `read` of `test:streams/io` has a stream in its result"),
        "{told}"
    );
}

#[tokio::test]
async fn two_functions_with_one_name_are_refused() {
    let function = |version: &str| {
        format!(
            r#"(instance $i{version} (export "seven" (func $seven)))
            (export "test:numbers/numbers@{version}.0.0" (instance $i{version}))"#
        )
    };
    let (one, two) = (function("1"), function("2"));
    let rest =
        format!(r#"(func $seven (result u32) (canon lift (core func $i "seven"))) {one} {two}"#);
    let told = refusal(&rest).await;
    assert!(told.contains("`test_numbers_numbers_seven`"), "{told}");
}

#[tokio::test]
async fn what_exports_a_part_of_the_contract_is_no_plain_component() {
    let guest = Guest {
        extension: false,
        exports: r#"(func $own (canon lift (core func $main "stop"))) (export "own" (func $own))"#,
        ..Guest::default()
    };
    let error = runtime()
        .load(guest.bytes())
        .await
        .map(|_| ())
        .expect_err("it was loaded");
    assert!(matches!(error, LoadError::NoExtension(_)), "{error}");
}
