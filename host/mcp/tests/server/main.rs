//! The MCP server over HTTP and byte streams, as clients of both eras see it.

// What a test's support finds wrong may stop the test at once.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod dispatcher;
mod failures;
mod guest;
mod http;
mod legacy;
mod modern;
mod node;
mod notices;
mod resources;
mod rest;
mod search;
mod stream;
mod transport;
mod views;
