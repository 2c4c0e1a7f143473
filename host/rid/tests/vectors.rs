//! What the Python reference (koi-net 2.1.2, rid-lib 3.3.0) parses, prints and hashes.

// Reading golden files: a test may stop at the first thing that is not as it should be.
#![allow(clippy::unwrap_used, clippy::panic)]

use koi_rid::json::{Document, Kind};
use koi_rid::{
    Bundle, Contents, Dialect, FloatStyle, Rid, RidError, RidType, Timestamp, TimestampError, jcs,
};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Vectors {
    rids: Cases<RidVector>,
    rid_types: Cases<RidTypeVector>,
    builtin_types: Vec<RidTypeVector>,
    jcs: Vec<JcsVector>,
    pydantic_float_format: Vec<FloatVector>,
    timestamps: Vec<TimestampVector>,
    bundles: Vec<BundleVector>,
}

#[derive(Deserialize)]
struct Cases<T> {
    valid: Vec<T>,
    invalid: Vec<Invalid>,
}

#[derive(Deserialize)]
struct Invalid {
    input: String,
}

#[derive(Deserialize)]
struct RidVector {
    input: String,
    rid: String,
    r#type: String,
    reference: String,
    same_as_input: bool,
}

#[derive(Deserialize)]
struct RidTypeVector {
    r#type: String,
}

#[derive(Deserialize)]
struct JcsVector {
    input_json: String,
    canonical: String,
    sha256: String,
}

#[derive(Deserialize)]
struct FloatVector {
    value: String,
    json: String,
}

#[derive(Deserialize)]
struct TimestampVector {
    r#in: Box<RawValue>,
    out: String,
    stable: bool,
}

#[derive(Deserialize)]
struct BundleVector {
    json: String,
    jcs_of_contents: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("golden/vectors.json")).unwrap()
}

#[test]
fn every_valid_rid_is_printed_as_the_reference_prints_it() {
    let rids = vectors().rids.valid;
    assert_eq!(rids.len(), 53);
    for vector in rids {
        let rid = Rid::parse(&vector.input).unwrap();
        assert_eq!(rid.as_str(), vector.rid);
        assert_eq!(rid.type_str(), vector.r#type);
        assert_eq!(rid.rid_type().as_str(), vector.r#type);
        assert_eq!(rid.reference(), vector.reference);
        assert_eq!(rid.as_str() == vector.input, vector.same_as_input);
        assert_eq!(Rid::parse(rid.as_str()).unwrap(), rid);
    }
}

#[test]
fn every_invalid_rid_is_refused() {
    let rids = vectors().rids.invalid;
    assert_eq!(rids.len(), 16);
    for vector in rids {
        assert!(Rid::parse(&vector.input).is_err(), "{}", vector.input);
    }
}

#[test]
fn rid_types_are_taken_and_refused_as_by_the_reference() {
    let types = vectors().rid_types;
    assert!(!types.valid.is_empty() && !types.invalid.is_empty());
    for vector in types.valid {
        let parsed = RidType::parse(&vector.r#type).unwrap();
        assert_eq!(parsed.as_str(), vector.r#type);
    }
    for vector in types.invalid {
        assert!(RidType::parse(&vector.input).is_err(), "{}", vector.input);
    }
}

#[test]
fn all_28_built_in_types_are_rid_types() {
    let types = vectors().builtin_types;
    assert_eq!(types.len(), 28);
    for vector in types {
        RidType::parse(&vector.r#type).unwrap();
    }
}

#[test]
fn hashed_text_is_that_of_the_reference() {
    let vectors = vectors();
    assert_eq!(vectors.jcs.len(), 6);
    for vector in vectors.jcs {
        assert_eq!(
            jcs::canonical(&vector.input_json).unwrap(),
            vector.canonical
        );
        assert_eq!(jcs::sha256_hex(&vector.input_json).unwrap(), vector.sha256);
        let contents = Contents::parse(&vector.input_json).unwrap();
        assert_eq!(contents.hash(), vector.sha256);
    }
}

#[test]
fn floats_are_printed_as_the_reference_prints_them() {
    let floats = vectors().pydantic_float_format;
    assert_eq!(floats.len(), 18);
    for vector in floats {
        let document = Document::parse(&vector.value).unwrap();
        assert_eq!(document.root().kind(), Kind::Float);
        let mut plus = String::new();
        document.root().write_canonical(FloatStyle::Plus, &mut plus);
        assert_eq!(plus, vector.json);
        let mut bare = String::new();
        document.root().write_canonical(FloatStyle::Bare, &mut bare);
        assert_eq!(bare, vector.json.replace("e+", "e"));
    }
}

#[test]
fn timestamps_are_brought_to_the_form_of_the_reference() {
    let timestamps = vectors().timestamps;
    assert_eq!(timestamps.len(), 12);
    let mut naive = 0;
    for vector in timestamps {
        let input = vector.r#in.get();
        let text = serde_json::from_str::<String>(input).unwrap_or(input.to_owned());
        match Timestamp::parse(&text) {
            Ok(timestamp) => {
                assert_eq!(timestamp.as_str(), vector.out);
                assert_eq!(timestamp.as_str() == text, vector.stable);
            }
            Err(TimestampError::Naive(_)) => naive += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(naive, 1, "only the time without an offset is refused");
}

#[test]
fn bundles_are_read_hashed_and_printed_without_loss() {
    let bundles = vectors().bundles;
    assert_eq!(bundles.len(), 4);
    for vector in bundles {
        let bundle = Bundle::parse(&vector.json).unwrap();
        assert!(bundle.hash_is_right());
        assert_eq!(bundle.to_json(), vector.json);
        let canonical = jcs::canonical(bundle.contents.as_str()).unwrap();
        assert_eq!(canonical, vector.jcs_of_contents);
        let mut stripped = String::new();
        bundle.write(
            Dialect {
                extras: koi_rid::ManifestExtras::Strip,
                ..Dialect::default()
            },
            &mut stripped,
        );
        assert!(!stripped.contains("koi-net.context:manifest"));
    }
}

#[test]
fn a_refused_rid_tells_what_it_should_have_been() {
    let error = Rid::parse("orn:slack.message:T/C").unwrap_err();
    assert!(matches!(error, RidError::Reference { .. }));
    assert!(error.to_string().contains("<team_id>/<channel_id>/<ts>"));
}

#[test]
fn of_two_shortest_forms_equally_near_the_even_one_is_printed() {
    let text = r#"{"n":235461137720200.625}"#;
    assert_eq!(jcs::canonical(text).unwrap(), r#"{"n":235461137720200.62}"#);
}
