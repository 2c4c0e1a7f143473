use super::*;
use crate::{NewRevision, StoreError};

on_every_backend! {
    each_install_is_the_next_revision_and_the_active_one,
    a_component_is_found_by_its_digest,
    a_deactivated_extension_keeps_its_revisions_and_their_count,
    grants_are_changed_of_one_revision_only,
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
    }
}

async fn each_install_is_the_next_revision_and_the_active_one(Fixture { stores, .. }: Fixture) {
    let extensions = &stores.extensions;
    let first = extensions
        .install(revision("b", "1"), b"one", "operator")
        .await
        .unwrap();
    let second = extensions
        .install(revision("b", "2"), b"two", "operator")
        .await
        .unwrap();
    let other = extensions
        .install(revision("a", "1"), b"one", "operator")
        .await
        .unwrap();
    assert_eq!((first.revision, second.revision, other.revision), (1, 2, 1));
    assert_eq!(first.digest, other.digest);
    assert_eq!(
        first.digest,
        "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    );
    let active = extensions.active().await.unwrap();
    assert_eq!(active, [other, second.clone()]);
    assert_eq!(extensions.revisions("b").await.unwrap(), [first, second]);
    assert!(extensions.revisions("c").await.unwrap().is_empty());
}

async fn a_component_is_found_by_its_digest(Fixture { stores, .. }: Fixture) {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
    let installed = stores
        .extensions
        .install(revision("a", "1"), &bytes, "operator");
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
        .install(revision("a", "1"), b"one", "operator")
        .await
        .unwrap();
    assert!(extensions.deactivate("a", "operator").await.unwrap());
    assert!(!extensions.deactivate("a", "operator").await.unwrap());
    assert!(extensions.active().await.unwrap().is_empty());
    assert_eq!(extensions.revisions("a").await.unwrap().len(), 1);
    let again = extensions
        .install(revision("a", "1"), b"one", "operator")
        .await
        .unwrap();
    assert_eq!(again.revision, 2);
}

async fn grants_are_changed_of_one_revision_only(Fixture { stores, .. }: Fixture) {
    let extensions = &stores.extensions;
    extensions
        .install(revision("a", "1"), b"one", "operator")
        .await
        .unwrap();
    extensions
        .install(revision("a", "2"), b"two", "operator")
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
