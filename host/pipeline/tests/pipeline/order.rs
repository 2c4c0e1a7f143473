//! Which of two objects of one RID is the newer one, when clocks disagree.

use koi_rid::{EventType, Rid, Timestamp};
use koi_store::{Arrival, Batch, Op, Outgoing};
use tempfile::tempdir;

use super::NOTE;
use super::support::{from_peer, me, note, peer, rid, start, unchanged};

const HOUR: i64 = 3600 * 1_000_000;

/// An arrival as if its source's clock differed by that many microseconds.
fn at(mut arrival: Arrival, difference: i64) -> Arrival {
    let manifest = arrival.manifest.as_mut().unwrap();
    manifest.timestamp = Timestamp::from_micros(Timestamp::now().to_micros() + difference);
    arrival
}

fn told_by(source: &Rid, arrival: Arrival) -> Arrival {
    Arrival {
        source: Some(source.clone()),
        ..arrival
    }
}

#[tokio::test]
async fn a_publication_comes_after_what_a_peer_with_a_fast_clock_has_told() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    let theirs = at(from_peer(note(NOTE, "theirs")), HOUR);
    f.intake.accept(vec![theirs]).await.unwrap();
    f.intake.publish(vec![note(NOTE, "ours")]).await.unwrap();
    f.settled().await;
    assert_eq!(f.title(NOTE).await.as_deref(), Some("ours"));
    assert!(f.letters().await.is_empty());
}

#[tokio::test]
async fn what_is_days_ahead_is_refused() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    let theirs = at(from_peer(note(NOTE, "theirs")), 48 * HOUR);
    f.intake.accept(vec![theirs]).await.unwrap();
    assert_eq!(f.letters().await[0].kind, "of-the-future");
    assert_eq!(f.title(NOTE).await, None);
}

#[tokio::test]
async fn a_nodes_own_word_about_itself_replaces_hearsay_and_not_its_own_later_word() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    let node = peer();
    let gossip = rid("orn:koi-net.node:gossip+22");
    let about = |title| note(node.as_str(), title);
    let old = at(told_by(&node, about("long ago")), -HOUR);
    let arrivals = vec![
        told_by(&gossip, at(about("hearsay"), HOUR)),
        told_by(&node, about("itself")),
        old,
    ];
    f.intake.accept(arrivals).await.unwrap();
    f.settled().await;
    assert_eq!(f.title(node.as_str()).await.as_deref(), Some("itself"));
}

#[tokio::test]
async fn a_peer_is_not_told_what_it_has_told_something_newer_of() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    let waiting = |peer| {
        Op::Enqueue(Outgoing {
            peer,
            event: koi_rid::Event::of_rid(EventType::Forget, rid(NOTE)),
        })
    };
    let ops = vec![waiting(peer()), waiting(me())];
    f.stores.commits.commit(Batch { ops }).await.unwrap();
    f.intake
        .accept(vec![from_peer(note(NOTE, "again"))])
        .await
        .unwrap();
    f.settled().await;
    assert_eq!(f.stores.outbox.len(Some(&peer())).await.unwrap(), 0);
    assert_eq!(f.stores.outbox.len(None).await.unwrap(), 1);
}
