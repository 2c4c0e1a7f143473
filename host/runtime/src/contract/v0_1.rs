//! Version 0.1 of the contract: `wit/`, frozen.

mod bindings;
mod calls;
mod exports;
mod imports;
mod values;

pub(crate) use calls::Guest;
pub(crate) use exports::Indices;
pub(crate) use imports::link;

/// The version.
pub(crate) const VERSION: &str = "0.1.0";
