//! The MCP server over HTTP and byte streams, as clients of both eras see it.

// What a test's support finds wrong may stop the test at once.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod direct;
mod dispatcher;
mod failures;
mod guest;
mod http;
mod legacy;
mod limits;
mod modern;
mod node;
mod notices;
mod principals;
mod prompts;
mod questions;
mod resources;
mod rest;
mod search;
mod sessions;
mod stream;
mod tasks;
mod transport;
mod versions;
mod views;
mod websocket;
