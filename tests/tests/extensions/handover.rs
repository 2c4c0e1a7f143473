//! What a singleton keeps in memory, over swaps, crashes and kills.

use koi_measure::calling::Calling;
use koi_tests::{Admin, Counting, Node, NodeBuilder};
use serde_json::json;
use tempfile::TempDir;

use crate::start;

const CALLERS: usize = 16;
const SWAPS: usize = 6;

fn tally(mark: char) -> Counting {
    Counting::singleton("tally", mark)
}

/// Does not go on from any state.
fn refusing() -> Counting {
    Counting {
        loads: false,
        ..tally('B')
    }
}

/// A node whose singletons save their state after every so many calls.
fn saving_every(calls: &str, folder: &TempDir) -> Node {
    NodeBuilder::new("node", &folder.path().join("node"))
        .env("KOI_MCP_RUNTIME__SAVE_EVERY", calls)
        .start()
}

async fn calling(node: &Node) -> Calling {
    Calling::connect(&node.mcp_url).await.unwrap()
}

/// The mark of who answered, and the count.
async fn call(calling: &mut Calling) -> (char, u64) {
    let answer = calling.call("tally", &json!({})).await.unwrap();
    Counting::read(&answer).unwrap_or_else(|| panic!("no revision's answer: {answer}"))
}

async fn install(node: &Node, revision: Counting) -> serde_json::Value {
    let admin = Admin::of(node).unwrap();
    admin.install(revision.bytes()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_goes_on_over_swaps_under_many_callers_and_none_is_lost_or_given_twice() {
    let folder = tempfile::tempdir().unwrap();
    // Nothing is saved but what a swap saves.
    let node = saving_every("1000000", &folder);
    let report = install(&node, tally('A')).await;
    assert_eq!(report["swap"]["state"], json!("none"));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let callers: Vec<_> = {
        let mut callers = Vec::new();
        for _ in 0..CALLERS {
            let (mut calling, stopped) = (calling(&node).await, stopped.clone());
            callers.push(tokio::spawn(async move {
                let mut counts = Vec::new();
                while !*stopped.borrow() {
                    counts.push(call(&mut calling).await.1);
                }
                counts
            }));
        }
        callers
    };
    let mut one = calling(&node).await;
    let mut counts = Vec::new();
    for swap in 0..SWAPS {
        let mark = ['B', 'A'][swap % 2];
        let report = install(&node, tally(mark)).await;
        assert_eq!(
            report["swap"]["state"],
            json!({"handed-over": {"bytes": 4}})
        );
        let (answered, count) = call(&mut one).await;
        assert_eq!(answered, mark, "after the swap only the new one answers");
        counts.push(count);
    }
    stop.send(true).unwrap();
    for caller in callers {
        counts.extend(caller.await.unwrap());
    }
    counts.sort_unstable();
    let expected: Vec<u64> = (1..=counts.len() as u64).collect();
    assert_eq!(counts, expected);
}

#[tokio::test]
async fn a_revision_that_refuses_the_state_is_not_installed_and_the_old_one_goes_on_counting() {
    let folder = tempfile::tempdir().unwrap();
    // The state is only there once it is handed over, so that nothing refuses it before.
    let node = saving_every("1000000", &folder);
    install(&node, tally('A')).await;
    let mut client = calling(&node).await;
    for expected in 1..=3 {
        assert_eq!(call(&mut client).await, ('A', expected));
    }
    let admin = Admin::of(&node).unwrap();
    let refused = admin.install(refusing().bytes()).await.unwrap_err();
    let text = refused.to_string();
    for part in [
        "does not go on from the state of the one that serves",
        "this count is none of mine",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(call(&mut client).await, ('A', 4));
    // What was saved for the handover is there after a crash.
    client.call("tally_crash", &json!({})).await.unwrap_err();
    assert_eq!(call(&mut client).await, ('A', 4), "the crash lost one call");
}

#[tokio::test]
async fn a_node_that_is_killed_loses_no_more_counts_than_it_was_told_not_to_save() {
    let folder = tempfile::tempdir().unwrap();
    let node = saving_every("5", &folder);
    install(&node, tally('A')).await;
    let mut client = calling(&node).await;
    let mut last = 0;
    for _ in 0..13 {
        last = call(&mut client).await.1;
    }
    assert_eq!(last, 13);
    node.process.kill();
    let node = saving_every("5", &folder);
    let (_, next) = call(&mut calling(&node).await).await;
    assert!(
        (last - 5 + 2..=last + 1).contains(&next),
        "{next} after {last}"
    );
}

#[tokio::test]
async fn a_node_that_stops_has_its_singletons_save_what_they_keep() {
    let folder = tempfile::tempdir().unwrap();
    let node = saving_every("1000000", &folder);
    install(&node, tally('A')).await;
    let mut client = calling(&node).await;
    for expected in 1..=3 {
        assert_eq!(call(&mut client).await, ('A', expected));
    }
    drop(client);
    assert_eq!(node.process.terminate(), Some(0));
    let node = saving_every("1000000", &folder);
    assert_eq!(call(&mut calling(&node).await).await, ('A', 4));
}

#[tokio::test]
async fn a_singleton_that_keeps_crashing_says_when_it_can_be_called_again_and_goes_on_from_its_state()
 {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder);
    install(&node, tally('A')).await;
    let mut client = calling(&node).await;
    assert_eq!(call(&mut client).await, ('A', 1));
    let mut said = Vec::new();
    // The second crash in a row has calls refused for a moment; on a machine that takes longer than that
    // from one call to the next, a later one does.
    while said.len() < 8 {
        let refused = client.call("tally_crash", &json!({})).await;
        said.push(refused.unwrap_err().to_string());
        if said
            .last()
            .is_some_and(|last| last.contains("it can be called again in"))
        {
            break;
        }
    }
    assert!(said[0].contains("the extension crashed"), "{said:?}");
    assert!(said[1].contains("the extension crashed"), "{said:?}");
    let last = said.last().unwrap();
    assert!(last.contains("times in a row"), "{said:?}");
    let next = koi_tests::eventually("another answer", async || {
        let answer = client.call("tally", &json!({})).await.ok()?;
        Counting::read(&answer)
    })
    .await;
    assert_eq!(next, ('A', 2));
}

#[tokio::test]
async fn what_is_no_singleton_hands_nothing_over_and_leaves_what_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let node = saving_every("1000000", &folder);
    install(&node, tally('A')).await;
    let mut client = calling(&node).await;
    assert_eq!(call(&mut client).await, ('A', 1));
    let fresh = Counting {
        singleton: false,
        ..tally('B')
    };
    let report = install(&node, fresh).await;
    assert_eq!(report["swap"]["state"], json!("none"));
    for _ in 0..2 {
        assert_eq!(call(&mut client).await, ('B', 1));
    }
    let report = install(&node, tally('A')).await;
    assert_eq!(report["swap"]["state"], json!("none"));
    assert_eq!(call(&mut client).await, ('A', 2), "from what was saved");
}
