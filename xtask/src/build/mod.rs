//! Builds the extensions, which takes seconds, and then the host, which may take minutes.

mod guests;
mod rust_guests;

use anyhow::{Context, Result};

use crate::layout::Layout;
use crate::process;
use crate::progress;
use crate::setup::{Extent, GuestToolchain};

pub use rust_guests::WORKSPACE as GUEST_WORKSPACE;

/// Builds what `extent` says; what didn't change is not built again.
pub fn build(layout: &Layout, toolchain: &GuestToolchain, extent: Extent) -> Result<()> {
    fetch_crates(layout)?;
    rust_guests::build(layout, toolchain)?;
    if extent == Extent::Tests {
        guests::build_python(layout)?;
        guests::build_javascript(layout)?;
    }
    // The whole workspace at once, always: with a part of it cargo would choose other features, and
    // build wasmtime a second time.
    progress::talking_step("host, release (the first time takes minutes)", || {
        process::talk(process::cargo(layout).args(["build", "--release", "--workspace"]))
    })
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
