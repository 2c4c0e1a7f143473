//! What bench and soak measure with. Here, and not in the programs, so that it is compiled once and its
//! tests need no program of their own.

pub mod calling;
pub mod client;
pub mod files;
pub mod http;
pub mod legacy;
pub mod pace;
pub mod report;
pub mod rounds;
