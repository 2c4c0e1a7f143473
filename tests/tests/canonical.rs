//! Canonical forms beside those that rid-lib and pydantic themselves make of ten thousand texts.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use koi_rid::{Contents, FloatStyle, Rid, Timestamp, TimestampError};
use koi_tests::{repository, tool};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

const CASES: usize = 10_000;

/// Texts of a kind, the same ones in each run.
fn texts(of: &impl Strategy<Value = String>) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let text = |_| of.new_tree(&mut runner).unwrap().current();
    (0..CASES).map(text).collect()
}

/// What the reference makes of each.
fn reference(kind: &str, texts: &[String]) -> Vec<Value> {
    let mut python = Command::new(tool("koi-net/bin/python"))
        .arg(repository().join("tests/peers/canonical.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let asked = json!({ kind: texts }).to_string();
    let mut input = python.stdin.take().unwrap();
    let telling = std::thread::spawn(move || input.write_all(asked.as_bytes()));
    let output = python.wait_with_output().unwrap();
    telling.join().unwrap().unwrap();
    assert!(output.status.success());
    let mut made: Value = serde_json::from_slice(&output.stdout).unwrap();
    let made: Vec<Value> = serde_json::from_value(made[kind].take()).unwrap();
    assert_eq!(made.len(), texts.len());
    made
}

fn rid_like() -> impl Strategy<Value = String> {
    let heads = prop::sample::select(vec![
        "",
        "x:",
        "https:",
        "http://",
        "https://h",
        "https://example.com/",
        "urn:a:",
        "orn:",
        "orn:x:",
        "orn:vector:",
        "orn:koi-net.node:",
        "orn:koi-net.edge:",
        "orn:github.issue:o/r:",
        "orn:github.pr:o/r:",
        "orn:hackmd.note:",
        "orn:google_drive.export:",
        "orn:slack.message:",
        "orn:normalized.text:https:",
    ]);
    (
        heads.clone(),
        heads,
        "[a-zA-Z0-9:/?#+@_ \\t\\[\\]%é☃.-]{0,12}",
    )
        .prop_map(|(a, b, c)| format!("{a}{b}{c}"))
}

fn timestamp_like() -> impl Strategy<Value = String> {
    let date =
        (0..10_000u32, 0..14u32, 0..33u32).prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"));
    let time = (0..25u32, 0..61u32, 0..62u32).prop_map(|(h, m, s)| format!("{h:02}:{m:02}:{s:02}"));
    let between = prop::sample::select(vec!["T", " ", "t", "_", ""]);
    let fraction = prop_oneof![
        Just(String::new()),
        "\\.[0-9]{1,10}",
        "\\.0{1,7}",
        ",[0-9]{1,6}",
    ];
    let zone = prop_oneof![
        Just("Z".to_owned()),
        Just("Z".to_owned()),
        Just("z".to_owned()),
        Just(String::new()),
        "[+-][0-2][0-9]:[0-6][0-9]",
        "[+-][0-2][0-9][0-6][0-9]",
        "[+-][0-2][0-9]",
    ];
    let whole =
        (date, between, time, fraction, zone).prop_map(|(date, between, time, fraction, zone)| {
            format!("{date}{between}{time}{fraction}{zone}")
        });
    prop_oneof![
        6 => whole,
        1 => "-?[0-9]{1,15}(\\.[0-9]{1,8})?",
        1 => "[0-9]{4}-[0-9]{2}-[0-9]{2}",
        1 => "[0-9T:.Z+ -]{0,30}",
    ]
}

/// A number in all its spellings, often near the places where its form changes.
fn number() -> impl Strategy<Value = String> {
    let finite = any::<f64>().prop_filter("no JSON", |n| n.is_finite());
    let near_a_change = (
        prop::sample::select(vec![-8, -7, -6, -5, -4, 14, 15, 16, 17, 20, 21, 22]),
        0.1..100.0,
    );
    prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        (-1_000_000i64..1_000_000).prop_map(|n| n.to_string()),
        finite.prop_map(|n| format!("{n:e}")),
        near_a_change.prop_map(|(power, n): (i32, f64)| format!("{:e}", n * 10f64.powi(power))),
        (-1e6..1e6).prop_map(|n: f64| n.to_string()),
        "-?(0|[1-9][0-9]{0,20})\\.[0-9]{1,20}",
        "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,4})?[eE][+-]?[0-9]{1,2}",
        "-?[1-9][0-9]{15,40}",
        Just("-0".to_owned()),
        Just("-0.0".to_owned()),
    ]
}

/// A JSON text.
fn json_text() -> impl Strategy<Value = String> {
    let text = any::<String>().prop_map(|text| json!(text).to_string());
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|of| of.to_string()),
        number(),
        text,
    ];
    leaf.prop_recursive(4, 32, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8)
                .prop_map(|of| format!("[{}]", of.join(" ,"))),
            members(inner),
        ]
    })
}

fn members(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let member = |(name, value): (String, String)| format!("{}: {value}", json!(name));
    prop::collection::hash_map(any::<String>(), value, 0..8).prop_map(move |of| {
        format!(
            "{{{}}}",
            of.into_iter().map(member).collect::<Vec<_>>().join(",")
        )
    })
}

#[test]
fn rids_have_the_canonical_form_of_rid_lib() {
    let texts = texts(&rid_like());
    let made = reference("rids", &texts);
    let canonical = |of: &Value| of.as_str().unwrap_or_default().to_owned();
    let again = reference("rids", &made.iter().map(canonical).collect::<Vec<_>>());
    let mut taken = 0;
    for ((text, made), again) in texts.iter().zip(&made).zip(&again) {
        match Rid::parse(text) {
            Ok(rid) => {
                taken += 1;
                assert_eq!(made, rid.as_str(), "{text:?}");
                assert_eq!(again, rid.as_str(), "{text:?}");
            }
            // What has no fixed point could not be verified by whoever reads it.
            Err(error) => assert!(
                made.is_null() || made != again,
                "{text:?}: {error}, and {made}"
            ),
        }
    }
    assert!(taken > CASES / 3, "{taken}");
}

#[test]
fn timestamps_have_the_canonical_form_of_pydantic() {
    let texts = texts(&timestamp_like());
    let mut taken = 0;
    for (text, made) in texts.iter().zip(reference("timestamps", &texts)) {
        match Timestamp::parse(text) {
            Ok(timestamp) => {
                taken += 1;
                assert_eq!(made, timestamp.as_str(), "{text:?}");
            }
            // It would stop a Python node that compares it.
            Err(TimestampError::Naive(_)) => {
                assert!(
                    made.as_str().is_some_and(|of| !of.ends_with('Z')),
                    "{text:?}: {made}"
                );
            }
            Err(TimestampError::Invalid(_)) => assert!(made.is_null(), "{text:?}: {made}"),
        }
    }
    assert!(taken > CASES / 5, "{taken}");
}

#[test]
fn numbers_are_signed_and_hashed_as_pydantic_and_rid_lib_do() {
    let texts = texts(&number().prop_map(|number| format!(r#"{{"n":{number}}}"#)));
    compare(&texts);
}

#[test]
fn contents_are_signed_and_hashed_as_pydantic_and_rid_lib_do() {
    compare(&texts(&members(json_text())));
}

/// Compares what is signed of contents, and their hash, which is that of their form by RFC 8785.
fn compare(texts: &[String]) {
    let mut taken = 0;
    for (text, made) in texts.iter().zip(reference("contents", texts)) {
        let Ok(contents) = Contents::parse(text) else {
            continue;
        };
        taken += 1;
        let mut signed = String::new();
        contents.write_canonical(FloatStyle::Plus, &mut signed);
        assert_eq!(made, json!([signed, contents.hash()]), "{text}");
    }
    assert!(taken > CASES * 9 / 10, "{taken}");
}
