//! What the tests share: real nodes, real Python peers and clients, started on free ports, waited
//! for by readiness and ended by their own handle.
//!
//! Everything here fails loudly: a test that cannot find its tools says `run cargo xtask test`.

// Everything in this crate serves tests only: stopping at the first surprise is what it is for.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod node;
mod paths;
mod process;
mod python;
mod wait;

pub use node::{Node, NodeBuilder};
pub use paths::{extension, guest, program, repository, tool};
pub use process::{Process, free_port};
pub use python::{Kind, Peer, PeerBuilder, client_script, raw_client};
pub use wait::{PATIENCE, eventually};
