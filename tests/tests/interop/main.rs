//! Nodes of ours and Python nodes, each kind with each: they find each other, exchange knowledge, go
//! away and come back, are forgotten, reject and propose again.
//!
//! Two partial nodes cannot meet. Nodes of which none is a coordinator meet through one of ours.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod four;
mod old;
mod pair;
mod pairings;
