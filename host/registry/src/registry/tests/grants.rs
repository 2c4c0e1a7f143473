//! Grants: given, kept by later revisions, changed while the extension runs.

use super::*;

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
