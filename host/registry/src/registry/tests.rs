//! The registry over a real store, with extensions that are no Wasm.

mod prefixes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use koi_rid::{Rid, RidType};
use koi_runtime::{Limits, Phase};
use koi_store::{Extensions, NewRevision, Revision, StoreError, Stores};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{
    ExtensionState, GrantChange, GrantRequest, Install, InstallError, InstallReport, Installed,
    Registry, RegistryParts,
};
use crate::callee::Invocation;
use crate::grant::Grant;
use crate::testing::{FakeNode, Stage, tool};

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
        component: &[u8],
        who: &str,
    ) -> Result<Revision, StoreError> {
        self.check()?;
        self.0.install(new, component, who).await
    }

    async fn active(&self) -> Result<Vec<Revision>, StoreError> {
        self.0.active().await
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
        limits: Limits::default(),
        save_every: std::num::NonZero::<u32>::MIN,
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
    assert_eq!(f.stores.extensions.active().await.unwrap().len(), 1);
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
    assert_eq!(f.stores.extensions.active().await.unwrap().len(), 1);
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
async fn grants_are_those_given_and_stay_with_the_next_revision() {
    let f = fixture().await;
    let asks = json!({"asks": {"read": ["orn:t.t"], "capabilities": ["config"]}});
    let one = script("one", asks.clone());
    let grant: Grant = "capability=config".parse().unwrap();
    let listed = GrantRequest::Listed(vec![grant.clone()]);
    let report = f.registry.install(component(&one, listed)).await.unwrap();
    assert_eq!(report.missing, ["read=orn:t.t".parse().unwrap()]);
    let next = script("one", json!({"version": "2.0.0", "asks": asks["asks"]}));
    let report = f.install(&next).await.unwrap();
    assert_eq!(report.grants.iter().collect::<Vec<_>>(), [&grant]);
    let report = f
        .registry
        .install(component(&next, GrantRequest::AsAsked))
        .await
        .unwrap();
    assert!(report.missing.is_empty());
    assert_eq!(report.outcome, Installed::Replaced);
    let report = f.install(&script("two", asks)).await.unwrap();
    assert_eq!((report.grants.iter().count(), report.missing.len()), (0, 2));
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

fn dataset() -> RidType {
    RidType::parse("orn:data.dataset").unwrap()
}

#[tokio::test]
async fn lists_follow_the_knowledge_that_they_depend_on() {
    let f = fixture().await;
    f.install(&script(
        "one",
        json!({"lists-depend-on": ["orn:data.dataset"]}),
    ))
    .await
    .unwrap();
    let mut changes = f.registry.changes();
    changes.mark_unchanged();
    f.stage
        .lock()
        .tools
        .insert("one".to_owned(), json!([tool("one"), tool("bob")]));
    for _ in 0..100 {
        f.registry.knowledge_changed(&dataset());
    }
    changes.changed().await.unwrap();
    assert_eq!(f.tools(), ["bob", "one"]);
    assert_eq!(f.call("bob").await["by"], "one@1");
    // At install, and once for all the changes, which lay closer together than the quiet asked for.
    assert_eq!(f.stage.calls("list-tools").len(), 2);
}

#[tokio::test]
async fn lists_that_are_refused_or_the_same_leave_the_snapshot() {
    let f = fixture().await;
    f.install(&script("other", json!({}))).await.unwrap();
    f.install(&script(
        "one",
        json!({"lists-depend-on": ["orn:data.dataset"]}),
    ))
    .await
    .unwrap();
    f.stage.called("list-resources", 3).await;
    let before = f.registry.snapshot();
    let lists = [json!("nonsense"), json!([tool("one")])];
    for (times, list) in lists.into_iter().enumerate() {
        f.stage.lock().tools.insert("one".to_owned(), list);
        f.registry.knowledge_changed(&dataset());
        f.stage.called("list-resources", 4 + times).await;
    }
    // One that changes something is seen, so that those before it have been dealt with.
    let mut changes = f.registry.changes();
    f.stage.lock().tools.insert("one".to_owned(), json!([]));
    f.registry.knowledge_changed(&dataset());
    changes.changed().await.unwrap();
    assert_eq!(f.registry.snapshot().generation, before.generation + 1);
    assert_eq!(f.tools(), ["other"]);
}

#[tokio::test]
async fn a_name_that_knowledge_makes_and_another_owns_is_left_out_and_holds_up_nothing_else() {
    let f = fixture().await;
    f.install(&script("other", json!({}))).await.unwrap();
    f.install(&script(
        "one",
        json!({"lists-depend-on": ["orn:data.dataset"]}),
    ))
    .await
    .unwrap();
    let mut changes = f.registry.changes();
    changes.mark_unchanged();
    let list = json!([tool("one"), tool("other"), tool("zoe")]);
    f.stage.lock().tools.insert("one".to_owned(), list);
    f.registry.knowledge_changed(&dataset());
    changes.changed().await.unwrap();
    assert_eq!(f.tools(), ["one", "other", "zoe"]);
    assert_eq!(f.call("other").await["by"], "other@1");
}

#[tokio::test]
async fn knowledge_that_no_list_depends_on_asks_nobody() {
    let f = fixture().await;
    f.install(&script("one", json!({}))).await.unwrap();
    f.registry.knowledge_changed(&dataset());
    assert_eq!(f.stage.calls("list-tools").len(), 1);
}

#[tokio::test]
async fn a_change_of_grants_holds_at_once_and_after_a_restart() {
    let f = fixture().await;
    let handlers = json!({"handlers": [{"phase": "final", "rid-types": ["orn:data.dataset"]}]});
    f.install(&script("one", handlers)).await.unwrap();
    let rid = Rid::parse("orn:data.dataset:x").unwrap();
    let handled = |registry: &Registry| {
        registry
            .snapshot()
            .handlers_for(Phase::Final, &rid, None)
            .count()
    };
    let (generation, changes) = (f.registry.snapshot().generation, f.registry.changes());
    assert_eq!(handled(&f.registry), 0);
    let handle: Vec<Grant> = vec!["handle=orn:data.dataset".parse().unwrap()];
    let grant = GrantChange {
        grant: handle.clone(),
        ..GrantChange::default()
    };
    f.registry
        .change_grants("one", grant, "operator")
        .await
        .unwrap();
    assert_eq!(handled(&f.registry), 1);
    assert!(*changes.borrow() > generation);
    let again = open(&f.stores, &f.stage, &f.full).await;
    assert_eq!(handled(&again), 1);
    let revoke = GrantChange {
        revoke: handle,
        ..GrantChange::default()
    };
    let taken = f.registry.change_grants("one", revoke.clone(), "operator");
    taken.await.unwrap();
    assert_eq!(handled(&f.registry), 0);
    assert!(
        f.registry
            .change_grants("none", GrantChange::default(), "operator")
            .await
            .unwrap_err()
            .to_string()
            .contains("`none`")
    );
    let told = f.registry.change_grants("one", revoke, "operator").await;
    assert!(
        told.unwrap_err()
            .to_string()
            .contains("was not granted handle=orn:data.dataset")
    );
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
    assert_eq!(f.stores.extensions.active().await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_keeps_grants_of_its_source_replaces_nothing_of_another_source() {
    let f = fixture().await;
    let asks = json!({"asks": {"read": ["orn:data.dataset"]}});
    let first = component(&script("one", asks), GrantRequest::AsAsked);
    let granted = f.registry.install(first).await.unwrap().grants;
    let dropped = |source: &str, version: &str| {
        let mut install = component(
            &script("one", json!({"version": version})),
            GrantRequest::KeepOfSource,
        );
        source.clone_into(&mut install.source);
        install
    };
    let refusal = f.registry.install(dropped("drop:one.wasm", "2.0.0")).await;
    let refusal = refusal.unwrap_err().to_string();
    assert!(
        refusal.contains("`one` is installed from test"),
        "{refusal}"
    );
    assert_eq!(f.registry.list()[0].version, "1.0.0");

    let own = f.registry.install(dropped("test", "2.0.0")).await.unwrap();
    assert_eq!((own.outcome, own.grants), (Installed::Replaced, granted));
}

/// An extension whose tools follow knowledge.
fn following(name: &str) -> Value {
    script(name, json!({"lists-depend-on": ["orn:data.dataset"]}))
}

#[tokio::test]
async fn a_name_that_knowledge_makes_takes_nothing_from_others_at_a_restart() {
    let f = fixture().await;
    // By name the one that follows knowledge comes first.
    f.install(&following("a")).await.unwrap();
    f.install(&script("b", json!({}))).await.unwrap();
    let list = json!([tool("a"), tool("b")]);
    f.stage.lock().tools.insert("a".to_owned(), list);
    let again = open(&f.stores, &f.stage, &f.full).await;
    let snapshot = again.snapshot();
    assert!(snapshot.failed.is_empty());
    assert_eq!(*snapshot.tools["b"].extension, *"b");
    assert_eq!(*snapshot.tools["a"].extension, *"a");
}

#[tokio::test]
async fn a_list_that_knowledge_breaks_does_not_keep_its_extension_from_running() {
    let f = fixture().await;
    f.install(&following("one")).await.unwrap();
    f.stage.lock().failing.insert("one list-tools".to_owned());
    let again = open(&f.stores, &f.stage, &f.full).await;
    assert_eq!(again.list()[0].state, ExtensionState::Active);
    assert!(again.snapshot().tools.is_empty());
    // The lists are asked for again without being told of any change.
    let mut changes = again.changes();
    f.stage.lock().failing.clear();
    while again.snapshot().tools.is_empty() {
        changes.changed().await.unwrap();
    }
}

#[tokio::test]
async fn a_new_extension_takes_a_name_from_a_list_that_follows_knowledge() {
    let f = fixture().await;
    let list = json!([tool("one"), tool("two")]);
    f.stage.lock().tools.insert("one".to_owned(), list);
    f.install(&following("one")).await.unwrap();
    assert_eq!(f.call("two").await["by"], "one@1");
    f.install(&script("two", json!({}))).await.unwrap();
    assert_eq!(f.call("two").await["by"], "two@1");
    assert_eq!(f.tools(), ["one", "two"]);
    // When it goes, the name goes back.
    let mut changes = f.registry.changes();
    f.registry.remove("two", "test").await.unwrap();
    while !f.tools().contains(&"two".to_owned()) {
        changes.changed().await.unwrap();
    }
    assert_eq!(f.call("two").await["by"], "one@1");
    assert!(f.registry.list()[0].left_out.is_empty());
}

#[tokio::test]
async fn a_list_that_panics_is_asked_for_again_at_the_next_change() {
    let f = fixture().await;
    f.install(&following("one")).await.unwrap();
    f.stage.called("list-resources", 2).await;
    f.stage.lock().panicking.insert("one list-tools".to_owned());
    f.registry.knowledge_changed(&dataset());
    f.stage.called("list-tools", 3).await;
    f.stage.lock().panicking.clear();
    let mut changes = f.registry.changes();
    let list = json!([tool("bob")]);
    f.stage.lock().tools.insert("one".to_owned(), list);
    f.registry.knowledge_changed(&dataset());
    changes.changed().await.unwrap();
    assert_eq!(f.tools(), ["bob"]);
}

#[tokio::test]
async fn grants_that_a_failed_extension_lacks_make_it_run() {
    let f = fixture().await;
    let asks = json!({"asks": {"read": ["orn:t.t"]}});
    f.install(&script("one", asks)).await.unwrap();
    f.stage.lock().failing.insert("one start".to_owned());
    let again = open(&f.stores, &f.stage, &f.full).await;
    assert_eq!(again.list()[0].state, ExtensionState::Failed);
    let grants: Vec<Grant> = vec!["read=orn:t.t".parse().unwrap()];
    let change = || GrantChange {
        grant: grants.clone(),
        revoke: Vec::new(),
    };
    let told = again
        .change_grants("one", change(), "test")
        .await
        .unwrap_err();
    assert!(told.to_string().contains("start fails"), "{told}");
    // What was granted stays granted.
    assert_eq!(again.list()[0].grants.iter().count(), 1);
    f.stage.lock().failing.clear();
    again.change_grants("one", change(), "test").await.unwrap();
    assert_eq!(again.list()[0].state, ExtensionState::Active);
    assert!(again.list()[0].missing.is_empty());
    assert_eq!(again.snapshot().tools.len(), 1);
}
