//! The MCP server over HTTP and byte streams, as clients of both eras see it.

mod failures;
mod http;
mod legacy;
mod modern;
mod node;
mod notices;
mod resources;
mod stream;
mod transport;
