//! The table of all pairings, and what each of them has to stand.

use koi_tests::{Kind, Version, eventually};

use crate::pair::{Pair, TERM, edge_rid, rid};

macro_rules! pairings {
    ($($name:ident: $rust:ident and $python:ident),+ $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            converse(Pair::start(Kind::$rust, Kind::$python, Version::Current).await).await;
        })+
    };
}

pairings! {
    a_coordinator_of_ours_and_a_python_coordinator: Coordinator and Coordinator,
    a_coordinator_of_ours_and_a_full_python_node: Coordinator and Full,
    a_coordinator_of_ours_and_a_partial_python_node: Coordinator and Partial,
    a_full_node_of_ours_and_a_python_coordinator: Full and Coordinator,
    a_full_node_of_ours_and_a_full_python_node: Full and Full,
    a_full_node_of_ours_and_a_partial_python_node: Full and Partial,
    a_partial_node_of_ours_and_a_python_coordinator: Partial and Coordinator,
    a_partial_node_of_ours_and_a_full_python_node: Partial and Full,
}

async fn converse(pair: Pair) {
    pair.exchange().await;
    let pair = python_restarts(pair).await;
    let pair = ours_is_away_and_returns(pair).await;
    python_is_rejected_and_proposes_again(&pair).await;
    ours_is_rejected_and_proposes_again(&pair).await;
}

async fn python_restarts(pair: Pair) -> Pair {
    let pair = pair
        .python_restarts(|node| {
            let term = r#"{"term":"missed-by-python","meaning":"not lost"}"#;
            node.json(&["call", "define_term", "--args", term]);
        })
        .await;
    pair.python_knows("missed-by-python", "not lost").await;
    pair.greet("restarted").await;
    pair
}

/// A Python node that could not tell ours anything four times in a row forgets it, edges and all. A Python
/// coordinator then takes up its own edge again as ours still has it, tells ours after that to forget it, and
/// proposes none: it believes to be told of what nobody tells it. So it is let be.
async fn ours_is_away_and_returns(pair: Pair) -> Pair {
    let node = pair.node.rid.clone();
    let gives_up = pair.is_pushed_to() && pair.can_be_asked() && !pair.is_python_coordinator();
    let pair = pair
        .rust_returns(async |peer| {
            let contents =
                |meaning: &str| serde_json::json!({"term": "missed", "meaning": meaning});
            peer.push(&rid("missed"), contents("not lost")).await;
            if gives_up {
                let mut count = 0;
                eventually("Python to give up on ours", async || {
                    count += 1;
                    let more = serde_json::json!({"term": "more", "meaning": count.to_string()});
                    peer.push(&rid("more"), more).await;
                    peer.bundle(&node).await.is_none().then_some(())
                })
                .await;
            }
        })
        .await;
    if gives_up {
        pair.meet().await;
    }
    pair.greet("returned").await;
    pair.knows("missed", "not lost").await;
    pair
}

async fn python_is_rejected_and_proposes_again(pair: &Pair) {
    pair.python_proposes(&[TERM, "orn:test.unheard-of"]).await;
    let edge = edge_rid(&pair.node.rid, &pair.peer.rid);
    pair.peer.loses(&edge).await;
    eventually("the rejected edge gone from ours", async || {
        pair.node.read(&edge).is_none().then_some(())
    })
    .await;
    pair.python_proposes(&[TERM]).await;
    pair.peer.subscribes_to(&pair.node.rid, TERM).await;
    pair.defines("accepted-after-all", "hello");
    pair.python_knows("accepted-after-all", "hello").await;
}

/// A rejection is the word that the edge is to be forgotten.
async fn ours_is_rejected_and_proposes_again(pair: &Pair) {
    let edge = edge_rid(&pair.peer.rid, &pair.node.rid);
    pair.peer.forget(&edge).await;
    eventually("ours to hear of the rejection", async || {
        pair.node.read(&edge).is_none().then_some(())
    })
    .await;
    pair.node.json(&["network", "propose", &pair.peer.rid]);
    pair.peer.is_subscribed_by(&pair.node.rid, TERM).await;
    pair.python_defines("proposed-again", "hello").await;
    pair.knows("proposed-again", "hello").await;
}
