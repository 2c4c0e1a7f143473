//! Python nodes of old versions, which drop what they do not know of a manifest before they verify
//! it, and print large floats in another way.

use koi_tests::{Kind, PeerBuilder, Version, eventually};
use serde_json::{Value, json};

use crate::pair::{Pair, TERM, rid};

macro_rules! old_peers {
    ($($name:ident: $rust:ident and $version:ident $python:ident),+ $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            exchange(Kind::$rust, Kind::$python, Version::$version).await;
        })+
    };
}

old_peers! {
    a_full_node_of_ours_and_a_coordinator_of_2_0_7: Full and V2_0_7 Coordinator,
    a_partial_node_of_ours_and_a_coordinator_of_2_0_7: Partial and V2_0_7 Coordinator,
    a_coordinator_of_ours_and_a_full_node_of_2_0_7: Coordinator and V2_0_7 Full,
    a_coordinator_of_ours_and_a_partial_node_of_2_0_7: Coordinator and V2_0_7 Partial,
    a_coordinator_of_ours_and_a_full_node_of_1_3_2: Coordinator and V1_3_2 Full,
    a_coordinator_of_ours_and_a_partial_node_of_1_3_2: Coordinator and V1_3_2 Partial,
}

/// A term with a float that versions print differently.
fn weighed(term: &str) -> Value {
    json!({"term": term, "meaning": "heavy", "weight": 1e17})
}

async fn exchange(rust: Kind, python: Kind, version: Version) {
    let early = json!({"rid": rid("early"), "contents": weighed("early")});
    let pair = Pair::begin(rust, python, version, &[early]);
    pair.meet().await;
    // Fetched, where a wrong signature would end the old node.
    if rust != Kind::Partial {
        pair.python_knows("early", "heavy").await;
    }
    let late = json!([{"rid": rid("late"), "contents": weighed("late")}]);
    let file = pair.node.data_dir.with_extension("late.json");
    std::fs::write(&file, late.to_string()).unwrap();
    pair.node.json(&["publish", file.to_str().unwrap()]);
    pair.python_knows("late", "heavy").await;
    pair.peer.push(&rid("theirs"), weighed("theirs")).await;
    pair.knows("theirs", "heavy").await;
    let pair = pair.python_restarts(|_| {}).await;
    pair.exchange().await;
}

/// Neither could talk to the other.
#[tokio::test]
async fn what_a_new_node_and_an_old_one_publish_reaches_both_through_ours() {
    let pair = Pair::start(Kind::Coordinator, Kind::Full, Version::V2_0_7).await;
    let folder = tempfile::tempdir().unwrap();
    let new = PeerBuilder::new(Kind::Full, "new", folder.path())
        .provides(TERM)
        .interest("orn:koi-net.node")
        .interest(TERM)
        .first_contact(&pair.node.rid, &pair.node.koi_url)
        .start();
    new.subscribes_to(&pair.node.rid, TERM).await;
    new.is_subscribed_by(&pair.node.rid, TERM).await;
    new.push(
        &rid("new"),
        json!({"term": "new", "meaning": "from the new"}),
    )
    .await;
    pair.python_knows("new", "from the new").await;
    // What the new one has signed is kept for those that verify it.
    let stored = pair.node.read(&rid("new")).unwrap();
    assert_eq!(
        stored["manifest"]["@context"],
        "orn:koi-net.context:manifest"
    );
    pair.python_defines("old", "from the old").await;
    eventually("the old node's term in the new one", async || {
        new.bundle(&rid("old")).await
    })
    .await;
}
