//! Builds the extensions, which takes seconds, and the host, which may take minutes.

mod glossaries;
mod guests;
mod rust_guests;

use anyhow::{Context, Result};

use crate::layout::Layout;
use crate::process;
use crate::progress;
use crate::setup::{self, Extent, GuestToolchain};

pub use rust_guests::WORKSPACE as GUEST_WORKSPACE;

/// What cargo builds of this workspace, all of it at once and always: with a part of it cargo would choose other
/// features, and build wasmtime a second time. But for the bench, which takes a minute and a half of a processor,
/// has no features that others don't have, and is of use to who measures only.
pub const WORKSPACE: [&str; 3] = ["--workspace", "--exclude", BENCH];

/// The package of the bench.
pub const BENCH: &str = "koi-bench";

/// Sets up what is missing and builds what `extent` says; what didn't change is not built again. The
/// host is built meanwhile: what is set up waits for the network and the disk, and compilers don't. Gives the
/// toolchain that builds Rust guests.
pub fn build(layout: &Layout, extent: Extent) -> Result<GuestToolchain> {
    fetch_crates(layout)?;
    // The tests' programs beside the rest of it: they need its parts early, and one program of ours takes
    // as long as many crates at once.
    let mut host = process::cargo(layout);
    host.args(["build", "--release"]).args(WORKSPACE);
    if extent == Extent::Tests {
        host.args(["--bins", "--tests"]);
    }
    let title = "host, release (the first time takes minutes)";
    let toolchain = progress::beside(title, &mut host, || {
        let toolchain = setup::set_up(layout, extent)?;
        rust_guests::build(layout, &toolchain)?;
        if extent == Extent::Tests {
            guests::build_python(layout)?;
            guests::build_javascript(layout)?;
            guests::build_plain_time(layout)?;
            guests::build_plain_calculator(layout)?;
        }
        Ok(toolchain)
    })?;
    if extent == Extent::Tests {
        glossaries::build(layout)?;
    }
    Ok(toolchain)
}

/// Fetches the crates of both workspaces, where they aren't in cargo's own folder, so that a missing
/// network is called by its name.
fn fetch_crates(layout: &Layout) -> Result<()> {
    progress::step("crates", || {
        ["Cargo.toml", GUEST_WORKSPACE]
            .iter()
            .try_for_each(|workspace| {
                let mut fetch = process::cargo(layout);
                fetch.args(["fetch", "--locked", "--manifest-path", workspace]);
                process::captured(layout, "cargo-fetch", &mut fetch)
            })
    })
    .context("the crates could not be fetched; connect to the network and try again")
}
