use super::*;
use crate::{Component, NewRevision, Revision, Role, StoreError, Stores};

on_every_backend! {
    each_install_is_the_next_revision_and_the_active_one,
    a_component_is_found_by_its_digest,
    a_deactivated_extension_keeps_its_revisions_and_their_count,
    grants_are_changed_of_one_revision_only,
    a_role_moves_to_another_revision_and_one_always_serves,
    a_held_revision_waits_until_it_is_approved_or_another_is_installed,
    old_revisions_are_collected_unless_they_are_active_or_pinned,
    a_revision_is_deprecated_and_may_be_used_again,
}

fn revision(extension: &str, version: &str) -> NewRevision {
    NewRevision {
        extension: extension.to_owned(),
        version: version.to_owned(),
        description: r#"{"name":"x"}"#.to_owned(),
        grants: "{}".to_owned(),
        settings: r#"{"limit":3}"#.to_owned(),
        tool_prefix: String::new(),
        source: "drop folder".to_owned(),
        publisher: None,
    }
}

async fn each_install_is_the_next_revision_and_the_active_one(Fixture { stores, .. }: Fixture) {
    let extensions = &stores.extensions;
    let first = extensions
        .install(
            revision("b", "1"),
            Component::new(*b"one"),
            Role::Serving,
            "operator",
        )
        .await
        .unwrap();
    let second = extensions
        .install(
            revision("b", "2"),
            Component::new(*b"two"),
            Role::Serving,
            "operator",
        )
        .await
        .unwrap();
    let other = extensions
        .install(
            revision("a", "1"),
            Component::new(*b"one"),
            Role::Serving,
            "operator",
        )
        .await
        .unwrap();
    assert_eq!((first.revision, second.revision, other.revision), (1, 2, 1));
    assert_eq!(first.digest, other.digest);
    assert_eq!(
        first.digest,
        "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    );
    let active = extensions.activations().await.unwrap();
    assert!(active.iter().all(|active| active.role == Role::Serving));
    let active: Vec<_> = active.into_iter().map(|active| active.revision).collect();
    assert_eq!(active, [other, second.clone()]);
    assert_eq!(second.installed_by, "operator");
    assert_eq!(second.served_at, Some(second.installed_at));
    assert_eq!(extensions.revisions("b").await.unwrap(), [first, second]);
    assert!(extensions.revisions("c").await.unwrap().is_empty());
}

async fn a_component_is_found_by_its_digest(Fixture { stores, .. }: Fixture) {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
    let installed = stores.extensions.install(
        revision("a", "1"),
        Component::new(&bytes[..]),
        Role::Serving,
        "operator",
    );
    let digest = installed.await.unwrap().digest;
    let found = stores.extensions.component(&digest).await.unwrap();
    assert!(found.is_some_and(|found| found == bytes));
    assert_eq!(stores.extensions.component("00").await.unwrap(), None);
}

async fn a_deactivated_extension_keeps_its_revisions_and_their_count(
    Fixture { stores, .. }: Fixture,
) {
    let extensions = &stores.extensions;
    extensions
        .install(
            revision("a", "1"),
            Component::new(*b"one"),
            Role::Serving,
            "operator",
        )
        .await
        .unwrap();
    assert!(extensions.deactivate("a", "operator").await.unwrap());
    assert!(!extensions.deactivate("a", "operator").await.unwrap());
    assert!(extensions.activations().await.unwrap().is_empty());
    assert_eq!(extensions.revisions("a").await.unwrap().len(), 1);
    let again = extensions
        .install(
            revision("a", "1"),
            Component::new(*b"one"),
            Role::Serving,
            "operator",
        )
        .await
        .unwrap();
    assert_eq!(again.revision, 2);
}

async fn grants_are_changed_of_one_revision_only(Fixture { stores, .. }: Fixture) {
    let extensions = &stores.extensions;
    extensions
        .install(
            revision("a", "1"),
            Component::new(*b"one"),
            Role::Serving,
            "operator",
        )
        .await
        .unwrap();
    extensions
        .install(
            revision("a", "2"),
            Component::new(*b"two"),
            Role::Serving,
            "operator",
        )
        .await
        .unwrap();
    extensions
        .set_grants("a", 2, r#"{"read":[]}"#, "operator")
        .await
        .unwrap();
    let revisions = extensions.revisions("a").await.unwrap();
    let grants: Vec<_> = revisions.iter().map(|item| item.grants.as_str()).collect();
    assert_eq!(grants, ["{}", r#"{"read":[]}"#]);
    let missing = extensions.set_grants("a", 3, "{}", "operator").await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
}

/// What is active, as `REVISION ROLE`.
async fn roles(stores: &Stores) -> Vec<String> {
    let active = stores.extensions.activations().await.unwrap();
    active
        .iter()
        .map(|active| format!("{} {}", active.revision.revision, active.role.as_str()))
        .collect()
}

/// Installs versions of an extension as the ones that serve, one after the other.
async fn install_all(stores: &Stores, versions: &[&str]) -> Vec<Revision> {
    let mut all = Vec::new();
    for version in versions {
        let (new, component) = (revision("a", version), Component::new(version.as_bytes()));
        let installed = stores
            .extensions
            .install(new, component, Role::Serving, "me");
        all.push(installed.await.unwrap());
    }
    all
}

async fn a_role_moves_to_another_revision_and_one_always_serves(Fixture { stores, .. }: Fixture) {
    let extensions = &stores.extensions;
    let none = extensions.install(
        revision("a", "1"),
        Component::new(*b"one"),
        Role::Held,
        "me",
    );
    assert!(matches!(none.await, Err(StoreError::Invalid { .. })));
    assert!(extensions.revisions("a").await.unwrap().is_empty());
    install_all(&stores, &["1", "2", "3"]).await;
    let activate = async |revision, role| extensions.activate("a", revision, role, "me").await;
    activate(1, Role::Beside).await.unwrap();
    activate(2, Role::Beside).await.unwrap();
    assert_eq!(roles(&stores).await, ["1 beside", "2 beside", "3 serving"]);
    let canary = Role::Canary { share: 50 };
    activate(2, canary).await.unwrap();
    activate(1, canary).await.unwrap();
    assert_eq!(roles(&stores).await, ["1 canary", "3 serving"]);
    assert_eq!(extensions.activations().await.unwrap()[0].role, canary);
    for role in [Role::Held, Role::Canary { share: 1001 }] {
        let refused = activate(3, role).await;
        assert!(matches!(refused, Err(StoreError::Invalid { .. })));
    }
    let missing = activate(4, Role::Serving).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
    activate(1, Role::Serving).await.unwrap();
    assert_eq!(roles(&stores).await, ["1 serving"]);
    assert!(!extensions.retire("a", 1, "me").await.unwrap());
    activate(2, Role::Shadow).await.unwrap();
    assert!(extensions.retire("a", 2, "me").await.unwrap());
    assert!(!extensions.retire("a", 2, "me").await.unwrap());
    assert_eq!(roles(&stores).await, ["1 serving"]);
    let log = stores.audit.list(Some("a"), None, 3).await.unwrap().items;
    let log: Vec<_> = log.iter().map(|entry| &*entry.change.action).collect();
    assert_eq!(log, ["retire", "activate", "activate"]);
}

async fn a_held_revision_waits_until_it_is_approved_or_another_is_installed(
    Fixture { stores, .. }: Fixture,
) {
    let extensions = &stores.extensions;
    install_all(&stores, &["1"]).await;
    let held = async |version| {
        let held = extensions.install(
            revision("a", version),
            Component::new(*b"held"),
            Role::Held,
            "me",
        );
        held.await.unwrap()
    };
    assert_eq!(held("2").await.served_at, None);
    held("3").await;
    assert_eq!(roles(&stores).await, ["1 serving", "3 held"]);
    extensions.approve("a", 3, "[\"x\"]", "me").await.unwrap();
    assert_eq!(roles(&stores).await, ["3 serving"]);
    let revisions = extensions.revisions("a").await.unwrap();
    assert_eq!(revisions[2].grants, "[\"x\"]");
    let served: Vec<_> = revisions.iter().map(|r| r.served_at.is_some()).collect();
    assert_eq!(served, [true, false, true]);
    held("4").await;
    install_all(&stores, &["5"]).await;
    assert_eq!(roles(&stores).await, ["5 serving"]);
    let missing = extensions.approve("a", 9, "[]", "me").await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
}

async fn old_revisions_are_collected_unless_they_are_active_or_pinned(
    Fixture { stores, .. }: Fixture,
) {
    let extensions = &stores.extensions;
    let all = install_all(&stores, &["1", "2", "3", "1", "5", "6"]).await;
    extensions.pin("a", 2, true, "me").await.unwrap();
    extensions
        .activate("a", 3, Role::Beside, "me")
        .await
        .unwrap();
    assert_eq!(extensions.collect("a", 2).await.unwrap(), [1, 4]);
    assert_eq!(extensions.collect("a", 2).await.unwrap(), [0_u64; 0]);
    let left = extensions.revisions("a").await.unwrap();
    let numbers: Vec<_> = left.iter().map(|left| left.revision).collect();
    assert_eq!(numbers, [2, 3, 5, 6]);
    assert!(left[0].pinned && !left[1].pinned);
    // Revisions 1 and 4 were of one component.
    let component = async |at: usize| extensions.component(&all[at].digest).await.unwrap();
    assert!(component(0).await.is_none() && component(1).await.is_some());
    extensions.pin("a", 2, false, "me").await.unwrap();
    extensions.retire("a", 3, "me").await.unwrap();
    // The newest is kept, so that no number is given twice.
    assert_eq!(extensions.collect("a", 0).await.unwrap(), [2, 3, 5]);
    let missing = extensions.pin("a", 2, true, "me").await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
    let log = stores.audit.list(Some("a"), None, 1).await.unwrap().items;
    assert_eq!(
        log[0].change.before.as_deref(),
        Some("{\"revisions\":[2, 3, 5]}")
    );
}

async fn a_revision_is_deprecated_and_may_be_used_again(Fixture { stores, .. }: Fixture) {
    let extensions = &stores.extensions;
    install_all(&stores, &["1"]).await;
    let deprecate = async |revision, reason: Option<&str>| {
        let reason = reason.map(str::to_owned);
        extensions.deprecate("a", revision, reason, "me").await
    };
    deprecate(1, Some("it \"leaks\"")).await.unwrap();
    let revisions = extensions.revisions("a").await.unwrap();
    assert_eq!(revisions[0].deprecated.as_deref(), Some("it \"leaks\""));
    deprecate(1, None).await.unwrap();
    assert_eq!(extensions.revisions("a").await.unwrap()[0].deprecated, None);
    let missing = deprecate(2, None).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
    let log = stores.audit.list(Some("a"), None, 2).await.unwrap().items;
    let reason = "{\"revision\":1,\"reason\":\"it \\\"leaks\\\"\"}";
    assert_eq!(log[1].change.after.as_deref(), Some(reason));
    assert_eq!(log[0].change.action, "undeprecate");
}
