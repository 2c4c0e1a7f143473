//! The pipeline from its entrance to the store, its dead letters and its news.

// A test and what it builds on may stop at the first thing that is not as it should be. The lint's
// own setting for tests does not reach functions beside them.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod host;
mod letters;
mod lifetimes;
mod order;
mod starting;
#[path = "../support/mod.rs"]
mod support;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use koi_pipeline::{Change, Flow, HandlerError, HostHandler, Object, forgetting};
use koi_rid::{Bundle, Contents, EventType, Rid};
use koi_runtime::ports::{CallContext, CallKind};
use koi_runtime::{GuestErrorKind, Outcome, Phase, Replacement};
use koi_store::{Arrival, ArrivalKind, Outgoing};
use support::{Behaviour, failure, from_peer, me, note, peer, rid, start, start_with, unchanged};
use tempfile::tempdir;

const NOTE: &str = "orn:test.note:1";

/// In a phase, another behaviour.
fn in_phase(
    phase: Phase,
    behaviour: impl Fn() -> Result<Outcome, koi_runtime::CallError> + Send + Sync + 'static,
) -> Behaviour {
    Arc::new(move |object| {
        if object.phase == phase {
            behaviour()
        } else {
            Ok(Outcome::Unchanged)
        }
    })
}

fn replace(replacement: Replacement) -> Result<Outcome, koi_runtime::CallError> {
    Ok(Outcome::Replace(replacement))
}

#[tokio::test]
async fn an_accepted_object_is_stored_and_told_of() {
    let folder = tempdir().unwrap();
    let mut f = start(folder.path(), unchanged(), Vec::new()).await;
    f.intake
        .accept(vec![from_peer(note(NOTE, "a"))])
        .await
        .unwrap();
    let change = f.changes.recv().await.unwrap();
    assert_eq!(
        change,
        Change {
            rid: rid(NOTE),
            event_type: EventType::New,
            source: Some(peer())
        }
    );
    assert_eq!(f.title(NOTE).await.as_deref(), Some("a"));
    f.intake.accept(vec![note(NOTE, "b")]).await.unwrap();
    assert_eq!(
        f.changes.recv().await.unwrap().event_type,
        EventType::Update
    );
    f.intake
        .accept(vec![from_peer(forgetting(rid(NOTE)))])
        .await
        .unwrap();
    assert_eq!(
        f.changes.recv().await.unwrap().event_type,
        EventType::Forget
    );
    assert_eq!(f.title(NOTE).await, None);
    assert!(f.letters().await.is_empty());
}

#[tokio::test]
async fn objects_of_one_rid_pass_in_their_order() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    let mut arrivals = Vec::new();
    for round in 0..30 {
        for number in 0..5 {
            let text = format!("orn:test.note:{number}");
            arrivals.push(note(&text, &format!("round {round}")));
            arrivals.push(forgetting(rid(&text)));
        }
    }
    arrivals.push(note(NOTE, "last"));
    f.intake.accept(arrivals).await.unwrap();
    f.settled().await;
    assert_eq!(f.title(NOTE).await.as_deref(), Some("last"));
    assert_eq!(f.title("orn:test.note:0").await, None);
}

#[tokio::test]
async fn one_rid_that_waits_holds_no_other() {
    let folder = tempdir().unwrap();
    let behaviour: Behaviour = Arc::new(|object| {
        if object.rid.reference() == "stuck" {
            return Err(failure(GuestErrorKind::Transient, "not yet"));
        }
        Ok(Outcome::Unchanged)
    });
    let mut f = start(folder.path(), behaviour, Vec::new()).await;
    let arrivals = vec![note("orn:test.note:stuck", "a"), note(NOTE, "b")];
    f.intake.accept(arrivals).await.unwrap();
    assert_eq!(f.changes.recv().await.unwrap().rid, rid(NOTE));
}

#[tokio::test]
async fn a_transient_failure_is_tried_again() {
    let folder = tempdir().unwrap();
    let tries = Arc::new(AtomicU32::new(0));
    let counter = tries.clone();
    let behaviour = in_phase(Phase::Bundle, move || {
        if counter.fetch_add(1, Ordering::SeqCst) < 2 {
            return Err(failure(GuestErrorKind::Transient, "not yet"));
        }
        Ok(Outcome::Unchanged)
    });
    let mut f = start(folder.path(), behaviour, Vec::new()).await;
    f.intake.accept(vec![note(NOTE, "a")]).await.unwrap();
    f.changes.recv().await.unwrap();
    assert_eq!(tries.load(Ordering::SeqCst), 3);
    assert!(f.letters().await.is_empty());
}

#[tokio::test]
async fn what_fails_for_good_is_a_dead_letter_with_its_reason() {
    let folder = tempdir().unwrap();
    let behaviour = in_phase(Phase::Manifest, || {
        Err(failure(GuestErrorKind::Permanent, "nobody wants this"))
    });
    let f = start(folder.path(), behaviour, Vec::new()).await;
    let arrival = from_peer(note(NOTE, "a"));
    f.intake.accept(vec![arrival.clone()]).await.unwrap();
    let letters = f.letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].arrival, arrival);
    assert_eq!(letters[0].phase, "manifest");
    assert_eq!(letters[0].extension.as_deref(), Some("notes"));
    assert_eq!(letters[0].kind, "permanent");
    assert_eq!(letters[0].reason, "nobody wants this");
    assert_eq!(f.title(NOTE).await, None);
}

#[tokio::test]
async fn a_transient_failure_that_stays_is_a_dead_letter_and_can_be_redriven() {
    let folder = tempdir().unwrap();
    let tries = Arc::new(AtomicU32::new(0));
    let counter = tries.clone();
    let behaviour = in_phase(Phase::Network, move || {
        if counter.fetch_add(1, Ordering::SeqCst) < 4 {
            return Err(failure(GuestErrorKind::Transient, "not yet"));
        }
        Ok(Outcome::Unchanged)
    });
    let mut f = start(folder.path(), behaviour, Vec::new()).await;
    f.intake.accept(vec![note(NOTE, "a")]).await.unwrap();
    let letters = f.letters().await;
    assert_eq!((letters.len(), tries.load(Ordering::SeqCst)), (1, 4));
    f.pipeline.redrive(letters[0].id).await.unwrap();
    f.changes.recv().await.unwrap();
    assert_eq!(f.title(NOTE).await.as_deref(), Some("a"));
    assert!(f.letters().await.is_empty());
    assert!(f.pipeline.redrive(letters[0].id).await.is_err());
}

#[tokio::test]
async fn contents_that_do_not_fit_the_owners_schema_are_refused() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    let contents = Contents::parse(r#"{"name":"no title"}"#).unwrap();
    f.intake
        .accept(vec![koi_pipeline::publication(rid(NOTE), contents)])
        .await
        .unwrap();
    let letters = f.letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (&*letters[0].phase, &*letters[0].kind),
        ("bundle", "invalid-input")
    );
    assert!(letters[0].reason.contains("title"), "{}", letters[0].reason);
}

#[tokio::test]
async fn a_wrong_hash_or_anothers_manifest_is_refused() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    let mut tampered = from_peer(note(NOTE, "a"));
    tampered.contents = note(NOTE, "b").contents;
    let mut decoy = from_peer(note(NOTE, "a"));
    decoy.rid = rid("orn:test.note:decoy");
    f.intake.accept(vec![tampered, decoy]).await.unwrap();
    let mut kinds: Vec<_> = f
        .letters()
        .await
        .into_iter()
        .map(|letter| letter.kind)
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["hash-mismatch", "rid-mismatch"]);
    assert_eq!(f.stores.bundles.count().await.unwrap(), []);
}

#[tokio::test]
async fn an_object_of_a_type_that_nobody_owns_is_stored() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    let contents = Contents::parse(r#"{"any":1.0}"#).unwrap();
    let arrival = koi_pipeline::publication(rid("orn:unknown.thing:1"), contents);
    f.intake.accept(vec![from_peer(arrival)]).await.unwrap();
    f.settled().await;
    assert!(
        f.stores
            .bundles
            .read(&rid("orn:unknown.thing:1"))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_bundle_that_a_handler_rewrote_says_who_wrote_it() {
    let folder = tempdir().unwrap();
    let behaviour = in_phase(Phase::Bundle, || {
        replace(Replacement {
            contents: Some(r#"{"title":"rewritten"}"#.to_owned()),
            ..Replacement::default()
        })
    });
    let mut f = start(folder.path(), behaviour, Vec::new()).await;
    f.intake
        .accept(vec![from_peer(note(NOTE, "a"))])
        .await
        .unwrap();
    f.changes.recv().await.unwrap();
    let stored = f.stores.bundles.read(&rid(NOTE)).await.unwrap().unwrap();
    assert!(stored.bundle.hash_is_right());
    assert_eq!(stored.written_by.unwrap().extension, "notes");
    assert_eq!(f.title(NOTE).await.as_deref(), Some("rewritten"));
}

#[tokio::test]
async fn rewritten_contents_have_to_fit_the_schema_too() {
    let folder = tempdir().unwrap();
    let behaviour = in_phase(Phase::Bundle, || {
        let contents = Some(r#"{"name":"no title"}"#.to_owned());
        replace(Replacement {
            contents,
            ..Replacement::default()
        })
    });
    let f = start(folder.path(), behaviour, Vec::new()).await;
    f.intake.accept(vec![note(NOTE, "a")]).await.unwrap();
    assert_eq!(f.letters().await[0].kind, "invalid-input");
}

#[tokio::test]
async fn a_replacement_that_its_phase_does_not_have_is_refused() {
    let folder = tempdir().unwrap();
    let behaviour = in_phase(Phase::Network, || {
        let contents = Some(r#"{"title":"late"}"#.to_owned());
        replace(Replacement {
            contents,
            ..Replacement::default()
        })
    });
    let f = start(folder.path(), behaviour, Vec::new()).await;
    f.intake.accept(vec![note(NOTE, "a")]).await.unwrap();
    assert_eq!(f.letters().await[0].kind, "bad-replacement");
    assert_eq!(f.title(NOTE).await, None);
}

#[tokio::test]
async fn known_nodes_that_a_handler_names_are_told() {
    let folder = tempdir().unwrap();
    let behaviour = in_phase(Phase::Network, || {
        let unknown = rid("orn:koi-net.node:unknown+22");
        let targets = [peer(), me(), peer(), unknown, rid(NOTE)];
        let targets = targets.map(|target| target.to_string()).to_vec();
        replace(Replacement {
            network_targets: Some(targets),
            ..Replacement::default()
        })
    });
    let f = start(folder.path(), behaviour, Vec::new()).await;
    f.intake
        .accept(vec![note(peer().as_str(), "known")])
        .await
        .unwrap();
    f.settled().await;
    f.intake.accept(vec![note(NOTE, "a")]).await.unwrap();
    assert_eq!(
        Vec::from_iter(f.pipeline.deliveries().next().await),
        [peer()]
    );
    let waiting = f.stores.outbox.next(&peer(), 0, 10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].event.event_type, EventType::New);
    assert!(waiting[0].event.contents.is_some());
    assert_eq!(f.stores.outbox.peers().await.unwrap(), [peer()]);
}

#[tokio::test]
async fn a_stopped_object_is_neither_stored_nor_a_dead_letter() {
    let folder = tempdir().unwrap();
    let behaviour = in_phase(Phase::Rid, || Ok(Outcome::Stop("not for us".to_owned())));
    let f = start(folder.path(), behaviour, Vec::new()).await;
    f.intake
        .accept(vec![from_peer(note(NOTE, "a"))])
        .await
        .unwrap();
    assert!(f.letters().await.is_empty());
    assert_eq!(f.title(NOTE).await, None);
}

#[tokio::test]
async fn handlers_that_answer_each_other_end_among_the_dead_letters() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    f.intake
        .accept(vec![Arrival {
            depth: 9,
            ..note(NOTE, "a")
        }])
        .await
        .unwrap();
    f.intake
        .accept(vec![Arrival {
            depth: 8,
            ..note("orn:test.note:2", "b")
        }])
        .await
        .unwrap();
    let letters = f.letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (&*letters[0].kind, letters[0].arrival.depth),
        ("too-deep", 9)
    );
}

#[tokio::test]
async fn what_came_without_contents_is_fetched_from_its_source() {
    let folder = tempdir().unwrap();
    let mut f = start(folder.path(), unchanged(), Vec::new()).await;
    let complete = note(NOTE, "fetched");
    let bundle = Bundle {
        manifest: complete.manifest.clone().unwrap(),
        contents: complete.contents.clone().unwrap(),
    };
    f.elsewhere.0.lock().unwrap().insert(rid(NOTE), bundle);
    let bare = Arrival {
        manifest: None,
        contents: None,
        ..from_peer(complete)
    };
    let listed = Arrival {
        kind: ArrivalKind::Listed,
        ..bare.clone()
    };
    let gone = Arrival {
        rid: rid("orn:test.note:gone"),
        ..bare
    };
    f.intake.accept(vec![listed, gone]).await.unwrap();
    assert_eq!(f.changes.recv().await.unwrap().rid, rid(NOTE));
    assert_eq!(f.title(NOTE).await.as_deref(), Some("fetched"));
    assert!(f.letters().await.is_empty());
}

#[tokio::test]
async fn what_a_crash_left_in_the_inbox_is_processed_at_the_next_start() {
    let folder = tempdir().unwrap();
    {
        let stores = koi_store::sqlite::open(&folder.path().join("store.db")).unwrap();
        stores
            .inbox
            .accept(vec![note(NOTE, "a"), note("orn:test.note:2", "b")])
            .await
            .unwrap();
    }
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    f.settled().await;
    assert_eq!(f.title(NOTE).await.as_deref(), Some("a"));
    assert_eq!(f.title("orn:test.note:2").await.as_deref(), Some("b"));
}

#[tokio::test]
async fn nothing_enters_a_pipeline_that_drains() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    f.pipeline.drain(Duration::from_secs(5)).await;
    assert!(f.intake.accept(vec![note(NOTE, "a")]).await.is_err());
    assert!(f.intake.publish(vec![note(NOTE, "a")]).await.is_err());
}

#[tokio::test]
async fn what_a_guest_publishes_carries_its_writer_and_a_greater_depth() {
    let folder = tempdir().unwrap();
    let mut f = start(folder.path(), unchanged(), Vec::new()).await;
    let call = CallContext {
        extension: "other".into(),
        revision: 7,
        digest: "cd".repeat(32).into(),
        correlation: "c".into(),
        kind: CallKind::Handler,
        principal: None,
        cause: Some(rid("orn:test.note:cause")),
        depth: 8,
    };
    let contents = Contents::parse(r#"{"title":"from a guest"}"#).unwrap();
    let published = f
        .knowledge
        .publish(&call, rid(NOTE), contents.clone())
        .await
        .unwrap();
    let letters = f.letters().await;
    assert_eq!(letters[0].arrival.depth, 9);
    assert_eq!(letters[0].arrival.cause, call.cause);
    assert_eq!(letters[0].arrival.manifest.as_ref(), Some(&published));
    let call = CallContext {
        kind: CallKind::Tool,
        depth: 0,
        ..call
    };
    f.knowledge
        .publish(&call, rid(NOTE), contents)
        .await
        .unwrap();
    f.changes.recv().await.unwrap();
    let known = f.knowledge.read(&call, &rid(NOTE)).await.unwrap().unwrap();
    assert_eq!(known.written_by.unwrap().revision, 7);
    f.knowledge.forget(&call, &rid(NOTE)).await.unwrap();
    assert_eq!(
        f.changes.recv().await.unwrap().event_type,
        EventType::Forget
    );
}

#[tokio::test]
async fn what_is_not_stored_is_dereferenced_and_then_stored() {
    let folder = tempdir().unwrap();
    let mut f = start(folder.path(), unchanged(), Vec::new()).await;
    let complete = note(NOTE, "far");
    let bundle = Bundle {
        manifest: complete.manifest.unwrap(),
        contents: complete.contents.unwrap(),
    };
    f.elsewhere
        .0
        .lock()
        .unwrap()
        .insert(rid(NOTE), bundle.clone());
    let call = CallContext {
        extension: "other".into(),
        revision: 1,
        digest: "cd".repeat(32).into(),
        correlation: "c".into(),
        kind: CallKind::Tool,
        principal: None,
        cause: None,
        depth: 0,
    };
    let known = f
        .knowledge
        .dereference(&call, &rid(NOTE))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(known.bundle, bundle);
    let change = f.changes.recv().await.unwrap();
    assert_eq!((change.rid, change.source), (rid(NOTE), Some(peer())));
    let stored = f.stores.bundles.read(&rid(NOTE)).await.unwrap().unwrap();
    assert_eq!(stored.written_by, None);
    assert!(
        f.knowledge
            .dereference(&call, &rid("orn:x.y:1"))
            .await
            .unwrap()
            .is_none()
    );
}
