//! The limits and refusals of the values, and what they keep.

// Fixtures are made here: a test may stop at the first thing that is not as it should be.
#![allow(clippy::unwrap_used, clippy::panic)]

use koi_rid::json::{Document, JsonError, MAX_DEPTH};
use koi_rid::{
    Bundle, Contents, ContentsError, Dialect, Event, EventType, Extras, FloatStyle,
    MAX_CONTENTS_BYTES, MAX_CONTENTS_DEPTH, MAX_RID_BYTES, Manifest, ManifestExtras, ModelError,
    Rid, RidError, Timestamp, TimestampError,
};

fn canonical(text: &str) -> String {
    let mut out = String::new();
    let document = Document::parse(text).unwrap();
    document.root().write_canonical(FloatStyle::Plus, &mut out);
    out
}

#[test]
fn a_member_name_twice_is_refused_at_any_depth_and_in_any_spelling() {
    let many: Vec<_> = (0..40).map(|n| format!("\"m{n}\":{n}")).collect();
    for text in [
        r#"{"a":1,"a":1}"#.to_owned(),
        r#"[{"x":{"a":1,"b":2,"\u0061":3}}]"#.to_owned(),
        format!("{{{},\"m17\":0}}", many.join(",")),
    ] {
        let error = Document::parse(&text).unwrap_err();
        assert!(matches!(error, JsonError::Duplicate { .. }), "{error}");
    }
    Document::parse(&format!("{{{}}}", many.join(","))).unwrap();
    Document::parse(r#"[{"a":1},{"a":1,"b":{"a":1}}]"#).unwrap();
}

#[test]
fn what_other_readers_would_take_differently_is_no_json() {
    for text in [
        "",
        " ",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "-",
        "NaN",
        "Infinity",
        "tru",
        "'a'",
        "\"a",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\"}",
        "[1 2]",
        "1 2",
        "\"\u{1}\"",
        "\"\\x\"",
        "\"\\u12g4\"",
    ] {
        let error = Document::parse(text).unwrap_err();
        assert!(matches!(error, JsonError::Syntax { .. }), "{text}: {error}");
    }
    for text in [
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#""\ud800\u0041""#,
        r#""\ud800x""#,
    ] {
        let error = Document::parse(text).unwrap_err();
        assert!(matches!(error, JsonError::LoneSurrogate { .. }), "{text}");
    }
    for text in ["1e309", "-1e999", &"9".repeat(5000)] {
        let error = Document::parse(text).unwrap_err();
        assert!(matches!(error, JsonError::NumberRange { .. }), "{text}");
    }
}

#[test]
fn nesting_is_read_up_to_the_limit_and_not_beyond() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deepest = nested(MAX_DEPTH);
    assert_eq!(
        Document::parse(&deepest).unwrap().root().height(),
        MAX_DEPTH
    );
    let error = Document::parse(&nested(MAX_DEPTH + 1)).unwrap_err();
    assert!(matches!(error, JsonError::TooDeep { .. }));
    assert!(Document::parse(&"[".repeat(1_000_000)).is_err());
}

#[test]
fn canonical_text_has_one_spelling_for_each_value() {
    for (text, expected) in [
        ("[-0, -0.0, 1E2, 0.10]", "[0,-0.0,100.0,0.1]"),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        ),
        (
            r#""\u00e9\/\u001F\u000a\u007f\ud83d\ude00""#,
            "\"é/\\u001f\\n\u{7f}😀\"",
        ),
        (r#" { "b" : null , "a" : [ ] } "#, r#"{"b":null,"a":[]}"#),
        (
            "[0.00001,0.000009,1e15,9999999999999999.0]",
            "[0.00001,9e-6,1000000000000000.0,1e+16]",
        ),
    ] {
        assert_eq!(canonical(text), expected);
    }
}

#[test]
fn contents_are_kept_as_they_arrived() {
    let text = r#"{ "b":1.0, "a":null, "n":123456789012345678901234567890 }"#;
    let contents = Contents::parse(&format!("\n{text} ")).unwrap();
    assert_eq!(contents.as_str(), text);
    assert!(!contents.is_empty());
    assert!(Contents::parse("{ }").unwrap().is_empty());
    let read: std::collections::BTreeMap<String, serde_json::Value> = contents.to().unwrap();
    assert_eq!(read["b"], 1.0);
    assert_eq!(
        Contents::from_serialize(&read).unwrap().hash(),
        contents.hash()
    );
}

#[test]
fn contents_beyond_the_limits_are_refused() {
    let deep = MAX_CONTENTS_DEPTH;
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(deep), "]".repeat(deep));
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_CONTENTS_BYTES));
    let huge = format!("{{\"a\":{}}}", "9".repeat(400));
    for (text, expected) in [
        (deep.as_str(), ContentsError::TooDeep),
        (&long, ContentsError::TooLong),
        (&huge, ContentsError::NumberRange),
        ("[1]", ContentsError::NotAnObject),
        ("null", ContentsError::NotAnObject),
    ] {
        assert_eq!(Contents::parse(text), Err(expected));
    }
}

#[test]
fn extra_manifest_members_keep_their_order_and_null_ones_are_dropped() {
    let text = r#"{"z":1.50,"sha256_hash":"h","gone":null,"timestamp":"2026-01-02T03:04:05Z","rid":"a:b","@context":{"k":[null]}}"#;
    let manifest = Manifest::parse(text).unwrap();
    assert_eq!(
        manifest.to_json(),
        r#"{"rid":"a:b","timestamp":"2026-01-02T03:04:05Z","sha256_hash":"h","z":1.5,"@context":{"k":[null]}}"#
    );
    let stored = manifest.extras.to_json();
    assert_eq!(stored, r#"{"z":1.5,"@context":{"k":[null]}}"#);
    assert_eq!(Extras::parse(&stored).unwrap().to_json(), stored);
    assert_eq!(Extras::default().to_json(), "{}");
    let mut bare = String::new();
    let extras = ManifestExtras::Strip;
    let dialect = Dialect {
        extras,
        ..Dialect::default()
    };
    manifest.write(dialect, &mut bare);
    assert_eq!(
        bare,
        r#"{"rid":"a:b","timestamp":"2026-01-02T03:04:05Z","sha256_hash":"h"}"#
    );
}

#[test]
fn a_manifest_cannot_grow_without_bound() {
    let head = r#""rid":"a:b","timestamp":"2026-01-02T03:04:05Z","sha256_hash":"h""#;
    let many: Vec<_> = (0..100).map(|n| format!("\"m{n}\":1")).collect();
    let long = format!("\"m\":\"{}\"", "x".repeat(20_000));
    for extras in [many.join(","), long] {
        let error = Manifest::parse(&format!("{{{head},{extras}}}")).unwrap_err();
        assert!(matches!(error, ModelError::TooLarge { .. }));
    }
}

#[test]
fn a_generated_bundle_has_the_hash_of_its_contents_and_three_members() {
    let contents = Contents::parse(r#"{"title":"t"}"#).unwrap();
    let mut bundle = Bundle::generate(Rid::parse("orn:test.note:1").unwrap(), contents);
    assert!(bundle.hash_is_right());
    assert!(bundle.manifest.extras.is_empty());
    assert_eq!(Bundle::parse(&bundle.to_json()).unwrap(), bundle);
    bundle.manifest.sha256_hash = "0".repeat(64);
    assert!(!bundle.hash_is_right());
}

#[test]
fn events_are_read_in_all_their_shapes_and_a_foreign_manifest_is_refused() {
    let rid_only = r#"{"rid":"a:b","event_type":"FORGET"}"#;
    let event = Event::parse(r#"{"event_type":"FORGET","rid":"a:b","manifest":null,"x":1}"#);
    assert_eq!(event.unwrap().to_json(), rid_only);
    let contents_only = r#"{"rid":"a:b","event_type":"NEW","contents":{}}"#;
    let event = Event::parse(contents_only).unwrap();
    assert_eq!(event.event_type, EventType::New);
    assert_eq!(event.to_json(), contents_only);
    let foreign = r#"{"rid":"a:b","event_type":"NEW","manifest":{"rid":"a:c","timestamp":"2026-01-02T03:04:05Z","sha256_hash":"h"}}"#;
    let error = Event::parse(foreign).unwrap_err();
    assert!(matches!(error, ModelError::RidMismatch { .. }));
    let lower = Event::parse(r#"{"rid":"a:b","event_type":"new"}"#).unwrap_err();
    assert!(matches!(lower, ModelError::EventType(_)));
}

#[test]
fn timestamps_are_ordered_by_instant_whatever_their_offset() {
    let utc = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let india = Timestamp::parse("2026-01-01T05:30:00+0530").unwrap();
    assert_eq!(india.as_str(), "2026-01-01T05:30:00+05:30");
    assert_eq!(utc, india);
    assert!(Timestamp::parse("2026-01-01T00:00:00.000001Z").unwrap() > india);
    assert_eq!(
        Timestamp::from_micros(utc.to_micros()).as_str(),
        utc.as_str()
    );
    assert!(Timestamp::now() > utc);
    assert!(Timestamp::now().as_str().ends_with('Z'));
}

#[test]
fn times_that_do_not_exist_are_refused() {
    for text in [
        "2025-02-29T00:00:00Z",
        "2025-01-01T24:00:00Z",
        "2025-01-01T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "2025-01-01T00:00:00+24:00",
        "2025-01-01T00:00:00Zx",
        "now",
        "",
        "2025-01-01T00:00:00.Z",
        "NaN",
        "inf",
        "1e300",
        "99999999999999999",
    ] {
        let error = Timestamp::parse(text).unwrap_err();
        assert!(matches!(error, TimestampError::Invalid(_)), "{text}");
    }
    for text in ["2025-01-01", "2025-01-01T00:00:00.5"] {
        let error = Timestamp::parse(text).unwrap_err();
        assert!(matches!(error, TimestampError::Naive(_)), "{text}");
    }
}

#[test]
fn rids_are_read_up_to_the_limit_and_odd_urls_are_refused() {
    let fits = format!("a:{}", "x".repeat(MAX_RID_BYTES - 2));
    assert_eq!(Rid::parse(&fits).unwrap().as_str(), fits);
    let error = Rid::parse(&format!("{fits}x")).unwrap_err();
    assert!(matches!(error, RidError::TooLong { .. }));
    for odd in [
        "https:a:b:c",
        "https:?",
        "https://[1.2.3.4]/",
        "https://a\u{ff0f}b/",
    ] {
        assert!(Rid::parse(odd).is_err(), "{odd}");
    }
    let read: Rid = serde_json::from_str("\"orn:vector:https://h/?\"").unwrap();
    assert_eq!(
        serde_json::to_string(&read).unwrap(),
        "\"orn:vector:https://h/\""
    );
}
