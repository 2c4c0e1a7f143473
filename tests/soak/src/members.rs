//! The nodes of a network that are killed and started again: a hub, two nodes of ours that subscribe to it,
//! and a Python node that does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use koi_rid::Rid;
use koi_store::postgres::Settings;
use koi_tests::{Kind, Node, NodeBuilder, Peer, PeerBuilder, Port, Sender, eventually};
use serde_json::Value;

use crate::koi_net::Known;
use crate::random::Random;

/// What all of them know of.
pub const RID_TYPE: &str = "orn:agent.personality";

const HUB: usize = 0;
const NAMES: [&str; 3] = ["hub", "left", "right"];

/// Of so many kills, so many are of the hub and one of the Python node; the others have the rest.
const KILLS: usize = 10;
const OF_HUB: usize = 6;

/// How many objects of the Python node are looked at.
const SAMPLE: usize = 200;

/// A node of ours and how it is started.
struct Member {
    name: &'static str,
    folder: PathBuf,
    /// Kept, since the others remember where it is.
    port: Port,
    contact: Option<String>,
    store: Option<Settings>,
    node: Option<Node>,
}

impl Member {
    fn start(&mut self) -> &Node {
        let listen = self.port.address().to_string();
        let mut builder = NodeBuilder::new(self.name, &self.folder.join(self.name))
            .args(["--koi-listen", &listen])
            .env("KOI_MCP_LOG__LEVEL", "warn");
        if let Some(contact) = &self.contact {
            // Were they to provide the type too, they would pass on what they hear, and a FORGET, which
            // has no time, could come after what it forgets has come into being again.
            builder = builder.args(["--first-contact", contact, "--role", "consumer"]);
        }
        if let Some(store) = &self.store {
            builder = builder
                .env("KOI_MCP_STORE__URL", &store.url)
                .env("KOI_MCP_STORE__SCHEMA", store.schema.as_deref().unwrap());
        }
        self.node.insert(builder.start())
    }

    fn node(&self) -> &Node {
        self.node.as_ref().unwrap()
    }
}

/// All of them.
pub struct Members {
    ours: Vec<Member>,
    python: Option<Peer>,
    python_port: Port,
    folder: PathBuf,
    http: reqwest::Client,
}

impl Members {
    /// Starts them; when this returns, each subscribes to the hub.
    pub async fn start(folder: &Path, store: Option<Settings>) -> Self {
        let mut members = Self {
            ours: Vec::new(),
            python: None,
            python_port: Port::keep(),
            folder: folder.to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        for name in NAMES {
            let mut member = Member {
                name,
                folder: folder.to_owned(),
                port: Port::keep(),
                contact: members.ours.first().map(|hub| hub.node().koi_url.clone()),
                store: store.clone().filter(|_| members.ours.is_empty()),
                node: None,
            };
            member.start().install("agent-personality");
            members.ours.push(member);
        }
        members.start_python();
        members.are_subscribed().await;
        members
    }

    async fn are_subscribed(&self) {
        let hub = self.ours[HUB].node();
        for member in &self.ours[HUB + 1..] {
            let subscriber = &member.node().rid;
            eventually(&format!("{} as a subscriber", member.name), async || {
                let edges = hub.json(&["network", "edges"]);
                let approved = edges.as_array()?.iter().any(|edge| {
                    edge["source"] == hub.rid
                        && edge["target"] == *subscriber
                        && edge["status"] == "APPROVED"
                });
                approved.then_some(())
            })
            .await;
        }
        self.python().subscribes_to(&hub.rid, RID_TYPE).await;
    }

    fn start_python(&mut self) {
        let hub = self.ours[HUB].node();
        let python = PeerBuilder::new(Kind::Full, "python", &self.folder)
            .port(self.python_port.address().port())
            .interest(RID_TYPE)
            .first_contact(&hub.rid, &hub.koi_url)
            .start();
        self.python = Some(python);
    }

    fn python(&self) -> &Peer {
        self.python.as_ref().unwrap()
    }

    /// Kills one of them at random, or ends the Python node, and starts it again; who it was.
    pub fn kill_one(&mut self, random: &mut Random) -> &'static str {
        tokio::task::block_in_place(|| {
            let which = match random.below(KILLS) {
                0 => {
                    self.restart_python();
                    return "python";
                }
                number if number <= OF_HUB => HUB,
                number => HUB + 1 + number % 2,
            };
            let member = &mut self.ours[which];
            if let Some(node) = member.node.take() {
                node.process.kill();
            }
            member.start();
            member.name
        })
    }

    /// Ends the Python node and starts it again, whereupon it catches up. It is asked to end: a file of
    /// its cache that is cut off in the middle keeps it from starting, and is for it to mend.
    pub fn restart_python(&mut self) {
        if let Some(python) = self.python.take() {
            python.process.terminate();
        }
        self.start_python();
    }

    /// The hub's RID.
    pub fn hub_rid(&self) -> String {
        self.ours[HUB].node().rid.clone()
    }

    /// The base URL of the hub, which stays the same.
    pub fn hub_url(&self) -> String {
        self.ours[HUB].node().koi_url.clone()
    }

    /// Whether the hub knows a sender.
    pub async fn knows(&self, sender: &Sender) -> Option<Value> {
        self.ours[HUB].node().read(sender.rid().as_str())
    }

    /// What each node of ours has.
    pub async fn known(&self) -> Result<Vec<(&'static str, Known)>> {
        let mut all = Vec::new();
        for member in &self.ours {
            all.push((member.name, self.known_by(member.node()).await?));
        }
        Ok(all)
    }

    async fn known_by(&self, node: &Node) -> Result<Known> {
        let token = std::fs::read_to_string(node.data_dir.join("admin.token"))?;
        let mut known = Known::new();
        let mut cursor = None::<String>;
        loop {
            let mut request = self
                .http
                .get(format!("{}/v1/bundles/query", node.admin_url))
                .bearer_auth(token.trim())
                .query(&[("rid_type", RID_TYPE), ("limit", "1000")]);
            if let Some(cursor) = &cursor {
                request = request.query(&[("cursor", cursor)]);
            }
            let page: Value = request.send().await?.error_for_status()?.json().await?;
            for bundle in page["bundles"].as_array().context("a page of bundles")? {
                let text = |member: &str| bundle["manifest"][member].as_str().unwrap_or_default();
                known.insert(Rid::parse(text("rid"))?, text("sha256_hash").to_owned());
            }
            match page["next"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Ok(known),
            }
        }
    }

    /// The RIDs in the Python node's cache.
    pub async fn known_in_python(&self) -> Result<BTreeSet<Rid>> {
        let state = self.python().state().await;
        let cache = state["cache"]
            .as_array()
            .context("the cache of the Python node")?;
        let rids = cache.iter().filter_map(Value::as_str);
        rids.filter(|rid| rid.starts_with(RID_TYPE))
            .map(|rid| Ok(Rid::parse(rid)?))
            .collect()
    }

    /// How many objects of a sample the Python node has in an older form than that.
    pub async fn stale_in_python(&self, told: &Known) -> Result<usize> {
        let mut stale = 0;
        for (rid, hash) in told.iter().step_by((told.len() / SAMPLE).max(1)) {
            let bundle = self.python().bundle(rid.as_str()).await;
            let bundle = bundle.context("an object of the Python node")?;
            stale += usize::from(bundle["manifest"]["sha256_hash"] != **hash);
        }
        Ok(stale)
    }

    /// How many objects were given up by the nodes of ours.
    pub fn dead_letters(&self) -> usize {
        let letters = |member: &Member| member.node().dead_letters().len();
        self.ours.iter().map(letters).sum()
    }
}
