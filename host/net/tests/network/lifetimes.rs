//! What is kept for a time only, among nodes of which others keep it for longer.

use super::support::{NOTE, Node, Plan, rid};
use koi_net::Role;
use koi_rid::{Bundle, Contents, Timestamp};
use koi_store::{Batch, Op};

/// A note that a node has since so many seconds.
async fn old_note(node: &Node, text: &str, seconds: i64) {
    let contents = Contents::parse(r#"{"title":"old"}"#).unwrap();
    let mut bundle = Bundle::generate(rid(text), contents);
    let at = Timestamp::now().to_micros() - seconds * 1_000_000;
    bundle.manifest.timestamp = Timestamp::from_micros(at);
    let op = Op::PutBundle {
        bundle,
        written_by: None,
        source: None,
    };
    node.stores
        .commits
        .commit(Batch { ops: vec![op] })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_newcomer_does_not_take_over_what_it_would_not_keep() {
    let coordinator = Plan::new("coordinator", Role::Coordinator)
        .owning(&[])
        .start()
        .await;
    let producer = Plan::new("producer", Role::Producer)
        .through(&coordinator)
        .start()
        .await;
    for number in 0..120 {
        let seconds = if number % 2 == 0 { 7200 } else { 60 };
        old_note(&producer, &format!("orn:test.note:{number:03}"), seconds).await;
    }
    let consumer = Plan::new("consumer", Role::Consumer)
        .through(&coordinator)
        .keeping_for(3600)
        .start()
        .await;
    let notes = async |node: &Node| {
        let counts = node.stores.bundles.count().await.unwrap();
        let notes = counts
            .into_iter()
            .find(|(rid_type, _)| *rid_type == rid(NOTE).rid_type());
        notes.map_or(0, |(_, notes)| notes)
    };
    consumer
        .until("what is young", async |node| notes(node).await == 60)
        .await;
    assert_eq!(consumer.title("orn:test.note:000").await, None);
    assert_eq!(
        consumer.title("orn:test.note:119").await.as_deref(),
        Some("old")
    );
    assert_eq!(
        consumer
            .stores
            .dead_letters
            .list(None, 9)
            .await
            .unwrap()
            .items
            .len(),
        0
    );
}

#[tokio::test]
async fn what_another_node_told_is_let_go_without_a_word_and_what_was_born_here_with_one() {
    let coordinator = Plan::new("coordinator", Role::Coordinator)
        .owning(&[])
        .start()
        .await;
    let passing = Plan::new("passing", Role::Producer)
        .through(&coordinator)
        .keeping_for(5)
        .start()
        .await;
    let keeping = Plan::new("keeping", Role::Producer)
        .through(&coordinator)
        .start()
        .await;
    keeping.subscribed_to(passing.rid()).await;
    passing.subscribed_to(keeping.rid()).await;
    let (theirs, own) = ("orn:test.note:theirs", "orn:test.note:own");
    keeping.publish(theirs, "theirs").await;
    passing.has(theirs, Some("theirs")).await;
    passing.publish(own, "own").await;
    keeping.has(own, Some("own")).await;
    passing.has(own, None).await;
    passing.has(theirs, None).await;
    keeping.has(own, None).await;
    // The end of what is theirs came first, and would have been told first.
    assert_eq!(keeping.title(theirs).await.as_deref(), Some("theirs"));
    for peer in passing.stores.outbox.peers().await.unwrap() {
        let waiting = passing.stores.outbox.next(&peer, 0, 100).await.unwrap();
        assert!(waiting.iter().all(|entry| entry.event.rid != rid(theirs)));
    }
}
