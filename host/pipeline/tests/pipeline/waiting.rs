//! Objects of an extension that is installed and does not run.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use koi_pipeline::Lifetimes;
use koi_rid::Timestamp;
use koi_runtime::{Outcome, Phase};
use koi_store::Arrival;
use tempfile::tempdir;

use super::NOTE;
use super::support::{FakeLoader, Fixture, from_peer, note, notes, open, start, unchanged};

/// As many wait for one extension.
const BOUND: usize = 10_000;

/// What a handler has seen in its Bundle phase.
type Seen = Arc<Mutex<Vec<String>>>;

/// A node whose extension was installed in an earlier run and cannot be loaded now.
async fn broken(folder: &Path) -> (Fixture, Arc<AtomicBool>, Seen) {
    let before = start(folder, unchanged(), Vec::new()).await;
    before.pipeline.drain(Duration::from_secs(10)).await;
    again(folder, true).await
}

async fn again(folder: &Path, is_broken: bool) -> (Fixture, Arc<AtomicBool>, Seen) {
    let (broken, seen) = (Arc::new(AtomicBool::new(is_broken)), Seen::default());
    let sees = seen.clone();
    let loader = FakeLoader {
        behaviour: Arc::new(move |object| {
            if object.phase == Phase::Bundle {
                let contents = object.contents.as_ref().unwrap();
                sees.lock().unwrap().push(contents.as_str().to_owned());
            }
            Ok(Outcome::Unchanged)
        }),
        broken: broken.clone(),
    };
    let opened = open(folder, loader, None, Vec::new(), Lifetimes::default());
    (opened.await, broken, seen)
}

/// Something that no extension has a say in; what is put after the others is done when it is stored.
const OTHER: &str = "orn:test.other:1";

async fn put(f: &mut Fixture, arrivals: Vec<Arrival>) {
    for arrival in arrivals {
        f.intake.accept(vec![from_peer(arrival)]).await.unwrap();
    }
    // Another one each time: what is stored already would be no change.
    let other = note(OTHER, &Timestamp::now().to_micros().to_string());
    f.intake.accept(vec![from_peer(other)]).await.unwrap();
    while f.changes.recv().await.unwrap().rid.as_str() != OTHER {}
}

#[tokio::test]
async fn objects_wait_in_their_order_until_the_extension_runs_and_hold_up_nobody_else() {
    let folder = tempdir().unwrap();
    let (mut f, broken, seen) = broken(folder.path()).await;
    let arrivals = ["first", "second", "third"].map(|title| note(NOTE, title));
    put(&mut f, arrivals.to_vec()).await;
    assert_eq!(f.title(NOTE).await, None);
    assert_eq!(f.stores.inbox.len().await.unwrap(), 3);

    broken.store(false, Ordering::Relaxed);
    f.registry.install(notes()).await.unwrap();
    f.intake
        .accept(vec![from_peer(note(NOTE, "fourth"))])
        .await
        .unwrap();
    assert!(f.letters().await.is_empty());
    assert_eq!(f.title(NOTE).await.as_deref(), Some("fourth"));
    let titles = ["first", "second", "third", "fourth"];
    let expected: Vec<String> = titles
        .map(|title| format!(r#"{{"title":"{title}"}}"#))
        .to_vec();
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn what_waits_is_there_after_a_restart_and_passes_when_the_extension_is_removed() {
    let folder = tempdir().unwrap();
    let (mut f, ..) = broken(folder.path()).await;
    put(&mut f, vec![note(NOTE, "kept")]).await;
    f.pipeline.drain(Duration::from_secs(10)).await;
    drop(f);

    let (mut f, _, seen) = again(folder.path(), true).await;
    put(&mut f, Vec::new()).await;
    assert_eq!(f.title(NOTE).await, None);
    f.registry.remove("notes", "operator").await.unwrap();
    f.settled().await;
    assert_eq!(f.title(NOTE).await.as_deref(), Some("kept"));
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_too_much_to_wait_is_a_dead_letter_that_can_be_driven_again() {
    let folder = tempdir().unwrap();
    let (mut f, broken, _) = broken(folder.path()).await;
    let all = (0..=BOUND).map(|number| from_peer(note(&format!("orn:test.note:{number}"), "n")));
    f.intake.accept(all.collect()).await.unwrap();
    put(&mut f, Vec::new()).await;
    let letter = loop {
        let letters = f.stores.dead_letters.list(None, 10).await.unwrap().items;
        if let [letter] = letters.as_slice() {
            break letter.clone();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(letter.kind, "not-running");
    assert_eq!(letter.extension.as_deref(), Some("notes"));
    assert_eq!(f.stores.inbox.len().await.unwrap(), BOUND as u64);

    broken.store(false, Ordering::Relaxed);
    f.registry.install(notes()).await.unwrap();
    f.settled().await;
    f.pipeline.redrive(letter.id).await.unwrap();
    f.settled().await;
    let rid = letter.arrival.rid.as_str();
    assert_eq!(f.title(rid).await.as_deref(), Some("n"));
}
