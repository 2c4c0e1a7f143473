//! Builds the extensions, which takes seconds, and then the host, which may take minutes.

mod guests;
mod rust_guests;

use anyhow::Result;

use crate::layout::Layout;
use crate::process;
use crate::progress;
use crate::setup::{Extent, GuestToolchain};

pub use rust_guests::WORKSPACE as GUEST_WORKSPACE;

/// Builds what `extent` says; what didn't change is not built again.
pub fn build(layout: &Layout, toolchain: &GuestToolchain, extent: Extent) -> Result<()> {
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
