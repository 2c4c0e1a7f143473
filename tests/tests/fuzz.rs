//! The fuzz targets, over their corpus and some thousand inputs near it, the same ones each time.
//! `cargo xtask fuzz` goes on from there.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use koi_tests::fuzz::{FUZZ_TARGETS, Mutations};
use koi_tests::repository;

fn holds(name: &str) {
    let target = FUZZ_TARGETS
        .iter()
        .find(|target| target.name == name)
        .unwrap();
    let folder = repository().join("tests/fuzz/corpus").join(name);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect();
    assert!(!corpus.is_empty(), "{} is empty", folder.display());
    let mutated = Mutations::new(&corpus, 0x6b6f_695f_6d63_7021).take(target.rounds as usize);
    for input in corpus.iter().cloned().chain(mutated) {
        let held = std::panic::catch_unwind(|| (target.check)(&input));
        assert!(
            held.is_ok(),
            "{name} does not hold for {:?}; keep it in {}",
            String::from_utf8_lossy(&input),
            folder.display()
        );
    }
}

#[test]
fn loading_a_component_ends_with_an_extension_or_a_sentence() {
    holds("component");
}

#[test]
fn a_configuration_is_read_or_refused_with_the_name_of_the_key() {
    holds("configuration");
}

#[test]
fn an_envelope_is_refused_or_arrives_as_it_was_sent() {
    holds("envelope");
}

#[test]
fn an_export_is_read_or_refused_with_the_line() {
    holds("export");
}

#[test]
fn a_grant_is_printed_as_it_is_read_and_includes_only_what_it_allows() {
    holds("grants");
}

#[test]
fn canonical_json_is_its_own_canonical_form() {
    holds("jcs");
}

#[test]
fn a_recording_is_refused_or_runs_to_an_end() {
    holds("recording");
}

#[test]
fn a_rid_is_canonical_and_stays_what_it_is() {
    holds("rid");
}

#[test]
fn a_reference_reads_back_and_what_lies_beside_a_component_is_nobodys_signature() {
    holds("signatures");
}

#[test]
fn every_target_is_driven_and_has_a_corpus() {
    let mut folders: Vec<String> = std::fs::read_dir(repository().join("tests/fuzz/corpus"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, FUZZ_TARGETS.map(|target| target.name));
}
