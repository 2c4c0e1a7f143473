//! A small part of the soaks: what leaks fast shows here already, the rest only `cargo xtask soak`.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::process::Command;

use koi_tests::program;
use tempfile::TempDir;

/// Runs a soak; what it said, and where it drew its figures.
fn soak(args: &[&str]) -> (String, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let soak = Command::new(program("koi-soak"))
        .args(args)
        .arg("--folder")
        .arg(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&soak.stdout).into_owned();
    let complained = String::from_utf8_lossy(&soak.stderr);
    assert!(soak.status.success(), "{said}{complained}");
    (said, folder)
}

#[test]
fn memory_stays_as_it_is_over_many_calls_and_some_hostile_ones() {
    let (said, folder) = soak(&["sandbox", "--calls", "150000"]);
    assert!(said.contains("150 hostile calls ended with"), "{said}");
    assert!(said.contains("0 well-behaved calls failed"), "{said}");
    let figures = std::fs::read_to_string(folder.path().join("sandbox.csv")).unwrap();
    assert_eq!(figures.lines().count(), 202, "{figures}");
    let drawn = std::fs::read_to_string(folder.path().join("sandbox.svg")).unwrap();
    assert!(drawn.contains("<polyline"), "{drawn}");
}

#[test]
fn clients_that_cut_their_connections_harm_no_others_and_leave_nothing_at_the_node() {
    let (said, folder) = soak(&["mcp", "--clients", "100", "--seconds", "3"]);
    assert!(said.starts_with("seed "), "{said}");
    assert!(said.contains(" cut, 0 failed"), "{said}");
    assert!(said.contains("\n0 instances still work\n"), "{said}");
    assert!(said.contains("\n0 sessions left; "), "{said}");
    let figures = std::fs::read_to_string(folder.path().join("mcp.csv")).unwrap();
    assert!(figures.lines().count() > 20, "{figures}");
}

#[test]
fn what_was_told_to_a_node_that_is_killed_reaches_all_others_that_are_killed_too() {
    let (said, _) = soak(&[
        "koi-net",
        "--events",
        "1500",
        "--kills",
        "4",
        "--postgresql",
    ]);
    assert!(said.contains("1500 events in "), "{said}");
    assert!(said.contains("postgresql 1"), "{said}");
    assert!(said.contains("\n0 dead letters\n"), "{said}");
}

#[test]
fn revisions_take_each_others_place_without_a_call_that_fails_and_a_killed_node_has_a_whole_one() {
    let (said, folder) = soak(&[
        "lifecycle",
        "--swaps",
        "60",
        "--callers",
        "40",
        "--kills",
        "8",
    ]);
    assert!(said.contains("60 swaps under 40 callers"), "{said}");
    assert!(said.contains(" 0 failed or were no revision's"), "{said}");
    assert!(said.contains("none lost, none twice"), "{said}");
    assert!(said.contains("8 kills within a swap"), "{said}");
    assert!(said.contains("; 0 times something else"), "{said}");
    let figures = std::fs::read_to_string(folder.path().join("lifecycle.csv")).unwrap();
    assert!(figures.lines().count() > 20, "{figures}");
}
