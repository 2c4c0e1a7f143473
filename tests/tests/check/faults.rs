//! Each fault of a faulty extension is found by its code.

use std::path::PathBuf;

use koi_tests::guest;
use tempfile::TempDir;

use crate::{check, found, report};

/// Stands once in the guest `faulty`.
const FAULT: &str = "fault=none......................";

/// Each fault with the place where it is found. A fault's name is the code of the finding.
const FAILURES: [(&str, &str); 16] = [
    ("describe-unstable", "describe"),
    ("schema-invalid", "schema faulty-note"),
    ("example-misfit", "schema faulty-note"),
    ("example-refused", "schema faulty-note"),
    ("list-refused", "lists"),
    ("reference-not-canonical", "RID type orn:faulty.note"),
    ("transform-misfit", "transform faulty-note-0 to faulty-note"),
    ("handler-trapped", "handler bundle of orn:faulty.note"),
    (
        "handler-not-idempotent",
        "handler bundle of orn:faulty.note",
    ),
    ("outcome-misfit", "handler bundle of orn:faulty.note"),
    ("tool-trapped", "tool read_note"),
    ("result-misfit", "tool read_note"),
    ("example-result", "tool read_note"),
    ("limit-exceeded", "tool write_note"),
    ("used-not-asked", "capability=keyvalue"),
    ("component-refused", "component"),
];

/// The extension with this fault, as a file.
fn faulty(folder: &TempDir, fault: &str) -> PathBuf {
    let mut bytes = guest("faulty");
    if fault == "component-refused" {
        bytes.truncate(bytes.len() / 2);
    }
    let mut places = bytes.windows(FAULT.len()).enumerate();
    let mut places = places
        .by_ref()
        .filter(|(_, window)| *window == FAULT.as_bytes());
    if let Some((at, _)) = places.next() {
        assert!(places.next().is_none(), "the fault stands there twice");
        let text = format!("fault={fault:.<26}");
        assert_eq!(text.len(), FAULT.len());
        bytes[at..at + FAULT.len()].copy_from_slice(text.as_bytes());
    } else {
        assert_eq!(
            fault, "component-refused",
            "the guest has its fault nowhere"
        );
    }
    let file = folder.path().join(format!("{fault}.wasm"));
    std::fs::write(&file, bytes).unwrap();
    file
}

#[test]
fn each_fault_is_found_by_its_code_and_the_exit_code_is_1() {
    let folder = tempfile::tempdir().unwrap();
    for (fault, subject) in FAILURES {
        let (report, code) = report(&faulty(&folder, fault), &[]);
        let failures = found(&report, "failure");
        assert!(failures.contains(&(fault, subject)), "{fault}: {report:#}");
        assert_eq!(
            (code, &report["passes"]),
            (Some(1), &false.into()),
            "{fault}"
        );
    }
}

#[test]
fn without_a_fault_nothing_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (report, code) = report(&faulty(&folder, "none"), &["--strict"]);
    assert_eq!(report["findings"], serde_json::json!([]), "{report:#}");
    assert_eq!((code, &report["passes"]), (Some(0), &true.into()));
}

#[test]
fn a_warning_keeps_an_extension_from_passing_only_if_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let file = faulty(&folder, "asked-not-used");
    let (lenient, code) = report(&file, &[]);
    assert_eq!(
        found(&lenient, "warning"),
        [("asked-not-used", "capability=network")]
    );
    assert_eq!(code, Some(0));
    let (strict, code) = report(&file, &["--strict"]);
    assert_eq!(strict["findings"], lenient["findings"]);
    assert_eq!((code, &strict["passes"]), (Some(1), &false.into()));
}

#[test]
fn a_person_is_told_what_was_found_and_what_a_client_would_see() {
    let folder = tempfile::tempdir().unwrap();
    let output = check(&faulty(&folder, "tool-trapped"), &[]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.is_empty(), "all is said on standard output");
    for part in [
        "An MCP client would see:",
        "read_note",
        "Reads a note",
        "tool-trapped (tool read_note): it trapped",
        "given: {\"name\":\"one\"}",
        "It does not pass: 1 failure,",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}
