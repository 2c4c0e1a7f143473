//! Whole nodes in one process, over loopback, each with a store of its own and fake extensions.

#[path = "../../../../pipeline/tests/support/extension.rs"]
mod extension;
pub mod raw;
pub mod switch;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use extension::{FakeLoader, unchanged};
use koi_net::{Border, FirstContact, Identity, Kind, Net, NetNode, NetParts, Role, base_url};
use koi_pipeline::{
    Change, Intake, Lifetimes, Pipeline, PipelineParts, Retry, forgetting, knowledge, publication,
};
use koi_registry::{GrantRequest, Install, Naming, Registry, RegistryParts};
use koi_rid::{Contents, EventType, Rid};
use koi_runtime::Limits;
use koi_runtime::ports::{CallContext, CallKind, Knowledge, Neighbour, Network};
use koi_store::Stores;
use koi_wire::{EdgeProfile, EdgeStatus, edge_rid};
use serde_json::{Map, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::broadcast;

pub const NOTE: &str = "orn:test.note:1";

/// Long enough for a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn rid(text: &str) -> Rid {
    Rid::parse(text).unwrap()
}

/// How a node is started.
pub struct Plan {
    pub name: String,
    pub role: Role,
    pub first_contact: Option<FirstContact>,
    pub partial: bool,
    /// Where it says that it is, if not where it listens.
    pub announced: Option<String>,
    /// RID types of an extension that is installed from the start.
    pub owns: Vec<&'static str>,
    /// How it meets other nodes.
    pub border: Border,
    pub lifetimes: Lifetimes,
}

impl Plan {
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self {
            name: name.into(),
            role,
            first_contact: None,
            partial: false,
            announced: None,
            owns: vec!["orn:test.note"],
            border: Border::default(),
            lifetimes: Lifetimes::default(),
        }
    }

    pub fn owning(self, owns: &[&'static str]) -> Self {
        Self {
            owns: owns.to_vec(),
            ..self
        }
    }

    pub fn with(self, border: Border) -> Self {
        Self { border, ..self }
    }

    /// Without a server, and asking often.
    pub fn partial(self) -> Self {
        Self {
            partial: true,
            ..self
        }
    }

    /// Notes are kept for so many seconds.
    pub fn keeping_for(self, seconds: u64) -> Self {
        let lifetime = (rid(NOTE).rid_type(), Duration::from_secs(seconds));
        Self {
            lifetimes: Lifetimes::new([lifetime].into()),
            ..self
        }
    }

    pub fn through(self, node: &Node) -> Self {
        let first_contact = FirstContact {
            url: node.net_node.base_url().unwrap().to_owned(),
            rid: Some(node.rid().clone()),
        };
        Self {
            first_contact: Some(first_contact),
            ..self
        }
    }

    pub async fn start(self) -> Node {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Node::start(self, folder, listener).await
    }
}

/// A running node.
pub struct Node {
    pub plan: Plan,
    pub folder: TempDir,
    pub address: SocketAddr,
    pub stores: Stores,
    pub intake: Intake,
    pub registry: Registry,
    pub pipeline: Pipeline,
    pub net_node: NetNode,
    pub network: Arc<dyn Network>,
    pub knowledge: Arc<dyn Knowledge>,
    /// Subscribed before anything happened.
    pub changes: broadcast::Receiver<Change>,
}

fn description(owns: &[&str]) -> String {
    let name = owns[0].replace([':', '.'], "-");
    json!({
        "name": name,
        "version": "1.0.0",
        "rid-types": owns.iter().map(|rid_type| json!({"rid-type": rid_type})).collect::<Vec<_>>(),
        "handlers": [{"phase": "bundle", "rid-types": owns}],
    })
    .to_string()
}

impl Node {
    pub async fn start(plan: Plan, folder: TempDir, listener: TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        let stores = koi_store::sqlite::open(&folder.path().join("store.db")).unwrap();
        let intake = Intake::new(&stores, 1000, 1000);
        let identity = Identity::load_or_create(folder.path(), &plan.name).unwrap();
        let net = Net::open(NetParts {
            identity,
            stores: stores.clone(),
            intake: intake.clone(),
            role: plan.role,
            kind: if plan.partial {
                let poll_every = Duration::from_millis(100);
                Kind::Partial { poll_every }
            } else {
                let base_url = plan.announced.clone().unwrap_or_else(|| base_url(address));
                Kind::Full { base_url }
            },
            first_contact: plan.first_contact.clone(),
            border: plan.border.clone(),
            lifetimes: plan.lifetimes.clone(),
        })
        .await
        .unwrap();
        let knowledge = knowledge(&stores, &intake, net.fetch(), net.rid().clone());
        let registry = Registry::open(RegistryParts {
            loader: Arc::new(FakeLoader {
                broken: Arc::default(),
                behaviour: unchanged(),
            }),
            extensions: stores.extensions.clone(),
            vault: Arc::default(),
            key_value: stores.key_value.clone(),
            saved_states: stores.saved_states.clone(),
            knowledge: knowledge.clone(),
            network: net.network(),
            settings: BTreeMap::new(),
            signatures: Default::default(),
            limits: Limits::default(),
            save_every: std::num::NonZero::<u32>::MIN,
            watch: koi_registry::WatchOptions::default(),
            keep: 10,
        })
        .await
        .unwrap();
        if !plan.owns.is_empty() && registry.snapshot().extensions.is_empty() {
            install(&registry, &plan.owns).await;
        }
        let pipeline = Pipeline::start(PipelineParts {
            stores: stores.clone(),
            intake: intake.clone(),
            registry: registry.clone(),
            node_rid: net.rid().clone(),
            host_handlers: net.host_handlers(&registry),
            fetch: net.fetch(),
            workers: 16,
            retry: Retry {
                times: 3,
                first: Duration::from_millis(100),
                growth: 1.5,
            },
            lifetimes: plan.lifetimes.clone(),
        })
        .await
        .unwrap();
        let changes = pipeline.changes();
        let listener = Some(listener).filter(|_| !plan.partial);
        let net_node = net.start(listener, &registry, &pipeline).await.unwrap();
        let network = net.network();
        Self {
            plan,
            folder,
            address,
            stores,
            intake,
            registry,
            pipeline,
            net_node,
            network,
            knowledge,
            changes,
        }
    }

    /// Stops it and gives what is needed to start it again.
    pub async fn stop(self) -> (Plan, TempDir, SocketAddr) {
        self.net_node.shutdown(Duration::from_secs(5)).await;
        self.pipeline.drain(Duration::from_secs(5)).await;
        (self.plan, self.folder, self.address)
    }

    /// Starts a stopped one at the same address.
    pub async fn again((plan, folder, address): (Plan, TempDir, SocketAddr)) -> Self {
        Self::start(plan, folder, TcpListener::bind(address).await.unwrap()).await
    }

    pub fn rid(&self) -> &Rid {
        self.net_node.rid()
    }

    pub async fn install(&self, owns: &[&str]) {
        install(&self.registry, owns).await;
    }

    pub async fn uninstall(&self, extension: &str) {
        self.registry.remove(extension, "operator").await.unwrap();
    }

    /// Publishes a note.
    pub async fn publish(&self, text: &str, title: &str) {
        let contents = Contents::from_serialize(&json!({ "title": title })).unwrap();
        self.intake
            .publish(vec![publication(rid(text), contents)])
            .await
            .unwrap();
    }

    pub async fn forget(&self, text: &str) {
        self.intake
            .publish(vec![forgetting(rid(text))])
            .await
            .unwrap();
    }

    pub async fn title(&self, text: &str) -> Option<String> {
        let stored = self.stores.bundles.read(&rid(text)).await.unwrap()?;
        let contents: serde_json::Value = stored.bundle.contents.to().unwrap();
        Some(contents["title"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until a condition on this node holds, looking again after each change of what it has.
    pub async fn until(&self, what: &str, condition: impl AsyncFn(&Self) -> bool) {
        let mut changes = self.pipeline.changes();
        let waiting = async {
            while !condition(self).await {
                // Having missed some is news, too.
                let _ = changes.recv().await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!(
                "{} waited in vain: {what}\n{}",
                self.plan.name,
                self.picture().await
            );
        }
    }

    /// Waits for the title that is stored under a RID.
    pub async fn has(&self, text: &str, title: Option<&str>) {
        let what = format!("{text} with the title {title:?}");
        self.until(&what, async |node| {
            node.title(text).await.as_deref() == title
        })
        .await;
    }

    /// Waits until this node has its subscription to another approved.
    pub async fn subscribed_to(&self, provider: &Rid) {
        let what = format!("an approved edge from {provider}");
        self.until(&what, async |node| {
            node.edge(provider, node.rid()).await.is_some_and(approved)
        })
        .await;
    }

    /// Waits until another node is known here.
    pub async fn knows(&self, other: &Rid) {
        let what = format!("the profile of {other}");
        self.until(&what, async |node| {
            node.stores.bundles.read(other).await.unwrap().is_some()
        })
        .await;
    }

    pub async fn edge(&self, source: &Rid, target: &Rid) -> Option<EdgeProfile> {
        let stored = self
            .stores
            .bundles
            .read(&edge_rid(source, target))
            .await
            .unwrap()?;
        Some(EdgeProfile::parse(&stored.bundle.contents).unwrap())
    }

    pub async fn neighbours(&self) -> Vec<Neighbour> {
        self.network.neighbours(&call()).await.unwrap()
    }

    /// The next change of a RID.
    pub async fn next_change(&mut self, text: &str) -> EventType {
        let wanted = rid(text);
        let waiting = async {
            loop {
                let change = self.changes.recv().await.unwrap();
                if change.rid == wanted {
                    return change.event_type;
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap()
    }

    /// What a person would want to see when a test fails.
    async fn picture(&self) -> String {
        let query = koi_store::BundleQuery {
            limit: 100,
            ..Default::default()
        };
        let rids = self.stores.bundles.rids(&query).await.unwrap().items;
        let letters = self.stores.dead_letters.list(None, 20).await.unwrap().items;
        let letters: Vec<_> = letters
            .iter()
            .map(|l| (&l.arrival.rid, &l.reason))
            .collect();
        let mut outbox = Vec::new();
        for peer in self.stores.outbox.peers().await.unwrap() {
            outbox.push((
                peer.clone(),
                self.stores.outbox.len(Some(&peer)).await.unwrap(),
            ));
        }
        format!(
            "stored: {:#?}\ndead letters: {letters:#?}\noutbox: {outbox:#?}\nneighbours: {:#?}",
            rids,
            self.neighbours().await
        )
    }
}

fn approved(edge: EdgeProfile) -> bool {
    edge.status == EdgeStatus::Approved
}

async fn install(registry: &Registry, owns: &[&str]) {
    let install = Install {
        component: description(owns).into_bytes(),
        grants: GrantRequest::AsAsked,
        settings: Map::new(),
        source: "test".to_owned(),
        learn: false,
        tool_prefix: None,
        naming: Naming::Own,
        who: "operator".to_owned(),
    };
    registry.install(install).await.unwrap();
}

pub fn call() -> CallContext {
    CallContext {
        extension: "test".into(),
        revision: 1,
        digest: "ab".repeat(32).into(),
        correlation: "test".into(),
        kind: CallKind::Tool,
        principal: None,
        cause: None,
        depth: 0,
    }
}

/// A free port with nobody on it.
pub async fn vacant() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

pub fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The identity that a node of this name has, or will have, in a folder.
pub fn identity(folder: &Path, name: &str) -> Identity {
    Identity::load_or_create(folder, name).unwrap()
}
