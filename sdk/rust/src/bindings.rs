//! What wit-bindgen makes of the contract: one module with all imports, and one for each interface
//! that an extension may export. Each exported interface has a world of its own, so that a component
//! exports the interfaces that [`export!`](crate::export) names and no others. The types of the
//! contract are generated once, in [`imports`].
//!
//! The modules are files, made by `cargo xtask bindings` in koi-mcp's repository, so that an author's
//! project does not compile what reads WIT.
//!
//! Nothing here is for authors; it is public because the expansion of `export!` reaches in.

#![allow(
    missing_docs,
    reason = "generated from the WIT, whose comments are the reference"
)]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "generated so, for debugging: a host keeps to the contract"
)]

pub mod completions;
pub mod extension;
pub mod handlers;
pub mod http;
pub mod imports;
pub mod prompts;
pub mod resources;
pub mod rid_types;
pub mod schedule;
pub mod schemas;
pub mod state;
pub mod tools;
