//! The tables of the specification of KOI-net (what a node of koi-net 2.1 really does), each row as a case
//! against a running node of ours: what it takes, what it says no to, and what it survives.
//!
//! One file a table. A row is named as the specification names it.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod errors;
mod fatal;
mod gaps;
mod manifests;
mod probe;
mod rids;
mod signing;
