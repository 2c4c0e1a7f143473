//! Real Python peers: koi-net nodes.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::{Process, eventually, free_port, repository, tool};

/// What a Python node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A full node with the handshake handler.
    Coordinator,
    /// A full node.
    Full,
    /// A node without a server, which polls.
    Partial,
}

/// Of which version a Python node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 2.1.2, with rid-lib 3.3.0.
    Current,
    /// 2.0.7, with rid-lib 3.2.16.
    V2_0_7,
    /// 1.3.2, with rid-lib 3.2.16. It cannot be a coordinator.
    V1_3_2,
}

impl Version {
    /// The name of its environment.
    fn environment(self) -> &'static str {
        match self {
            Self::Current => "koi-net",
            Self::V2_0_7 => "koi-net-2.0.7",
            Self::V1_3_2 => "koi-net-1.3.2",
        }
    }
}

/// How to start a Python node.
#[derive(Debug)]
pub struct PeerBuilder {
    command: Command,
    name: String,
}

/// A running Python node.
#[derive(Debug)]
pub struct Peer {
    /// Its process.
    pub process: Process,
    /// Its RID.
    pub rid: String,
    /// Base URL of its server; empty for a partial node.
    pub base_url: String,
    /// Its public key.
    pub public_key: String,
    control: String,
    http: reqwest::Client,
}

impl PeerBuilder {
    /// A node of the current version on a folder of its own below `folder`.
    #[must_use]
    pub fn new(kind: Kind, name: &str, folder: &Path) -> Self {
        Self::of(Version::Current, kind, name, folder)
    }

    /// A node of some version.
    #[must_use]
    pub fn of(version: Version, kind: Kind, name: &str, folder: &Path) -> Self {
        let python = format!("{}/bin/python", version.environment());
        let mut command = Command::new(tool(&python));
        command
            .arg(repository().join("tests/peers/koi_peer.py"))
            .args(["--name", name, "--control-port", "0", "--dir"])
            .arg(folder.join(name))
            .args([
                "--kind",
                match kind {
                    Kind::Coordinator => "coordinator",
                    Kind::Full => "full",
                    Kind::Partial => "partial",
                },
            ]);
        match kind {
            Kind::Partial => command.args(["--poll-interval", "1"]),
            // If somebody else has taken the port by then, the node finds another one.
            Kind::Coordinator | Kind::Full => command.args(["--port", &free_port().to_string()]),
        };
        Self {
            command,
            name: name.to_owned(),
        }
    }

    /// The node to contact first.
    #[must_use]
    pub fn first_contact(mut self, rid: &str, url: &str) -> Self {
        self.command
            .args(["--first-contact-rid", rid, "--first-contact-url", url]);
        self
    }

    /// The port of its server, in place of some free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.command.args(["--port", &port.to_string()]);
        self
    }

    /// A RID type that it provides, as events and as state.
    #[must_use]
    pub fn provides(mut self, rid_type: &str) -> Self {
        self.command
            .args(["--provides-event", rid_type, "--provides-state", rid_type]);
        self
    }

    /// A RID type that it wants to hear of.
    #[must_use]
    pub fn interest(mut self, rid_type: &str) -> Self {
        self.command.args(["--interest", rid_type]);
        self
    }

    /// Further environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// If it does not become ready.
    #[must_use]
    pub fn start(self) -> Peer {
        let (process, ready) = Process::start_python(&self.command, true);
        assert_eq!(ready["event"], "ready", "{}: {ready}", self.name);
        let text = |member: &str| ready[member].as_str().unwrap_or_default().to_owned();
        Peer {
            process,
            rid: text("rid"),
            base_url: text("base_url"),
            public_key: text("public_key"),
            control: format!("http://127.0.0.1:{}", ready["control_port"]),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }
}

impl Peer {
    /// Puts knowledge of its own into its pipeline.
    pub async fn push(&self, rid: &str, contents: Value) {
        let body = json!({"rid": rid, "contents": contents});
        self.post("/push", &body).await;
    }

    /// Makes it forget a RID and tell its subscribers.
    pub async fn forget(&self, rid: &str) {
        self.post("/push_rid", &json!({"rid": rid, "event_type": "FORGET"}))
            .await;
    }

    async fn post(&self, path: &str, body: &Value) {
        let response = self
            .http
            .post(format!("{}{path}", self.control))
            .json(body)
            .send()
            .await;
        let response = response.unwrap();
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.text().await.unwrap()
        );
    }

    /// Its identity, cache, edges and neighbours.
    pub async fn state(&self) -> Value {
        self.http
            .get(format!("{}/state", self.control))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// A bundle of its cache.
    pub async fn bundle(&self, rid: &str) -> Option<Value> {
        let request = self
            .http
            .get(format!("{}/bundle", self.control))
            .query(&[("rid", rid)]);
        let response = request.send().await.unwrap();
        if !response.status().is_success() {
            return None;
        }
        response.json().await.unwrap()
    }

    /// Waits until a bundle is in its cache.
    pub async fn receives(&self, rid: &str) -> Value {
        eventually(&format!("{rid} in the cache of {}", self.rid), async || {
            self.bundle(rid).await
        })
        .await
    }

    /// Waits until a bundle is no longer in its cache.
    pub async fn loses(&self, rid: &str) {
        eventually(&format!("{rid} gone from {}", self.rid), async || {
            self.bundle(rid).await.is_none().then_some(())
        })
        .await;
    }

    /// Waits until the other node has approved this one's subscription to a RID type.
    pub async fn subscribes_to(&self, other: &str, rid_type: &str) {
        self.has_edge(other, &self.rid, rid_type).await;
    }

    /// Waits until this node has approved the other one's subscription to a RID type.
    pub async fn is_subscribed_by(&self, other: &str, rid_type: &str) {
        self.has_edge(&self.rid, other, rid_type).await;
    }

    async fn has_edge(&self, provider: &str, subscriber: &str, rid_type: &str) {
        eventually(
            &format!("an edge from {provider} to {subscriber}"),
            async || {
                let state = self.state().await;
                let approved = state["edges"].as_array()?.iter().any(|edge| {
                    edge["source"] == provider
                        && edge["target"] == subscriber
                        && edge["status"] == "APPROVED"
                        && edge["rid_types"]
                            .as_array()
                            .is_some_and(|all| all.iter().any(|each| each == rid_type))
                });
                approved.then_some(())
            },
        )
        .await;
    }
}
