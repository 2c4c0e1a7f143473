//! A pipeline over a real store, with one extension that is no Wasm and nobody to ask.

mod extension;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
pub use extension::{AT_START, Behaviour, FakeLoader, unchanged};
use koi_pipeline::{
    Change, Fetch, FetchError, Fetched, HostHandler, Intake, Lifetimes, Pipeline, PipelineParts,
    Retry, knowledge, publication,
};
use koi_registry::{GrantRequest, Install, Naming, Registry, RegistryParts};
use koi_rid::{Bundle, Contents, Manifest, Rid};
use koi_runtime::ports::{CallContext, Knowledge, Neighbour, Network, PortError};
use koi_runtime::{CallError, GuestError, GuestErrorKind, Limits};
use koi_store::{Arrival, DeadLetter, Stores};
use serde_json::{Map, json};
use tokio::sync::broadcast;

pub fn failure(kind: GuestErrorKind, message: &str) -> CallError {
    CallError::Guest(GuestError {
        kind,
        message: message.to_owned(),
    })
}

/// Owns `orn:test.note`, whose contents need a `title`; handles it in all phases.
fn description() -> String {
    let handlers = ["rid", "manifest", "bundle", "network", "final"]
        .map(|phase| json!({"phase": phase, "rid-types": ["orn:test.note"]}));
    json!({
        "name": "notes",
        "version": "1.0.0",
        "rid-types": [{"rid-type": "orn:test.note", "schema": "Note"}],
        "schemas": [{"name": "Note", "schema": {"type": "object", "required": ["title"]}}],
        "handlers": handlers,
    })
    .to_string()
}

/// Other nodes: what they have, whoever is asked.
#[derive(Default)]
pub struct Elsewhere(pub Mutex<HashMap<Rid, Bundle>>);

#[async_trait]
impl Fetch for Elsewhere {
    async fn manifest(&self, source: &Rid, rid: &Rid) -> Result<Option<Manifest>, FetchError> {
        Ok(self
            .bundle(source, rid)
            .await?
            .map(|bundle| bundle.manifest))
    }

    async fn bundle(&self, _source: &Rid, rid: &Rid) -> Result<Option<Bundle>, FetchError> {
        Ok(self.0.lock().unwrap().get(rid).cloned())
    }

    async fn dereference(&self, rid: &Rid) -> Result<Option<Fetched>, FetchError> {
        let bundle = self.0.lock().unwrap().get(rid).cloned();
        Ok(bundle.map(|bundle| Fetched {
            bundle,
            source: peer(),
        }))
    }
}

struct NoNetwork;

#[async_trait]
impl Network for NoNetwork {
    fn this_node(&self, _call: &CallContext) -> Result<Rid, PortError> {
        Ok(me())
    }

    async fn neighbours(&self, _call: &CallContext) -> Result<Vec<Neighbour>, PortError> {
        Ok(Vec::new())
    }
}

pub fn me() -> Rid {
    Rid::parse("orn:koi-net.node:me+00").unwrap()
}

pub fn peer() -> Rid {
    Rid::parse("orn:koi-net.node:peer+11").unwrap()
}

pub fn rid(text: &str) -> Rid {
    Rid::parse(text).unwrap()
}

pub fn note(text: &str, title: &str) -> Arrival {
    let contents = Contents::from_serialize(&json!({ "title": title })).unwrap();
    publication(rid(text), contents)
}

/// The same, as it comes from a peer.
pub fn from_peer(arrival: Arrival) -> Arrival {
    Arrival {
        source: Some(peer()),
        ..arrival
    }
}

pub struct Fixture {
    pub stores: Stores,
    pub intake: Intake,
    pub registry: Registry,
    pub pipeline: Pipeline,
    pub changes: broadcast::Receiver<Change>,
    pub elsewhere: Arc<Elsewhere>,
    pub knowledge: Arc<dyn Knowledge>,
}

/// Opens the store in a folder, installs the extension and starts a pipeline on it.
pub async fn start(
    folder: &Path,
    behaviour: Behaviour,
    host_handlers: Vec<Arc<dyn HostHandler>>,
) -> Fixture {
    start_with(folder, behaviour, host_handlers, Lifetimes::default()).await
}

/// The same, with knowledge that is not kept for good.
pub async fn start_with(
    folder: &Path,
    behaviour: Behaviour,
    host_handlers: Vec<Arc<dyn HostHandler>>,
    lifetimes: Lifetimes,
) -> Fixture {
    let loader = FakeLoader {
        behaviour,
        broken: Arc::default(),
    };
    open(folder, loader, Some(notes()), host_handlers, lifetimes).await
}

/// The extension, with all that it asks for.
pub fn notes() -> Install {
    Install {
        component: description().into_bytes(),
        grants: GrantRequest::AsAsked,
        settings: Map::new(),
        source: "test".to_owned(),
        learn: false,
        tool_prefix: None,
        naming: Naming::Own,
        who: "operator".to_owned(),
    }
}

/// Opens the store in a folder, with what is installed there and what is to be, and starts a pipeline.
pub async fn open(
    folder: &Path,
    loader: FakeLoader,
    install: Option<Install>,
    host_handlers: Vec<Arc<dyn HostHandler>>,
    lifetimes: Lifetimes,
) -> Fixture {
    let stores = koi_store::sqlite::open(&folder.join("store.db")).unwrap();
    let intake = Intake::new(&stores, 1000, 1000);
    let elsewhere = Arc::new(Elsewhere::default());
    let knowledge = knowledge(&stores, &intake, elsewhere.clone(), me());
    let registry = Registry::open(RegistryParts {
        loader: Arc::new(loader),
        extensions: stores.extensions.clone(),
        vault: Arc::default(),
        key_value: stores.key_value.clone(),
        saved_states: stores.saved_states.clone(),
        knowledge: knowledge.clone(),
        network: Arc::new(NoNetwork),
        settings: BTreeMap::new(),
        signatures: Default::default(),
        limits: Limits::default(),
        save_every: std::num::NonZero::<u32>::MIN,
        watch: koi_registry::WatchOptions::default(),
        keep: 10,
    })
    .await
    .unwrap();
    if let Some(install) = install {
        registry.install(install).await.unwrap();
    }
    let pipeline = Pipeline::start(PipelineParts {
        stores: stores.clone(),
        intake: intake.clone(),
        registry: registry.clone(),
        node_rid: me(),
        host_handlers,
        fetch: elsewhere.clone(),
        workers: 8,
        retry: Retry {
            times: 3,
            first: Duration::from_millis(5),
            growth: 1.5,
        },
        lifetimes,
    })
    .await
    .unwrap();
    let changes = pipeline.changes();
    Fixture {
        stores,
        intake,
        registry,
        pipeline,
        changes,
        elsewhere,
        knowledge,
    }
}

impl Fixture {
    /// The title that is stored under a RID.
    pub async fn title(&self, text: &str) -> Option<String> {
        let stored = self.stores.bundles.read(&rid(text)).await.unwrap()?;
        let contents: serde_json::Value = stored.bundle.contents.to().unwrap();
        Some(contents["title"].as_str().unwrap().to_owned())
    }

    /// Waits until nothing is left to be processed.
    pub async fn settled(&self) {
        while self.stores.inbox.len().await.unwrap() > 0 {
            tokio::task::yield_now().await;
        }
    }

    pub async fn letters(&self) -> Vec<DeadLetter> {
        self.settled().await;
        self.stores
            .dead_letters
            .list(None, 100)
            .await
            .unwrap()
            .items
    }
}
