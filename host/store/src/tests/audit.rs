use super::*;
use crate::{AuditDraft, Component, NewRevision, Role};

on_every_backend! {
    what_is_done_to_an_extension_is_recorded_with_who_did_it,
    the_log_is_read_by_pages_and_by_extension,
}

fn revision(grants: &str) -> NewRevision {
    NewRevision {
        extension: "a".to_owned(),
        version: "1.0.0".to_owned(),
        description: "{}".to_owned(),
        grants: grants.to_owned(),
        settings: "{}".to_owned(),
        tool_prefix: String::new(),
        source: "a \"file\"".to_owned(),
        publisher: None,
    }
}

async fn what_is_done_to_an_extension_is_recorded_with_who_did_it(Fixture { stores, .. }: Fixture) {
    let extensions = &stores.extensions;
    extensions
        .install(
            revision("[]"),
            Component::new(*b"one"),
            Role::Serving,
            "operator",
        )
        .await
        .unwrap();
    extensions
        .set_grants("a", 1, "[\"x\"]", "alice")
        .await
        .unwrap();
    extensions.deactivate("a", "drop-folder").await.unwrap();
    // What changes nothing is not recorded.
    extensions.deactivate("a", "operator").await.unwrap();
    assert!(extensions.set_grants("a", 9, "[]", "alice").await.is_err());

    let entries = stores.audit.list(None, None, 10).await.unwrap().items;
    let seen: Vec<_> = entries
        .iter()
        .map(|entry| (&*entry.change.who, &*entry.change.action))
        .collect();
    assert_eq!(
        seen,
        [
            ("drop-folder", "remove"),
            ("alice", "grants"),
            ("operator", "install")
        ]
    );
    let change = |index: usize| &entries[index].change;
    assert_eq!(change(1).before.as_deref(), Some("[]"));
    assert_eq!(change(1).after.as_deref(), Some("[\"x\"]"));
    assert_eq!(change(2).before, None);
    let installed = "{\"revision\":1,\"version\":\"1.0.0\",\"digest\":\"7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed\",\"source\":\"a \\\"file\\\"\",\"grants\":";
    assert_eq!(change(2).after, Some(format!("{installed}[]}}")));
    assert_eq!(change(0).before, Some(format!("{installed}[\"x\"]}}")));
    assert_eq!(change(0).after, None);
}

async fn the_log_is_read_by_pages_and_by_extension(Fixture { stores, .. }: Fixture) {
    for number in 0..5 {
        let change = AuditDraft {
            who: "operator".to_owned(),
            action: format!("act-{number}"),
            extension: (number % 2 == 0).then(|| "a".to_owned()),
            before: None,
            after: None,
        };
        stores.audit.record(change).await.unwrap();
    }
    let first = stores.audit.list(Some("a"), None, 2).await.unwrap();
    let rest = stores.audit.list(Some("a"), first.next, 2).await.unwrap();
    let actions: Vec<_> = first
        .items
        .iter()
        .chain(&rest.items)
        .map(|entry| entry.change.action.as_str())
        .collect();
    assert_eq!(actions, ["act-4", "act-2", "act-0"]);
    assert_eq!(rest.next, None);
    assert!(stores.audit.list(None, Some("x".into()), 2).await.is_err());
}
