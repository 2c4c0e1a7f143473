//! Extensions that are meant to be good pass.

use koi_tests::extension;
use serde_json::Value;

use crate::{found, report};

/// Those that come with the host, and the guests of the other languages.
const SOUND: [&str; 10] = [
    "agent-personality",
    "data-catalog",
    "echo",
    "feed",
    "first-extension",
    "glossary-c",
    "glossary-python",
    "glossary-rust",
    "glossary-typescript",
    "test-javascript",
];

#[test]
fn extensions_that_are_meant_to_be_good_pass() {
    for name in SOUND {
        let (report, code) = report(&extension(name), &[]);
        let failures = found(&report, "failure");
        assert!(failures.is_empty(), "{name}: {report:#}");
        assert_eq!((code, &report["passes"]), (Some(0), &true.into()), "{name}");
        let calls = report["measured"]["calls"].as_object().unwrap();
        assert!(
            calls["list"]["memory"].as_u64().unwrap() > 0,
            "{name}: {calls:?}"
        );
    }
}

#[test]
fn one_seed_gives_one_report() {
    let checked = |seed: &str| {
        let (mut report, _) = report(&extension("data-catalog"), &["--seed", seed]);
        let measured = report["measured"].take();
        (report, measured["calls"].clone())
    };
    let counts = |calls: &Value| {
        let calls = calls.as_object().unwrap().iter();
        calls
            .map(|(kind, most)| (kind.clone(), most["calls"].clone()))
            .collect::<Vec<_>>()
    };
    let (first, first_calls) = checked("7");
    let (second, second_calls) = checked("7");
    assert_eq!(first, second);
    assert_eq!(counts(&first_calls), counts(&second_calls));
}
