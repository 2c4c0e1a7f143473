//! A node of ours and a Python node that provide the same RID type and subscribe to each other.

use koi_rid::Rid;
use koi_tests::{Kind, Node, NodeBuilder, Peer, PeerBuilder, Port, Version, eventually, free_port};
use serde_json::{Value, json};
use tempfile::TempDir;

const NODE: &str = "orn:koi-net.node";
pub const TERM: &str = "orn:glossary.term";

/// The RID of a term.
pub fn rid(term: &str) -> String {
    format!("{TERM}:{term}")
}

/// The RID of an edge.
pub fn edge_rid(source: &str, target: &str) -> String {
    let node = |text| Rid::parse(text).unwrap();
    koi_wire::edge_rid(&node(source), &node(target)).to_string()
}

fn definition(term: &str, meaning: &str) -> Value {
    json!({"term": term, "meaning": meaning})
}

/// What the two are, and how each is started.
struct Plan {
    rust: Kind,
    python: Kind,
    version: Version,
    folder: TempDir,
    /// A node is started again where it was.
    rust_port: Port,
    python_port: u16,
}

impl Plan {
    fn node(&self, first_contact: Option<(&str, &str)>) -> Node {
        let listen = self.rust_port.address().to_string();
        let role = match self.rust {
            Kind::Coordinator => "coordinator",
            Kind::Full | Kind::Partial => "producer",
        };
        let mut node = NodeBuilder::new("rust", &self.folder.path().join("rust"))
            .args(["--role", role, "--koi-listen", &listen])
            .env("KOI_MCP_KOI__POLL_INTERVAL", "200");
        if let Some((rid, url)) = first_contact {
            node = node.args(["--first-contact", url, "--first-contact-rid", rid]);
        }
        if self.rust == Kind::Partial {
            node = node.args(["--kind", "partial"]);
        }
        node.start()
    }

    fn peer(&self, first_contact: Option<(&str, &str)>) -> Peer {
        let mut peer = PeerBuilder::of(self.version, self.python, "python", self.folder.path())
            .provides(TERM)
            .interest(NODE)
            .interest(TERM);
        if self.python != Kind::Partial {
            peer = peer.port(self.python_port);
        }
        if let Some((rid, url)) = first_contact {
            peer = peer.first_contact(rid, url);
        }
        peer.start()
    }
}

/// The two, running.
pub struct Pair {
    plan: Plan,
    pub node: Node,
    pub peer: Peer,
    /// Through whom they have met, where neither is a coordinator.
    hub: Option<Node>,
}

impl Pair {
    /// Starts both, each subscribed to the other.
    pub async fn start(rust: Kind, python: Kind, version: Version) -> Self {
        let pair = Self::begin(rust, python, version, &[]);
        pair.meet().await;
        pair
    }

    /// Starts both; before they meet ours has some terms, in an order in which they are published.
    pub fn begin(rust: Kind, python: Kind, version: Version, terms: &[Value]) -> Self {
        let plan = Plan {
            rust,
            python,
            version,
            folder: tempfile::tempdir().unwrap(),
            rust_port: Port::keep(),
            python_port: free_port(),
        };
        let mut hub = None;
        let (node, peer) = if python == Kind::Coordinator {
            let peer = plan.peer(None);
            let node = plan.node(Some((&peer.rid, &peer.base_url)));
            provide(&node, terms);
            (node, peer)
        } else if rust == Kind::Coordinator {
            let node = plan.node(None);
            provide(&node, terms);
            let peer = plan.peer(Some((&node.rid, &node.koi_url)));
            (node, peer)
        } else {
            let met_through = NodeBuilder::new("hub", &plan.folder.path().join("hub"))
                .args(["--role", "coordinator"])
                .start();
            let contact = Some((&*met_through.rid, &*met_through.koi_url));
            let node = plan.node(contact);
            provide(&node, terms);
            let peer = plan.peer(contact);
            hub = Some(met_through);
            (node, peer)
        };
        Self {
            plan,
            node,
            peer,
            hub,
        }
    }

    /// Waits until each has the other's approval.
    pub async fn meet(&self) {
        self.peer.is_subscribed_by(&self.node.rid, TERM).await;
        if self.plan.rust == Kind::Partial {
            // The reference subscribes to no partial node by itself.
            self.python_proposes(&[TERM]).await;
        }
        self.peer.subscribes_to(&self.node.rid, TERM).await;
    }

    /// Makes the Python node propose to be told by ours of some types.
    pub async fn python_proposes(&self, rid_types: &[&str]) {
        let edge_type = match self.plan.python {
            Kind::Partial => "POLL",
            Kind::Coordinator | Kind::Full => "WEBHOOK",
        };
        let edge = json!({
            "source": self.node.rid, "target": self.peer.rid, "edge_type": edge_type,
            "status": "PROPOSED", "rid_types": rid_types,
        });
        self.peer
            .push(&edge_rid(&self.node.rid, &self.peer.rid), edge)
            .await;
    }

    /// Ours defines a term.
    pub fn defines(&self, term: &str, meaning: &str) {
        let arguments = definition(term, meaning).to_string();
        let outcome = self
            .node
            .json(&["call", "define_term", "--args", &arguments]);
        assert!(outcome["isError"] != true, "{outcome}");
    }

    /// Python defines a term.
    pub async fn python_defines(&self, term: &str, meaning: &str) {
        self.peer.push(&rid(term), definition(term, meaning)).await;
    }

    /// Waits for what a term means on our side.
    pub async fn knows(&self, term: &str, meaning: &str) {
        eventually(&format!("{term} as {meaning} in ours"), async || {
            let stored = self.node.read(&rid(term))?;
            (stored["contents"]["meaning"] == meaning).then_some(())
        })
        .await;
    }

    /// Waits for what a term means on the other.
    pub async fn python_knows(&self, term: &str, meaning: &str) {
        eventually(&format!("{term} as {meaning} in Python"), async || {
            let stored = self.peer.bundle(&rid(term)).await?;
            (stored["contents"]["meaning"] == meaning).then_some(())
        })
        .await;
    }

    /// News, a change and a farewell, both ways at once.
    pub async fn exchange(&self) {
        let to_python = async {
            for meaning in ["first", "second"] {
                self.defines("ours", meaning);
                self.python_knows("ours", meaning).await;
            }
            assert!(
                self.node
                    .command(&["forget", &rid("ours")])
                    .status
                    .success()
            );
            self.peer.loses(&rid("ours")).await;
        };
        let to_rust = async {
            for meaning in ["first", "second"] {
                self.python_defines("theirs", meaning).await;
                self.knows("theirs", meaning).await;
            }
            self.peer.forget(&rid("theirs")).await;
            eventually("their term gone from ours", async || {
                self.node.read(&rid("theirs")).is_none().then_some(())
            })
            .await;
        };
        tokio::join!(to_python, to_rust);
    }

    /// One term each way.
    pub async fn greet(&self, occasion: &str) {
        let (ours, theirs) = (format!("{occasion}-ours"), format!("{occasion}-theirs"));
        self.defines(&ours, "hello");
        self.python_defines(&theirs, "hello").await;
        tokio::join!(
            self.python_knows(&ours, "hello"),
            self.knows(&theirs, "hello")
        );
    }

    /// Ends the Python node, lets something happen on ours, and starts it again.
    pub async fn python_restarts(self, meanwhile: impl FnOnce(&Node)) -> Self {
        let Self {
            plan,
            node,
            peer,
            hub,
        } = self;
        let contact = contact_of(&plan, &node, hub.as_ref());
        assert_eq!(peer.process.terminate(), Some(0));
        meanwhile(&node);
        let contact = contact.as_ref().map(|(rid, url)| (&**rid, &**url));
        let peer = plan.peer(contact);
        Self {
            plan,
            node,
            peer,
            hub,
        }
    }

    /// Kills our node, lets something happen on the other, and starts ours again.
    pub async fn rust_returns(self, meanwhile: impl AsyncFnOnce(&Peer)) -> Self {
        let Self {
            plan,
            node,
            peer,
            hub,
        } = self;
        node.process.kill();
        meanwhile(&peer).await;
        let contact = match &hub {
            Some(hub) => Some((&*hub.rid, &*hub.koi_url)),
            None if plan.python == Kind::Coordinator => Some((&*peer.rid, &*peer.base_url)),
            None => None,
        };
        let node = plan.node(contact);
        Self {
            plan,
            node,
            peer,
            hub,
        }
    }

    /// Whether the Python node's server would be told by ours, and so notices when that is away.
    pub fn is_pushed_to(&self) -> bool {
        self.plan.rust != Kind::Partial
    }

    /// Whether the Python node is a coordinator, which fetches the edges of others.
    pub fn is_python_coordinator(&self) -> bool {
        self.plan.python == Kind::Coordinator
    }

    /// Whether the Python node can be asked for what it has.
    pub fn can_be_asked(&self) -> bool {
        self.plan.python != Kind::Partial
    }
}

fn contact_of(plan: &Plan, node: &Node, hub: Option<&Node>) -> Option<(String, String)> {
    let through = match hub {
        Some(hub) => hub,
        None if plan.python == Kind::Coordinator => return None,
        None => node,
    };
    Some((through.rid.clone(), through.koi_url.clone()))
}

/// Makes a node provide terms, and have some.
fn provide(node: &Node, terms: &[Value]) {
    node.install("first-extension");
    if terms.is_empty() {
        return;
    }
    let file = node.data_dir.with_extension("json");
    std::fs::write(&file, Value::from(terms).to_string()).unwrap();
    node.json(&["publish", file.to_str().unwrap()]);
}
