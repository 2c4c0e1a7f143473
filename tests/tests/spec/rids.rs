//! Table 1.3: RIDs that are no fixed points of the reference's parse-and-print.

use koi_rid::{MAX_PYTHON_RID_BYTES, Rid};
use serde_json::json;

use crate::probe::{NOON, Probe, fetch_bundles, note};

/// What is sent, and what a real node makes of it.
const ROWS: [(&str, &str); 13] = [
    ("https://example.com/a?", "https://example.com/a"),
    ("https://example.com/a#", "https://example.com/a"),
    ("https:mailto:x", "https:x"),
    ("https://h/a\tb", "https://h/ab"),
    ("https://h/a\rb", "https://h/ab"),
    ("https://h/a\nb", "https://h/ab"),
    ("orn:github.issue:o/r:007", "orn:github.issue:o/r:7"),
    ("orn:github.pr:o/r:+7", "orn:github.pr:o/r:7"),
    ("orn:github.issue:o/r: 7", "orn:github.issue:o/r:7"),
    ("orn:github.issue:o/r:1_0", "orn:github.issue:o/r:10"),
    ("orn:hackmd.note:/abc", "orn:hackmd.note:abc"),
    ("orn:vector:https://h/a?", "orn:vector:https://h/a"),
    (
        "orn:normalized.text:orn:hackmd.note:/abc",
        "orn:normalized.text:orn:hackmd.note:abc",
    ),
];

/// Kept as they are: host case, `%7E`, ports, spaces and `//` paths.
const KEPT: [&str; 5] = [
    "https://EXAMPLE.com/a",
    "https://example.com/%7Ea",
    "https://example.com:8080/a",
    "https://example.com/a b",
    "https://example.com//a",
];

#[tokio::test]
async fn what_is_no_fixed_point_is_read_and_said_as_the_reference_says_it() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    for (sent, canonical) in ROWS.into_iter().chain(KEPT.map(|rid| (rid, rid))) {
        assert_eq!(Rid::parse(sent).unwrap().as_str(), canonical, "{sent:?}");
        let signed = fetch_bundles(canonical);
        let spelled = json!({"type": "fetch_bundles", "rids": [sent]}).to_string();
        let body = peer.seal_as(&signed, &spelled, probe.rid());
        let (status, body) = probe.post("/bundles/fetch", body).await;
        assert_eq!(status, 200, "{sent:?}: {body}");
        let answer = probe.believe(&peer, "/bundles/fetch", &body);
        assert_eq!(answer["not_found"], json!([canonical]), "{sent:?}");
    }
}

#[tokio::test]
async fn a_rid_that_would_stop_a_python_node_is_not_listed_for_others() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let of_length = |bytes: usize| {
        let prefix = "orn:test.note:";
        format!("{prefix}{}", "x".repeat(bytes - prefix.len()))
    };
    let (longest, longer) = (
        of_length(MAX_PYTHON_RID_BYTES),
        of_length(MAX_PYTHON_RID_BYTES + 1),
    );
    assert_eq!(MAX_PYTHON_RID_BYTES, 187);
    for rid in [&longer, &longest] {
        probe.tell(&peer, &[note(rid, NOON, r#"{"a":1}"#)]).await;
        probe.knows(rid).await;
    }
    let question = r#"{"type":"fetch_rids","rid_types":["orn:test.note"]}"#;
    let answer = probe.ask(&peer, "/rids/fetch", question).await;
    assert_eq!(answer["rids"], json!([longest]));
}
