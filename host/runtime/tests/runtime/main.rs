//! The runtime against guests in the text format: each does one thing that a guest may or must not
//! do, with no toolchain in between.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod ahead;
mod cache;
mod calls;
mod fairness;
mod fuel;
mod guest;
mod handover;
mod hostile;
mod loading;
mod modes;
mod plain;
mod ports;
mod recording;
mod system;
