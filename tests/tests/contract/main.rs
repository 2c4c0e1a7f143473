//! The contract lasts (`wit/VERSIONING.md`): what is frozen stays, and guests that were compiled for it
//! go on to answer.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod corpus;
mod frozen;
