//! Fetches what building and testing need into `target/tools`, once.
//!
//! A tool that is there and whose pins did not change is not touched, so that a second run needs no
//! network. An interrupted step leaves no stamp and is done again from the beginning.

pub mod checks;
mod debian;
mod javascript;
mod postgresql;
mod python;
mod registry;
mod wasm;
mod zig;

use anyhow::Result;

use crate::layout::Layout;
pub use javascript::node;
pub use wasm::GuestToolchain;

/// How much is set up and built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What a node needs.
    Build,
    /// What the tests need as well.
    Tests,
}

/// Sets up what is missing. Gives the toolchain that builds Rust guests.
pub fn set_up(layout: &Layout, extent: Extent) -> Result<GuestToolchain> {
    let toolchain = wasm::set_up(layout)?;
    if extent == Extent::Tests {
        let mut base = python::Base::default();
        base.environment(layout, "koi-net", "tests/peers/koi-net.txt")?;
        for version in ["2.0.7", "1.3.2"] {
            let name = format!("koi-net-{version}");
            base.environment(layout, &name, &format!("tests/peers/{name}.txt"))?;
        }
        base.environment(layout, "mcp-client", "tests/peers/mcp-client.txt")?;
        base.environment(layout, "openapi", "tests/peers/openapi.txt")?;
        base.environment(layout, "oras", "tests/peers/oras.txt")?;
        base.environment(
            layout,
            "componentize-py",
            "tests/guests/python/requirements.txt",
        )?;
        base.environment(layout, "zig", "tests/guests/zig.txt")?;
        python::link_program(layout, "zig", "ziglang/zig")?;
        zig::compile_libc(layout)?;
        base.environment(layout, "mypy", "tests/guests/mypy.txt")?;
        base.environment(layout, "node", "tests/guests/node.txt")?;
        javascript::set_up(layout)?;
        postgresql::set_up(layout)?;
        registry::set_up(layout)?;
    }
    Ok(toolchain)
}
