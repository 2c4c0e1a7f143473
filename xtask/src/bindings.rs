//! `cargo xtask bindings`: what wit-bindgen makes of the WIT for Rust, in the SDK and in the guest `fetch`.
//!
//! The test that compares the files with the WIT writes them instead, so that xtask itself is built without
//! the generator.

use anyhow::Result;

use crate::layout::Layout;
use crate::process;

/// Has the test write the files.
pub fn write(layout: &Layout) -> Result<()> {
    let mut test = process::cargo(layout);
    test.args(["test", "--release", "--workspace", "--test", "sdk"])
        .args(["--", "bindings::"])
        .env("KOI_WRITE_BINDINGS", "1");
    process::talk(&mut test)
}
