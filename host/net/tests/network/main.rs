//! Real nodes in one process, over loopback.

// A test and what it builds on may stop at the first thing that is not as it should be. The lint's
// own setting for tests does not reach functions beside them.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod catch_up;
mod delivery;
mod lifetimes;
mod nodes;
mod partial;
mod peers;
mod support;
mod trust;
mod twenty;
