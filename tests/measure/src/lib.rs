//! What bench and soak measure with. Here, and not in the programs, so that it is compiled once and its
//! tests need no program of their own. Everything here fails as an error that says what was measured.

// Everything in this crate serves tests only: stopping at the first surprise is what it is for.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

pub mod calling;
pub mod client;
pub mod files;
pub mod http;
pub mod legacy;
pub mod pace;
pub mod report;
pub mod rounds;
