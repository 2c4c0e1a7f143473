//! `cargo xtask lint`: form and style of everything in the repository.
//!
//! A command of its own, since clippy reads all dependencies again, which takes as long as half of the tests. A
//! failed check does not keep the others from running.

use std::process::ExitCode;

use anyhow::Result;

use crate::build::GUEST_WORKSPACE;
use crate::layout::Layout;
use crate::process;
use crate::progress;
use crate::setup::checks;

/// Runs rustfmt and clippy over both workspaces; what they find is printed as they do.
pub fn lint(layout: &Layout) -> Result<ExitCode> {
    checks::set_up(layout)?;
    let guests = ["--manifest-path", GUEST_WORKSPACE];
    let guests_target = layout.path("target/guests");
    let form = "run `cargo fmt --all`";
    let form_of_guests = format!("run `cargo fmt --all --manifest-path {GUEST_WORKSPACE}`");
    let style = "see its warnings above";
    let clippy = ["--workspace", "--all-targets", "--", "-D", "warnings"];

    let cargo = || process::cargo(layout);
    let (mut format_host, mut format_guests) = (cargo(), cargo());
    format_host.args(["fmt", "--all", "--check"]);
    format_guests.args(["fmt", "--all", "--check"]).args(guests);
    let (mut clippy_host, mut clippy_guests) = (cargo(), cargo());
    clippy_host.args(["clippy", "--release"]).args(clippy);
    clippy_guests
        .arg("clippy")
        .args(guests)
        .arg("--target-dir")
        .arg(guests_target)
        .args(clippy);
    let checks = [
        ("format of the host", form, format_host),
        ("format of the guests", &form_of_guests, format_guests),
        ("clippy of the guests", style, clippy_guests),
        ("clippy of the host", style, clippy_host),
    ];

    let mut failures = Vec::new();
    for (title, remedy, mut command) in checks {
        if let Err(error) = progress::talking_step(title, || process::talk(&mut command)) {
            eprintln!("{title}: failed");
            failures.push(format!("{title}: {error:#}; {remedy}"));
        }
    }
    for failure in &failures {
        println!("failed: {failure}");
    }
    Ok(match failures.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
