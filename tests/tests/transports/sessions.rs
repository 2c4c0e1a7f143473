//! Sessions of the legacy era over a restart of the node.

use koi_tests::{McpClient, Mode, Transport, free_port};

use crate::{BOB, builder, publish_bob};

#[test]
fn a_connected_client_does_not_notice_that_the_node_was_killed_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let listen = format!("127.0.0.1:{}", free_port());
    let start = || builder(&folder).args(["--mcp-listen", &listen]).start();
    let node = start();
    node.install("agent-personality");
    publish_bob(&node, folder.path(), "calm");
    // One that finds out what the server speaks does the same in the modern era, without a session.
    let mut client = McpClient::connect(&node, (Mode::Legacy, Transport::Http));
    client.subscribe(BOB);
    assert_eq!(client.read(BOB)["traits"][0]["value"], "calm");
    node.process.kill();

    let node = start();
    assert_eq!(client.read(BOB)["traits"][0]["value"], "calm");
    client.ignore_news();
    node.install("echo");
    client.is_told_of_tool("echo");
    // It was told once that anything may have changed; what comes now is news.
    client.is_told_of_update(BOB);
    client.ignore_news();
    publish_bob(&node, folder.path(), "grumpy");
    client.is_told_of_update(BOB);
    assert_eq!(client.read(BOB)["traits"][0]["value"], "grumpy");
    assert_eq!(client.leave(), Some(0));
    assert_eq!(node.process.terminate(), Some(0));
}
