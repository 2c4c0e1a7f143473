//! What clients of others see of a node whose tools, resources and notices come from extensions: the
//! official TypeScript client and the Inspector, in both eras, over HTTP and stdio. The Python client
//! has its tests with the Python nodes.

// Tests stop at the first thing that is not as it should be.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod inspector;
mod typescript;

use koi_tests::{Node, NodeBuilder};
use tempfile::TempDir;

fn node(folder: &TempDir) -> Node {
    let node = NodeBuilder::new("clients", &folder.path().join("node")).start();
    node.install("mcp-conformance");
    node
}
