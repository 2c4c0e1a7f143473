//! What the tests share: real nodes, real Python peers and clients, started on free ports, waited
//! for by readiness and ended by their own handle.
//!
//! Everything here fails loudly: a test that cannot find its tools says `run cargo xtask test`.

// Everything in this crate serves tests only: stopping at the first surprise is what it is for.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod admin;
mod callable;
mod client;
mod counting_guest;
mod cpu_time;
mod footprint;
pub mod fuzz;
mod named_guest;
mod node;
mod paths;
mod port;
mod process;
mod python;
mod sender;
mod text_guest;
mod wait;
mod warm;
mod websocket;
mod witness;

pub use admin::Admin;
pub use callable::Callable;
pub use client::{McpClient, McpError, Mode, Sdk, Transport};
pub use counting_guest::Counting;
pub use cpu_time::CpuTime;
pub use footprint::Footprint;
pub use node::{Node, NodeBuilder, share_code, shared_code};
pub use paths::{extension, guest, program, repository, tool};
pub use port::{Port, free_port};
pub use process::Process;
pub use python::{Kind, Peer, PeerBuilder, Version};
pub use sender::Sender;
pub use text_guest::Guest;
pub use wait::{PATIENCE, eventually};
pub use websocket::{Received, WebSocketClient};
pub use witness::{Seen, Witness};
