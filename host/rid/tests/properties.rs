//! What holds for any input, not only for the one that somebody thought of.

// A property may stop at the first thing that is not as it should be.
#![allow(clippy::unwrap_used)]

use koi_rid::json::Document;
use koi_rid::{
    Bundle, Contents, Event, Extras, FloatStyle, Manifest, Rid, RidType, Timestamp, jcs,
};
use proptest::prelude::*;
use serde_json::{Map, Value};

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-1e6..1e6).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 12, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..12)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Text made of what a JSON text is made of, so that much of it is nearly valid.
fn json_like() -> impl Strategy<Value = String> {
    let tokens = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        " ",
        "\n",
        "\"",
        "\"a\"",
        "\"\\u00e9\"",
        "\\ud83d",
        "\\n",
        "1",
        "-0",
        "1.50",
        "1e+16",
        "1e999",
        ".",
        "true",
        "null",
        "é",
        "\u{0}",
    ]);
    prop::collection::vec(tokens, 0..40).prop_map(|tokens| tokens.concat())
}

fn rid_like() -> impl Strategy<Value = String> {
    let heads = prop::sample::select(vec![
        "",
        "x:",
        "https:",
        "http://",
        "https://h",
        "urn:a:",
        "orn:",
        "orn:x:",
        "orn:vector:",
        "orn:koi-net.node:",
        "orn:github.issue:o/r:",
        "orn:github.pr:",
        "orn:hackmd.note:",
        "orn:google_drive.export:",
        "orn:normalized.text:https:",
    ]);
    (heads.clone(), heads, "[a-z0-9:/?#+@_ \\t\\[\\]%é☃.-]{0,12}")
        .prop_map(|(a, b, c)| format!("{a}{b}{c}"))
}

fn canonical(text: &str, style: FloatStyle) -> String {
    let mut out = String::new();
    let document = Document::parse(text).unwrap();
    document.root().write_canonical(style, &mut out);
    out
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_rid_is_a_fixed_point_of_parsing_and_printing(text in rid_like()) {
        if let Ok(rid) = Rid::parse(&text) {
            let again = Rid::parse(rid.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), rid.as_str());
            let rid_type = RidType::parse(rid.type_str()).unwrap();
            prop_assert_eq!(&rid.rid_type(), &rid_type);
            prop_assert_eq!(format!("{rid_type}:{}", rid.reference()), rid.as_str());
        }
    }

    #[test]
    fn canonical_json_is_a_fixed_point_and_means_the_same(value in json_value()) {
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        for style in [FloatStyle::Plus, FloatStyle::Bare] {
            let once = canonical(&pretty, style);
            prop_assert_eq!(&canonical(&once, style), &once);
        }
        let plus = canonical(&pretty, FloatStyle::Plus);
        prop_assert_eq!(plus, serde_json::to_string(&value).unwrap());
    }

    #[test]
    fn hashed_text_is_a_fixed_point_and_as_another_implementation_has_it(value in json_value()) {
        let text = serde_json::to_string(&value).unwrap();
        let once = jcs::canonical(&text).unwrap();
        prop_assert_eq!(&jcs::canonical(&once).unwrap(), &once);
        prop_assert_eq!(once, serde_json_canonicalizer::to_string(&value).unwrap());
    }

    #[test]
    fn a_float_is_read_back_as_the_same_double(value in any::<f64>()) {
        prop_assume!(value.is_finite());
        let text = format!("{value:?}");
        for style in [FloatStyle::Plus, FloatStyle::Bare] {
            let printed = canonical(&text, style);
            prop_assert_eq!(printed.parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
    }

    #[test]
    fn what_is_accepted_as_json_is_json_to_others_too(text in json_like()) {
        if Document::parse(&text).is_ok() {
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok());
        }
    }

    #[test]
    fn a_timestamp_is_a_fixed_point(micros in any::<i64>()) {
        let timestamp = Timestamp::from_micros(micros);
        let again = Timestamp::parse(timestamp.as_str()).unwrap();
        prop_assert_eq!(again.to_micros(), timestamp.to_micros());
        prop_assert_eq!(again.as_str(), timestamp.as_str());
    }

    #[test]
    fn no_text_panics(text in prop_oneof![any::<String>(), json_like(), rid_like()]) {
        let _ = Document::parse(&text);
        let _ = Contents::parse(&text);
        let _ = Manifest::parse(&text);
        let _ = Bundle::parse(&text);
        let _ = Event::parse(&text);
        let _ = Extras::parse(&text);
        let _ = Timestamp::parse(&text);
        let _ = RidType::parse(&text);
        let _ = Rid::parse(&text);
    }
}
