//! What a Python node makes of a node of ours that denies it, or asks it to wait: nothing worse than that
//! it is not heard.

use koi_tests::{Kind, Node, NodeBuilder, Peer, PeerBuilder, Port, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{PERSONALITY, personality};

/// A coordinator of ours that is started again and again, and a Python node that knows it.
struct Pair {
    producer: Peer,
    hub: Option<Node>,
    port: Port,
    folder: TempDir,
}

impl Pair {
    async fn meet() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::keep();
        let hub = builder(&folder, &port).start();
        hub.install("agent-personality");
        let producer = PeerBuilder::new(Kind::Full, "producer", folder.path())
            .provides(PERSONALITY)
            .interest("orn:koi-net.node")
            .first_contact(&hub.rid, &hub.koi_url)
            .start();
        producer.is_subscribed_by(&hub.rid, PERSONALITY).await;
        Self {
            producer,
            hub: Some(hub),
            port,
            folder,
        }
    }

    /// Starts the node of ours again, with something in its environment.
    fn again(&mut self, variables: &[(&str, &str)]) -> &Node {
        let before = self.hub.take().unwrap();
        assert_eq!(before.process.terminate(), Some(0));
        let builder = variables.iter().fold(
            builder(&self.folder, &self.port),
            |builder, (name, value)| builder.env(name, value),
        );
        self.hub.insert(builder.start())
    }

    async fn push(&self, number: usize) -> String {
        let rid = format!("orn:agent.personality:nr{number}/1.0");
        let contents: Value = personality(&rid, json!([]));
        self.producer.push(&rid, contents).await;
        rid
    }
}

fn builder(folder: &TempDir, port: &Port) -> NodeBuilder {
    let listen = port.address().to_string();
    NodeBuilder::new("hub", &folder.path().join("hub")).args([
        "--role",
        "coordinator",
        "--koi-listen",
        &listen,
    ])
}

#[tokio::test]
async fn a_python_node_that_is_denied_lives_on_and_is_heard_again_when_it_is_not() {
    let mut pair = Pair::meet().await;
    let deny = format!(r#"[{{node="{}"}}]"#, pair.producer.rid);
    pair.again(&[("KOI_MCP_KOI__TRUST__DENY", &deny)]);
    let unheard = pair.push(1).await;
    let hub = pair.hub.as_ref().unwrap();
    eventually("the refusal in the log", async || {
        hub.log()
            .contains("this node does not deal with")
            .then_some(())
    })
    .await;
    assert!(hub.read(&unheard).is_none());
    pair.again(&[]);
    // What it could not deliver it sends with the next that it has to say.
    let heard = pair.push(2).await;
    let hub = pair.hub.as_ref().unwrap();
    for rid in [&heard, &unheard] {
        eventually(&format!("{rid} at the hub"), async || hub.read(rid)).await;
    }
}

#[tokio::test]
async fn a_python_node_that_may_not_tell_a_type_tells_the_others() {
    let mut pair = Pair::meet().await;
    let deny = format!(
        r#"[{{node="{}", rid_types=["{PERSONALITY}"], direction="from"}}]"#,
        pair.producer.rid
    );
    pair.again(&[("KOI_MCP_KOI__TRUST__DENY", &deny)]);
    let unheard = pair.push(1).await;
    let hub = pair.hub.as_ref().unwrap();
    eventually("what was kept out in the log", async || {
        let log = hub.log();
        let mut lines = log.lines();
        lines
            .any(|line| line.contains("kept out") && line.contains(&unheard))
            .then_some(())
    })
    .await;
    assert!(hub.read(&unheard).is_none());
    assert!(hub.read(&pair.producer.rid).is_some());
}

#[tokio::test]
async fn a_python_node_that_is_asked_to_wait_lives_on_and_loses_nothing() {
    let mut pair = Pair::meet().await;
    pair.again(&[("KOI_MCP_KOI__LIMITS__EVENTS", "1")]);
    let mut rids = Vec::new();
    for number in 0..40 {
        rids.push(pair.push(number).await);
    }
    let hub = pair.hub.as_ref().unwrap();
    eventually("that it took too much in the log", async || {
        hub.log().contains("takes more than it may").then_some(())
    })
    .await;
    // It keeps what it could not deliver, and tries again when it has something new.
    let mut number = rids.len();
    while rids.iter().any(|rid| hub.read(rid).is_none()) {
        assert!(number < 200, "the node does not hear what is left");
        pair.push(number).await;
        number += 1;
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    }
}
