//! A server over a real store and extensions that are plain Rust.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use koi_mcp_server::{Catalog, McpOptions, McpParts, McpServer};
use koi_pipeline::Change;
use koi_registry::{
    Access, Beside, Callee, Description, ExtensionEntry, Grants, Listed, Lists, RevisionInfo, Role,
    Snapshot, ToolPrefix,
};
use koi_rid::{Bundle, Contents, EventType, Rid, Timestamp};
use koi_store::{Batch, Op, Stores, Writer};
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};

use super::guest::Guest;

const PATIENCE: Duration = Duration::from_secs(20);
/// Nothing tells of a session that goes from memory.
const GLANCE: Duration = Duration::from_millis(5);

/// A tool without parameters.
pub fn tool(name: &str) -> Value {
    json!({ "name": name, "description": name, "inputSchema": { "type": "object" } })
}

/// What a test installs.
pub struct Extension {
    pub name: &'static str,
    pub tools: Vec<Value>,
    pub resources: Value,
    pub prompts: Value,
    pub rid_types: Vec<&'static str>,
    pub lists_depend_on: Vec<&'static str>,
}

impl Extension {
    /// The tools that [`Guest`] knows, the RID type `orn:test.note`, and resources `agent:…`.
    pub fn usual() -> Self {
        let mut tools: Vec<Value> = [
            "picture",
            "nonsense",
            "who",
            "steps",
            "wait",
            "hold",
            "says-no",
            "refuse",
            "later",
            "spin",
            "trap",
            "busy",
            "host",
            "ask-steps",
            "ask-twice",
            "ask-hold",
            "everything",
        ]
        .map(tool)
        .into();
        for (name, support) in [
            ("hold-ask", "optional"),
            ("hold-trap", "optional"),
            ("no-task", "forbidden"),
            ("only-task", "required"),
        ] {
            let mut tool = tool(name);
            tool["execution"] = json!({ "taskSupport": support });
            tools.push(tool);
        }
        tools.push(json!({
            "name": "ask",
            "title": "Ask",
            "description": "Asks its caller",
            "inputSchema": { "type": "object" },
            "annotations": { "readOnlyHint": true, "title": "Asks" },
            "icons": [{ "src": "https://example.com/ask.png", "mimeType": "image/png" }],
            "_meta": { "example.com/colour": "blue" },
        }));
        tools.push(json!({
            "name": "number", "description": "A number", "inputSchema": { "type": "object" },
            "outputSchema": { "type": "integer" },
        }));
        tools.push(json!({
            "name": "echo",
            "title": "Echo",
            "description": "Gives back what it is given",
            "inputSchema": {
                "type": "object",
                "properties": { "text": { "type": "string" } },
                "required": ["text"],
            },
            "outputSchema": { "type": "object" },
        }));
        let named = |name: &str| json!({ "uri": format!("agent:{name}"), "name": name });
        Self {
            name: "usual",
            tools,
            resources: json!({
                "resources": [
                    named("bob"), named("picture"), named("gone"), named("trap"), named("asks"),
                ],
                "templates": [{ "uriTemplate": "greeting:{name}", "name": "greeting" }],
            }),
            prompts: json!([
                { "name": "greet", "title": "Greet", "description": "A greeting", "arguments": [
                    { "name": "who", "description": "Whom", "required": true },
                    { "name": "how" },
                ]},
                { "name": "asks", "description": "Asks" },
                { "name": "broken", "description": "Is none" },
                { "name": "nobody", "description": "Fails" },
                { "name": "trap", "description": "Fails" },
            ]),
            rid_types: vec!["orn:test.note"],
            lists_depend_on: vec!["orn:test.note"],
        }
    }

    /// One that offers nothing but tools.
    pub fn of_tools(name: &'static str, tools: Vec<Value>) -> Self {
        Self {
            name,
            tools,
            resources: json!({}),
            prompts: json!([]),
            rid_types: Vec::new(),
            lists_depend_on: Vec::new(),
        }
    }
}

/// A registry whose snapshots a test makes.
struct Snapshots {
    newest: ArcSwap<Snapshot>,
    generations: watch::Sender<u64>,
}

impl Catalog for Snapshots {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.newest.load_full()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.generations.subscribe()
    }
}

/// A server and what it stands on.
pub struct Node {
    pub server: McpServer,
    stores: Stores,
    snapshots: Arc<Snapshots>,
    changes: broadcast::Sender<Change>,
    waiting: watch::Sender<bool>,
    asked: Arc<AtomicUsize>,
    _folder: tempfile::TempDir,
}

impl Node {
    /// With the usual extension.
    pub fn usual() -> Self {
        Self::with(McpOptions::default())
    }

    pub fn with(options: McpOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stores = koi_store::sqlite::open(&folder.path().join("store.db")).unwrap();
        Self::on(folder, stores, options)
    }

    /// Another server on the same store, with the usual extension: a node that was started again.
    pub fn again(self, options: McpOptions) -> Self {
        let Self {
            stores,
            _folder: folder,
            ..
        } = self;
        Self::on(folder, stores, options)
    }

    fn on(folder: tempfile::TempDir, stores: Stores, options: McpOptions) -> Self {
        let snapshots = Arc::new(Snapshots {
            newest: ArcSwap::from_pointee(Snapshot::default()),
            generations: watch::Sender::new(0),
        });
        let changes = broadcast::Sender::new(64);
        let server = McpServer::new(McpParts {
            catalog: snapshots.clone(),
            management: None,
            bundles: stores.bundles.clone(),
            sessions: stores.mcp_sessions.clone(),
            changes: changes.subscribe(),
            options,
        });
        let waiting = watch::Sender::new(false);
        let node = Self {
            server,
            stores,
            snapshots,
            changes,
            waiting,
            asked: Arc::default(),
            _folder: folder,
        };
        node.install(vec![Extension::usual()]);
        node
    }

    /// Has exactly these installed, in a new snapshot.
    pub fn install(&self, extensions: Vec<Extension>) {
        let entries = extensions
            .into_iter()
            .map(|extension| self.entry(extension));
        let entries: BTreeMap<_, _> = entries
            .map(|entry| (entry.name().to_owned(), Arc::new(entry)))
            .collect();
        let generation = self.snapshots.newest.load().generation + 1;
        let snapshot = Snapshot::build(generation, entries).unwrap();
        self.snapshots.newest.store(Arc::new(snapshot));
        self.snapshots.generations.send_replace(generation);
    }

    /// Puts revision 2 of an extension beside what is installed.
    pub fn put_beside(&self, extension: Extension) {
        let mut entry = self.entry(extension);
        entry.revision.revision = 2;
        let before = self.snapshots.newest.load_full();
        let generation = before.generation + 1;
        let mut snapshot = Snapshot::build(generation, before.extensions.clone()).unwrap();
        let (name, entry) = (entry.name().to_owned(), Arc::new(entry));
        let role = Role::Beside;
        snapshot
            .beside
            .insert(name, vec![Arc::new(Beside { entry, role })]);
        self.snapshots.newest.store(Arc::new(snapshot));
        self.snapshots.generations.send_replace(generation);
    }

    fn entry(&self, extension: Extension) -> ExtensionEntry {
        let name: Arc<str> = extension.name.into();
        let rid_types: Vec<Value> = extension
            .rid_types
            .iter()
            .map(|rid_type| json!({ "rid-type": rid_type, "title": "A thing" }))
            .collect();
        let description = json!({
            "name": extension.name,
            "version": "1.0.0",
            "rid-types": rid_types,
            "lists-depend-on": extension.lists_depend_on,
        });
        let description = Arc::new(Description::parse(&description.to_string()).unwrap());
        let revision = RevisionInfo {
            extension: name.clone(),
            revision: 1,
            digest: "00".into(),
            version: description.version.clone(),
            tool_prefix: ToolPrefix::default(),
            source: "test".to_owned(),
            installed_at: Timestamp::now(),
        };
        let (tools, resources) = (Value::from(extension.tools), extension.resources);
        let callee: Arc<dyn Callee> = Arc::new(Guest {
            name: name.clone(),
            tools: tools.clone(),
            resources: resources.clone(),
            prompts: extension.prompts.clone(),
            waiting: self.waiting.clone(),
            asked: self.asked.clone(),
        });
        let listed = Listed {
            prefix: &ToolPrefix::default(),
            tools: &tools.to_string(),
            resources: &resources.to_string(),
            prompts: &extension.prompts.to_string(),
        };
        let lists = Lists::parse(&name, listed, &callee, &Lists::default()).unwrap();
        let access = Arc::new(Access::new(name, Grants::default(), Grants::default()));
        ExtensionEntry::new(revision, description, access, callee)
            .unwrap()
            .with_lists(lists)
    }

    /// Stores a bundle and tells of it, as the pipeline does.
    pub async fn store(&self, rid: &str, contents: &str, event_type: EventType) {
        let (rid, contents) = (Rid::parse(rid).unwrap(), Contents::parse(contents).unwrap());
        let bundle = Bundle::generate(rid.clone(), contents);
        let written_by = Some(Writer {
            extension: "usual".to_owned(),
            revision: 1,
            digest: "00".to_owned(),
        });
        self.commit(Op::PutBundle {
            bundle,
            written_by,
            source: None,
        })
        .await;
        self.tell(rid, event_type);
    }

    /// Tells of a change.
    pub fn tell(&self, rid: Rid, event_type: EventType) {
        let _ = self.changes.send(Change {
            rid,
            event_type,
            source: None,
        });
    }

    pub async fn forget(&self, rid: &str) {
        let rid = Rid::parse(rid).unwrap();
        self.commit(Op::DeleteBundle { rid: rid.clone() }).await;
        self.tell(rid, EventType::Forget);
    }

    async fn commit(&self, op: Op) {
        self.stores
            .commits
            .commit(Batch { ops: vec![op] })
            .await
            .unwrap();
    }

    /// How many sessions the store has.
    pub async fn stored_sessions(&self) -> u64 {
        self.stores.mcp_sessions.count().await.unwrap()
    }

    /// Returns when so many sessions are in memory.
    pub async fn has_live_sessions(&self, expected: usize) {
        let looked = tokio::time::timeout(PATIENCE, async {
            while self.server.live_sessions() != expected {
                tokio::time::sleep(GLANCE).await;
            }
        });
        let live = || self.server.live_sessions();
        assert!(looked.await.is_ok(), "{} sessions are in memory", live());
    }

    /// How often a caller was asked something.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Tells whether a call waits.
    pub fn watch_calls(&self) -> watch::Receiver<bool> {
        self.waiting.subscribe()
    }

    /// Returns when a call of the tool `wait` or `hold` is there, or has gone.
    pub async fn call_waits(&self, waits: bool) {
        let mut waiting = self.waiting.subscribe();
        waiting.wait_for(|waiting| *waiting == waits).await.unwrap();
    }

    /// Has a call of the tool `hold` go on.
    pub fn release(&self) {
        self.waiting.send_replace(false);
    }
}
