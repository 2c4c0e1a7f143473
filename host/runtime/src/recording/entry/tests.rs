use bytes::Bytes;
use http::HeaderValue;
use koi_rid::{Bundle, Contents, Manifest, Rid, RidType, Writer};

use super::*;
use crate::ports::{
    Denial, HttpError, KeyPage, KnowledgePage, KnownBundle, ManifestPage, Neighbour, PortError,
};

/// What is read of what was written, written again.
fn again<T: Entry>(entry: &T) {
    let written = entry.write();
    let text = written.to_string();
    let from_file: Value = serde_json::from_str(&text).expect("JSON");
    let read = T::read(&from_file).unwrap_or_else(|| panic!("{text} is not read"));
    assert_eq!(read.write(), written);
}

fn known() -> KnownBundle {
    let contents = Contents::parse(r#"{"b": 1, "a": 2.50}"#).expect("contents");
    let manifest =
        r#"{"rid":"orn:a.b:c","timestamp":"2026-01-01T00:00:00.000Z","sha256_hash":"00","x":1.50}"#;
    KnownBundle {
        bundle: Bundle {
            manifest: Manifest::parse(manifest).expect("a manifest"),
            contents,
        },
        written_by: Some(Writer {
            extension: "a".to_owned(),
            revision: 1,
            digest: "00".to_owned(),
        }),
    }
}

fn denial() -> Denial {
    Denial {
        grant: "read=orn:a.b".to_owned(),
        remedy: "grant it".to_owned(),
    }
}

fn response() -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::from_static(b"\xff\x00"));
    let headers = response.headers_mut();
    for value in ["one", "two"] {
        headers.append("x-many", HeaderValue::from_static(value));
    }
    let latin = HeaderValue::from_bytes(b"caf\xe9").expect("a value");
    headers.append("x-latin", latin);
    response
}

#[test]
fn every_answer_is_read_as_it_was_written() {
    again(&());
    again(&true);
    again(&u64::MAX);
    again(&"a\u{0}\"ä".to_owned());
    again(&Duration::from_nanos(1_234_567_890_123));
    for bytes in [&b""[..], b"text", b"\xff\xfe"] {
        again(&bytes.to_vec());
    }
    again(&vec![Some(("a".to_owned(), vec![0xff_u8])), None]);
    again(&Ok::<_, PortError>(Some(known())));
    for error in [
        PortError::Transient("a".to_owned()),
        PortError::Permanent("b".to_owned()),
        PortError::InvalidInput("c".to_owned()),
        PortError::Denied(denial()),
    ] {
        again(&Err::<(), _>(error));
    }
    for error in [
        HttpError::Denied(denial()),
        HttpError::Name("a".to_owned()),
        HttpError::Connection("b".to_owned()),
        HttpError::TimedOut("c".to_owned()),
        HttpError::TooLarge("d".to_owned()),
        HttpError::Protocol("e".to_owned()),
    ] {
        again(&Err::<http::Response<Bytes>, _>(error));
    }
    again(&Ok::<_, HttpError>(response()));
    again(&KnowledgePage {
        bundles: vec![known()],
        next: Some("c".to_owned()),
        bounded: Some(10_000),
    });
    again(&ManifestPage {
        manifests: vec![known().bundle.manifest],
        next: None,
    });
    again(&KeyPage {
        keys: vec!["a".to_owned()],
        next: Some(7),
    });
    again(&Neighbour {
        rid: Rid::parse("orn:koi-net.node:a+00").expect("a RID"),
        provider: true,
        subscriber: false,
        rid_types: vec![RidType::parse("orn:a.b").expect("a type")],
        node_type: None,
    });
}

#[test]
fn contents_headers_and_bodies_stay_what_they_are() {
    let read = KnownBundle::read(&known().write()).expect("a bundle");
    // What a guest sees of a manifest is its canonical text.
    assert_eq!(
        read.bundle.manifest.to_json(),
        known().bundle.manifest.to_json()
    );
    assert_eq!(read.bundle.contents.as_str(), r#"{"b": 1, "a": 2.50}"#);
    assert_eq!(read.written_by, known().written_by);
    let read = http::Response::<Bytes>::read(&response().write()).expect("a response");
    assert_eq!(read.headers(), response().headers());
    assert_eq!(read.body(), response().body());
}

#[test]
fn what_is_no_answer_is_none() {
    let junk = [
        json!(null),
        json!(7),
        json!("text"),
        json!([]),
        json!([1, 2]),
        json!({}),
        json!({"ok": 1, "error": 2}),
        json!({"error": ["unheard-of", "x"]}),
        json!({"base64": "%"}),
        json!({"status": 70000, "headers": [], "body": ""}),
        json!({"status": 200, "headers": [["a b", "c"]], "body": ""}),
        json!({"manifest": "{}", "contents": "[]", "written-by": null}),
    ];
    for value in &junk {
        assert!(
            Result::<KnownBundle, PortError>::read(value).is_none(),
            "{value}"
        );
        assert!(http::Response::<Bytes>::read(value).is_none(), "{value}");
        assert!(Result::<(), HttpError>::read(value).is_none(), "{value}");
        assert!(Neighbour::read(value).is_none(), "{value}");
        assert!(KeyPage::read(value).is_none(), "{value}");
    }
}

#[test]
fn all_texts_are_shown_as_they_are_meant() {
    let value = json!({"ok": [{"base64": STANDARD.encode(b"\xffhidden")}, "plain", 7, null]});
    let mut seen = Vec::new();
    texts(&value, &mut |text| seen.push(text.to_vec()));
    assert_eq!(seen, [b"\xffhidden".to_vec(), b"plain".to_vec()]);
}
