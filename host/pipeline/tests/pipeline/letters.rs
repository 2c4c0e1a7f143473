//! Dead letters that are driven again, each by the way on which it was given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use koi_pipeline::PipelineError;
use koi_rid::{EventType, Timestamp};
use koi_runtime::{GuestErrorKind, Outcome, Phase};
use koi_store::{Batch, DeadLetter, DeadLetterDraft, Op};
use tempfile::tempdir;

use super::support::{Fixture, failure, note, peer, start, unchanged};
use super::{NOTE, in_phase};

async fn the_letter(f: &Fixture) -> DeadLetter {
    loop {
        if let Some(letter) = f.letters().await.pop() {
            return letter;
        }
        tokio::task::yield_now().await;
    }
}

async fn buried(f: &Fixture, draft: DeadLetterDraft) -> u64 {
    let ops = vec![Op::Bury(draft)];
    f.stores.commits.commit(Batch { ops }).await.unwrap();
    the_letter(f).await.id
}

fn draft(phase: &str) -> DeadLetterDraft {
    DeadLetterDraft {
        arrival: note(NOTE, "old"),
        phase: phase.to_owned(),
        peer: None,
        extension: None,
        reason: "a reason".to_owned(),
        kind: "refused".to_owned(),
        at: Timestamp::now(),
    }
}

#[tokio::test]
async fn a_letter_of_the_final_phase_runs_that_phase_and_stays_until_it_passes() {
    let folder = tempdir().unwrap();
    let (works, ran) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let behaviour = in_phase(Phase::Final, {
        let (works, ran) = (works.clone(), ran.clone());
        move || {
            if !works.load(Ordering::SeqCst) {
                return Err(failure(GuestErrorKind::Permanent, "not today"));
            }
            ran.store(true, Ordering::SeqCst);
            Ok(Outcome::Unchanged)
        }
    });
    let f = start(folder.path(), behaviour, Vec::new()).await;
    f.intake.accept(vec![note(NOTE, "a")]).await.unwrap();
    let letter = the_letter(&f).await;
    let refused = f.pipeline.redrive(letter.id).await.unwrap_err();
    assert!(refused.to_string().contains("not today"), "{refused}");
    assert_eq!(the_letter(&f).await.id, letter.id);
    works.store(true, Ordering::SeqCst);
    f.pipeline.redrive(letter.id).await.unwrap();
    assert!(ran.load(Ordering::SeqCst));
    assert!(f.letters().await.is_empty());
    assert_eq!(f.title(NOTE).await.as_deref(), Some("a"));
}

#[tokio::test]
async fn of_what_a_peer_did_not_take_it_is_told_what_is_stored_now() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    let letter = DeadLetterDraft {
        peer: Some(peer()),
        ..draft("delivery")
    };
    let outbox = async || f.stores.outbox.next(&peer(), 0, 10).await.unwrap();
    let id = buried(&f, letter.clone()).await;
    f.pipeline.redrive(id).await.unwrap();
    assert_eq!(outbox().await[0].event.event_type, EventType::Forget);
    f.intake.accept(vec![note(NOTE, "now")]).await.unwrap();
    f.settled().await;
    let id = buried(&f, letter).await;
    f.pipeline.redrive(id).await.unwrap();
    let told = outbox().await.pop().unwrap().event;
    assert_eq!(told.contents.unwrap().as_str(), r#"{"title":"now"}"#);
    assert!(f.letters().await.is_empty());
}

#[tokio::test]
async fn an_old_publication_does_not_come_back_over_a_newer_one() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    let old = draft("bundle");
    f.intake.accept(vec![note(NOTE, "new")]).await.unwrap();
    f.settled().await;
    let id = buried(&f, old).await;
    let refused = f.pipeline.redrive(id).await;
    assert!(matches!(refused, Err(PipelineError::StillDead { .. })));
    assert_eq!(f.letters().await.len(), 1);
    assert_eq!(f.title(NOTE).await.as_deref(), Some("new"));
}
