//! What checks form and style: rustfmt and clippy, which a minimal toolchain does not have.

use std::process::Command;

use anyhow::{Context, Result};

use crate::layout::Layout;
use crate::process;
use crate::progress;

const TITLE: &str = "rustfmt and clippy";

/// Has rustup add them if they aren't there.
pub fn set_up(layout: &Layout) -> Result<()> {
    let is_there = |name: &str| process::output(process::cargo(layout).args([name, "--version"]));
    if is_there("fmt").and(is_there("clippy")).is_ok() {
        progress::already(TITLE);
        return Ok(());
    }
    progress::step(TITLE, || {
        let mut rustup = Command::new("rustup");
        rustup
            .current_dir(layout.root())
            .args(["component", "add", "rustfmt", "clippy"]);
        process::captured(layout, "rustup-component", &mut rustup).context(
            "rustfmt or clippy is missing: connect to the network and try again, or install the \
             packages of these names that belong to your Rust",
        )
    })
}
