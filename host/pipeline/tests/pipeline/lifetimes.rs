//! What is kept for a time only.

use koi_pipeline::Lifetimes;
use koi_rid::{RidType, Timestamp};

use super::*;

const SECOND: i64 = 1_000_000;

/// Notes are kept for an hour.
fn an_hour() -> Lifetimes {
    let rid_type = RidType::parse("orn:test.note").unwrap();
    Lifetimes::new([(rid_type, Duration::from_secs(3600))].into())
}

/// A note that has so many seconds left.
fn ending_in(reference: &str, seconds: i64) -> Arrival {
    let mut arrival = note(&format!("orn:test.note:{reference}"), "a");
    let at = Timestamp::now().to_micros() + (seconds - 3600) * SECOND;
    arrival.manifest.as_mut().unwrap().timestamp = Timestamp::from_micros(at);
    arrival
}

/// Tells every peer, and takes down of what it was told that it stays elsewhere.
struct Teller;

#[async_trait]
impl HostHandler for Teller {
    fn name(&self) -> &'static str {
        "teller"
    }

    fn phases(&self) -> &'static [Phase] {
        &[Phase::Network]
    }

    fn handles(&self, _rid_type: &str) -> bool {
        true
    }

    async fn handle(&self, object: &mut Object) -> Result<Flow, HandlerError> {
        let is_forget = object.knowledge.normalized == Some(EventType::Forget);
        if is_forget && !object.is_forgotten_here_alone {
            object.knowledge.network_targets = vec![peer()];
        }
        Ok(Flow::Continue)
    }
}

#[tokio::test]
async fn what_arrives_after_its_end_is_neither_stored_nor_a_dead_letter() {
    let folder = tempdir().unwrap();
    let f = start_with(folder.path(), unchanged(), Vec::new(), an_hour()).await;
    let mut listed = from_peer(ending_in("late", -1));
    listed.kind = ArrivalKind::Listed;
    // Nobody would be there to be asked for its contents.
    let mut bare = from_peer(ending_in("bare", -1));
    bare.contents = None;
    let arrivals = vec![listed, bare, from_peer(ending_in("fresh", 60))];
    f.intake.accept(arrivals).await.unwrap();
    assert!(f.letters().await.is_empty());
    assert_eq!(f.title("orn:test.note:late").await, None);
    assert_eq!(f.title("orn:test.note:bare").await, None);
    assert_eq!(f.title("orn:test.note:fresh").await.as_deref(), Some("a"));
}

#[tokio::test]
async fn what_meets_its_end_is_forgotten_and_told_if_it_was_born_here() {
    let folder = tempdir().unwrap();
    let handlers: Vec<Arc<dyn HostHandler>> = vec![Arc::new(Teller)];
    let mut f = start_with(folder.path(), unchanged(), handlers, an_hour()).await;
    // The later one first: the sooner end is not overslept.
    let kept = from_peer(ending_in("kept", 60));
    let arrivals = vec![kept, ending_in("own", 1), from_peer(ending_in("theirs", 1))];
    f.intake.accept(arrivals).await.unwrap();
    let mut forgotten = Vec::new();
    while forgotten.len() < 2 {
        let change = f.changes.recv().await.unwrap();
        if change.event_type == EventType::Forget {
            assert_eq!(change.source, None);
            forgotten.push(change.rid.reference().to_owned());
        }
    }
    forgotten.sort();
    assert_eq!(forgotten, ["own", "theirs"]);
    assert_eq!(f.title("orn:test.note:kept").await.as_deref(), Some("a"));
    let told = f.stores.outbox.next(&peer(), 0, 10).await.unwrap();
    let told: Vec<_> = told.iter().map(|told| told.event.rid.reference()).collect();
    assert_eq!(told, ["own"]);
    assert!(f.letters().await.is_empty());
}

#[tokio::test]
async fn what_met_its_end_while_nothing_ran_is_forgotten_at_the_start_over_pages() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    let old = (0..450).map(|n| ending_in(&format!("{n:03}"), n - 440));
    f.intake.accept(old.collect()).await.unwrap();
    f.settled().await;
    f.pipeline.drain(Duration::from_secs(5)).await;
    drop(f);
    let mut f = start_with(folder.path(), unchanged(), Vec::new(), an_hour()).await;
    for _ in 0..440 {
        assert_eq!(
            f.changes.recv().await.unwrap().event_type,
            EventType::Forget
        );
    }
    assert_eq!(f.title("orn:test.note:000").await, None);
    assert!(f.letters().await.is_empty());
}

#[tokio::test]
async fn what_was_renewed_before_it_is_forgotten_stays() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    let old = ending_in("1", -1);
    let named = old.manifest.clone();
    f.intake.accept(vec![old]).await.unwrap();
    f.settled().await;
    f.intake.accept(vec![note(NOTE, "b")]).await.unwrap();
    // As the host has it when it had looked before the renewal.
    let forget = Arrival {
        manifest: named,
        ..forgetting(rid(NOTE))
    };
    f.intake.accept(vec![forget]).await.unwrap();
    assert!(f.letters().await.is_empty());
    assert_eq!(f.title(NOTE).await.as_deref(), Some("b"));
}

#[tokio::test]
async fn what_a_handler_keeps_is_let_go_once_and_not_over_and_over() {
    let folder = tempdir().unwrap();
    let asked = Arc::new(AtomicU32::new(0));
    let counted = asked.clone();
    let behaviour: Behaviour = Arc::new(move |object| {
        if object.phase == Phase::Bundle && object.normalized == Some(EventType::Forget) {
            counted.fetch_add(1, Ordering::SeqCst);
            return Ok(Outcome::Stop("it is needed".to_owned()));
        }
        Ok(Outcome::Unchanged)
    });
    let mut f = start_with(folder.path(), behaviour, Vec::new(), an_hour()).await;
    // Others come to their end meanwhile.
    let ends = [("1", 1), ("2", 2), ("3", 4)];
    let arrivals = ends.map(|(reference, seconds)| ending_in(reference, seconds));
    f.intake.accept(arrivals.to_vec()).await.unwrap();
    while asked.load(Ordering::SeqCst) < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    f.settled().await;
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    assert_eq!(f.title(NOTE).await.as_deref(), Some("a"));
    assert_eq!(f.changes.recv().await.unwrap().event_type, EventType::New);
}
