//! Guests that do harm, by intent or by accident, harm nobody but themselves.
//!
//! The guests are `tests/hostile`: texts, and one made with the SDK that does what it is told. Each
//! has a row in a table here that says what its caller is told. While it does its harm somebody else
//! calls the node all the time and has to be answered; afterwards memory, threads and files of the
//! node have to be back where they were.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod calls;
mod components;
mod crowds;
mod files;
mod host;
mod installs;
mod knowledge;
mod schemas;
mod secrets;
mod states;
mod tools;
mod ways_out;
