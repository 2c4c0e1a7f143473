//! The registry over a real store, with extensions that are no Wasm.

mod gate;
mod grants;
mod lists;
mod prefixes;
mod publishers;
mod revisions;
mod versions;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use koi_distribution::SignaturePolicy;
use koi_rid::{Rid, RidType};
use koi_runtime::{Limits, Phase};
use koi_store::{Activation, Extensions, NewRevision, Revision, Role, StoreError, Stores};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{
    ExtensionState, GrantChange, GrantRequest, Install, InstallError, InstallReport, Installed,
    Registry, RegistryParts,
};
use crate::callee::Invocation;
use crate::grant::Grant;
use crate::naming::Naming;
use crate::testing::{FakeNode, Stage, tool};
use crate::watched::WatchOptions;

struct Fixture {
    registry: Registry,
    stage: Stage,
    stores: Stores,
    full: Arc<AtomicBool>,
    _folder: TempDir,
}

/// A store whose disk is full from some moment on.
struct FullStore(Arc<dyn Extensions>, Arc<AtomicBool>);

impl FullStore {
    fn check(&self) -> Result<(), StoreError> {
        if self.1.load(Ordering::SeqCst) {
            Err(StoreError::Full)
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl Extensions for FullStore {
    async fn install(
        &self,
        new: NewRevision,
        component: koi_store::Component,
        role: Role,
        who: &str,
    ) -> Result<Revision, StoreError> {
        self.check()?;
        self.0.install(new, component, role, who).await
    }

    async fn activations(&self) -> Result<Vec<Activation>, StoreError> {
        self.0.activations().await
    }

    async fn activate(
        &self,
        extension: &str,
        revision: u64,
        role: Role,
        who: &str,
    ) -> Result<(), StoreError> {
        self.check()?;
        self.0.activate(extension, revision, role, who).await
    }

    async fn approve(
        &self,
        extension: &str,
        revision: u64,
        grants: &str,
        who: &str,
    ) -> Result<(), StoreError> {
        self.check()?;
        self.0.approve(extension, revision, grants, who).await
    }

    async fn retire(&self, extension: &str, revision: u64, who: &str) -> Result<bool, StoreError> {
        self.check()?;
        self.0.retire(extension, revision, who).await
    }

    async fn pin(
        &self,
        extension: &str,
        revision: u64,
        pinned: bool,
        who: &str,
    ) -> Result<(), StoreError> {
        self.check()?;
        self.0.pin(extension, revision, pinned, who).await
    }

    async fn deprecate(
        &self,
        extension: &str,
        revision: u64,
        reason: Option<String>,
        who: &str,
    ) -> Result<(), StoreError> {
        self.check()?;
        self.0.deprecate(extension, revision, reason, who).await
    }

    async fn collect(&self, extension: &str, keep: usize) -> Result<Vec<u64>, StoreError> {
        self.check()?;
        self.0.collect(extension, keep).await
    }

    async fn revisions(&self, extension: &str) -> Result<Vec<Revision>, StoreError> {
        self.0.revisions(extension).await
    }

    async fn component(&self, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.component(digest).await
    }

    async fn deactivate(&self, extension: &str, who: &str) -> Result<bool, StoreError> {
        self.check()?;
        self.0.deactivate(extension, who).await
    }

    async fn set_grants(
        &self,
        name: &str,
        revision: u64,
        grants: &str,
        who: &str,
    ) -> Result<(), StoreError> {
        self.check()?;
        self.0.set_grants(name, revision, grants, who).await
    }
}

async fn open(stores: &Stores, stage: &Stage, full: &Arc<AtomicBool>) -> Registry {
    open_with(10, WatchOptions::default(), stores, stage, full).await
}

async fn keeping(keep: usize, stores: &Stores, stage: &Stage, full: &Arc<AtomicBool>) -> Registry {
    open_with(keep, WatchOptions::default(), stores, stage, full).await
}

async fn open_watching(
    stores: &Stores,
    stage: &Stage,
    full: &Arc<AtomicBool>,
    watch: WatchOptions,
) -> Registry {
    open_with(10, watch, stores, stage, full).await
}

async fn open_with(
    keep: usize,
    watch: WatchOptions,
    stores: &Stores,
    stage: &Stage,
    full: &Arc<AtomicBool>,
) -> Registry {
    let signatures = SignaturePolicy::default();
    open_judging(signatures, keep, watch, stores, stage, full).await
}

async fn open_judging(
    signatures: SignaturePolicy,
    keep: usize,
    watch: WatchOptions,
    stores: &Stores,
    stage: &Stage,
    full: &Arc<AtomicBool>,
) -> Registry {
    let node = Arc::new(FakeNode::default());
    let greeting = json!({"greeting": "from the node"})
        .as_object()
        .unwrap()
        .clone();
    Registry::open(RegistryParts {
        loader: Arc::new(stage.clone()),
        extensions: Arc::new(FullStore(stores.extensions.clone(), full.clone())),
        vault: Arc::default(),
        key_value: stores.key_value.clone(),
        saved_states: stores.saved_states.clone(),
        knowledge: node.clone(),
        network: node,
        settings: BTreeMap::from([("one".to_owned(), greeting)]),
        signatures,
        limits: Limits::default(),
        save_every: std::num::NonZero::<u32>::MIN,
        watch,
        keep,
    })
    .await
    .unwrap()
}

async fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let stores = koi_store::sqlite::open(&folder.path().join("koi.db")).unwrap();
    let (stage, full) = (Stage::default(), Arc::default());
    let registry = open(&stores, &stage, &full).await;
    Fixture {
        registry,
        stage,
        stores,
        full,
        _folder: folder,
    }
}

/// An extension with one tool of its own name.
fn script(name: &str, more: Value) -> Value {
    let mut script = json!({"name": name, "version": "1.0.0", "x-tools": [tool(name)]});
    for (key, value) in more.as_object().unwrap() {
        script[key] = value.clone();
    }
    script
}

fn component(script: &Value, grants: GrantRequest) -> Install {
    Install {
        component: script.to_string().into_bytes(),
        naming: Naming::Own,
        grants,
        settings: Map::new(),
        tool_prefix: None,
        source: "test".to_owned(),
        learn: false,
        who: "operator".to_owned(),
    }
}

impl Fixture {
    async fn install(&self, script: &Value) -> Result<InstallReport, InstallError> {
        self.registry
            .install(component(script, GrantRequest::Keep))
            .await
    }

    async fn call(&self, tool: &str) -> Value {
        let snapshot = self.registry.snapshot();
        let output = snapshot.tools[tool]
            .call("{}", Invocation::new("t"))
            .await
            .unwrap();
        output.structured.unwrap()
    }

    fn tools(&self) -> Vec<String> {
        self.registry.snapshot().tools.keys().cloned().collect()
    }
}

#[tokio::test]
async fn an_installed_extension_is_in_the_next_snapshot() {
    let f = fixture().await;
    let (before, mut changes) = (f.registry.snapshot(), f.registry.changes());
    let report = f.install(&script("one", json!({}))).await.unwrap();
    assert_eq!(
        (report.outcome, report.revision, &*report.tools),
        (Installed::New, 1, &["one".to_owned()][..])
    );
    assert_eq!(f.registry.snapshot().generation, before.generation + 1);
    assert_eq!(*changes.borrow_and_update(), before.generation + 1);
    assert!(before.tools.is_empty());
    assert_eq!(f.call("one").await["by"], "one@1");
    assert_eq!(f.stage.calls("start"), ["one@1 start"]);
    let listed = serde_json::to_value(f.registry.list()).unwrap();
    assert_eq!(listed[0]["state"], "active");
    assert_eq!(listed[0]["tools"], json!(["one"]));
}

#[tokio::test]
async fn what_cannot_be_activated_changes_nothing() {
    let f = fixture().await;
    f.install(&script("one", json!({}))).await.unwrap();
    let before = f.registry.snapshot();
    let refused = async |script: Value, part: &str| {
        let told = f.install(&script).await.unwrap_err().to_string();
        assert!(told.contains(part), "{told}");
        assert!(Arc::ptr_eq(&before, &f.registry.snapshot()));
    };
    refused(json!({"name": "One", "version": "1.0.0"}), "`name`").await;
    refused(
        script(
            "two",
            json!({"schemas": [{"name": "s", "schema": {"$ref": "http://x"}}]}),
        ),
        "`s`",
    )
    .await;
    refused(
        script("two", json!({"x-tools": [{"name": "t"}]})),
        "lists are refused",
    )
    .await;
    let handlers = json!([{"phase": "rid", "rid-types": ["orn:t.t"]}]);
    refused(
        script(
            "two",
            json!({"handlers": handlers, "x-without": ["handlers"]}),
        ),
        "does not export `handlers`",
    )
    .await;
    let jobs = json!([{"name": "j", "every": 1}]);
    refused(
        script("two", json!({"jobs": jobs, "x-without": ["schedule"]})),
        "does not export `schedule`",
    )
    .await;
    refused(
        script("two", json!({"config-schema": {"required": ["size"]}})),
        "--set KEY=VALUE",
    )
    .await;
    f.stage
        .lock()
        .failing
        .extend(["one start".to_owned(), "three list-tools".to_owned()]);
    refused(
        script("one", json!({"version": "2.0.0"})),
        "failed in `start`",
    )
    .await;
    refused(script("three", json!({})), "failed in `list-tools`").await;
    let told = f.registry.install(Install {
        component: b"no component".to_vec(),
        ..component(&json!({}), GrantRequest::Keep)
    });
    assert!(
        told.await
            .unwrap_err()
            .to_string()
            .contains("not WebAssembly")
    );
    // Nothing was started whose lists were not known, and so nothing was stopped.
    assert_eq!(f.stage.calls("start"), ["one@1 start", "one@2 start"]);
    assert!(f.stage.calls("stop").is_empty());
    assert_eq!(f.stores.extensions.activations().await.unwrap().len(), 1);
    assert_eq!(f.call("one").await["by"], "one@1");
}

#[tokio::test]
async fn a_collision_is_refused_and_names_both() {
    let f = fixture().await;
    let types = |rid_type: &str| json!({"rid-types": [{"rid-type": rid_type}]});
    f.install(&script("one", types("orn:t.t"))).await.unwrap();
    let told = f
        .install(&script("two", types("orn:t.t")))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("one") && told.contains("two") && told.contains("orn:t.t"),
        "{told}"
    );
    // The description was enough to see it: nothing of the extension's has run.
    assert!(f.stage.calls("two@1 start").is_empty());
    let told = f
        .install(&script("two", json!({"x-tools": [tool("one")]})))
        .await
        .unwrap_err();
    assert!(told.to_string().contains("the tool `one`"), "{told}");
    assert!(f.stage.calls("two@1 start").is_empty());
    assert_eq!(f.stores.extensions.activations().await.unwrap().len(), 1);
    f.install(&script("two", types("orn:t.u"))).await.unwrap();
}

#[tokio::test]
async fn a_next_revision_replaces_and_the_old_one_can_still_be_called() {
    let f = fixture().await;
    f.install(&script("one", json!({}))).await.unwrap();
    let before = f.registry.snapshot();
    let report = f
        .install(&script("one", json!({"version": "1.1.0"})))
        .await
        .unwrap();
    assert_eq!((report.outcome, report.revision), (Installed::Replaced, 2));
    assert_eq!(f.call("one").await["by"], "one@2");
    let old = before.tools["one"]
        .call("{}", Invocation::new("t"))
        .await
        .unwrap();
    assert_eq!(old.structured.unwrap()["by"], "one@1");
    assert_eq!(f.stage.calls("stop"), ["one@1 stop"]);
    assert_eq!(f.registry.list().len(), 1);
}

#[tokio::test]
async fn the_same_again_changes_nothing() {
    let f = fixture().await;
    f.install(&script("one", json!({}))).await.unwrap();
    let before = f.registry.snapshot();
    let report = f.install(&script("one", json!({}))).await.unwrap();
    assert_eq!((report.outcome, report.revision), (Installed::Unchanged, 1));
    assert!(Arc::ptr_eq(&before, &f.registry.snapshot()));
}

#[tokio::test]
async fn a_store_that_refuses_leaves_the_old_revision() {
    let f = fixture().await;
    f.install(&script("one", json!({}))).await.unwrap();
    let before = f.registry.snapshot();
    f.full.store(true, Ordering::SeqCst);
    let told = f
        .install(&script("one", json!({"version": "2.0.0"})))
        .await
        .unwrap_err();
    assert!(told.to_string().contains("could not be stored"), "{told}");
    assert!(f.registry.remove("one", "operator").await.is_err());
    let change = GrantChange {
        grant: vec!["capability=config".parse().unwrap()],
        ..GrantChange::default()
    };
    let granted = f.registry.change_grants("one", change, "operator").await;
    assert!(granted.is_err());
    assert!(Arc::ptr_eq(&before, &f.registry.snapshot()));
    assert_eq!(f.stage.calls("stop"), ["one@2 stop"]);
}

#[tokio::test]
async fn settings_are_those_of_the_install_before_those_of_the_node() {
    let f = fixture().await;
    let with = |settings: Value, version: &str| {
        let more = json!({
            "version": version, "asks": {"capabilities": ["config"]},
            "config-schema": {"properties": {"greeting": {"type": "string"}}},
        });
        let settings = settings.as_object().unwrap().clone();
        Install {
            settings,
            ..component(&script("one", more), GrantRequest::AsAsked)
        }
    };
    f.registry.install(with(json!({}), "1.0.0")).await.unwrap();
    assert_eq!(f.call("one").await["greeting"], "from the node");
    f.registry
        .install(with(json!({"greeting": "mine"}), "1.0.0"))
        .await
        .unwrap();
    assert_eq!(f.call("one").await["greeting"], "mine");
    f.registry.install(with(json!({}), "1.1.0")).await.unwrap();
    assert_eq!(f.call("one").await["greeting"], "mine");
    let told = f
        .registry
        .install(with(json!({"greeting": 1}), "1.1.0"))
        .await
        .unwrap_err();
    assert!(told.to_string().contains("/greeting"), "{told}");
}

#[tokio::test]
async fn a_removed_extension_is_gone_and_stays_gone() {
    let f = fixture().await;
    f.install(&script("one", json!({}))).await.unwrap();
    f.registry.remove("one", "operator").await.unwrap();
    assert!(f.tools().is_empty() && f.registry.list().is_empty());
    assert_eq!(f.stage.calls("stop"), ["one@1 stop"]);
    assert!(
        f.registry
            .remove("one", "operator")
            .await
            .unwrap_err()
            .to_string()
            .contains("`one`")
    );
    let again = open(&f.stores, &f.stage, &f.full).await;
    assert!(again.list().is_empty());
}

#[tokio::test]
async fn a_restart_brings_back_what_was_active() {
    let f = fixture().await;
    let asks = json!({"asks": {"capabilities": ["config"]}});
    f.registry
        .install(component(&script("one", asks), GrantRequest::AsAsked))
        .await
        .unwrap();
    f.install(&script("two", json!({}))).await.unwrap();
    f.install(&script("three", json!({}))).await.unwrap();
    f.stage.lock().failing.insert("two start".to_owned());
    // What an extension lists is of the moment; here it collides with another since.
    f.stage
        .lock()
        .tools
        .insert("three".to_owned(), json!([tool("one"), tool("own")]));
    let again = open(&f.stores, &f.stage, &f.full).await;
    let list = again.list();
    let states: Vec<_> = list.iter().map(|e| (e.name.as_str(), e.state)).collect();
    assert_eq!(
        states,
        [
            ("one", ExtensionState::Active),
            ("three", ExtensionState::Active),
            ("two", ExtensionState::Failed),
        ]
    );
    assert!(list[2].error.as_ref().unwrap().contains("start fails"));
    assert_eq!(list[1].tools, ["own"]);
    assert!(list[1].left_out[0].contains("both one and three"));
    assert!(list[0].missing.is_empty());
    assert_eq!(list[0].installed_at, f.registry.list()[0].installed_at);
    // Installing it again mends it, and keeps its number going.
    f.stage.lock().failing.clear();
    let report = again
        .install(component(&script("two", json!({})), GrantRequest::Keep))
        .await
        .unwrap();
    assert_eq!(report.revision, 2);
    assert_eq!(again.list()[2].state, ExtensionState::Active);
}

#[tokio::test]
async fn an_install_that_is_not_waited_for_is_whole_all_the_same() {
    let f = fixture().await;
    let mut changes = f.registry.changes();
    {
        let script = script("one", json!({}));
        let mut install = std::pin::pin!(f.install(&script));
        while f.stage.calls("start").is_empty() {
            tokio::select! {
                biased;
                _ = &mut install => break,
                () = tokio::task::yield_now() => {}
            }
        }
    }
    while f.registry.snapshot().tools.is_empty() {
        changes.changed().await.unwrap();
    }
    assert_eq!(f.stores.extensions.activations().await.unwrap().len(), 1);
}
