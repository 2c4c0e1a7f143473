//! Table 11.2: what stops a real node. Ours says why it does not take it, and goes on.

use koi_rid::Rid;
use koi_tests::{NodeBuilder, Port, eventually};
use koi_wire::{EDGE_TYPE, edge_rid};
use serde_json::{Value, json};

use crate::probe::{NOON, Peer, Probe, Puppet, event, manifest, note};

const CONTENTS: &str = r#"{"a":1}"#;

fn nothing_found(kind: &str, rid: &str) -> String {
    let (list, deferred) = match kind {
        "bundles" => ("bundles", r#","deferred":[]"#),
        _ => ("manifests", ""),
    };
    format!(r#"{{"type":"{kind}_payload","{list}":[],"not_found":["{rid}"]{deferred}}}"#)
}

#[tokio::test]
async fn a_manifest_or_bundle_that_is_told_of_and_not_found() {
    let probe = Probe::start();
    let puppet = Puppet::known_to(&probe, "puppet").await;
    let me = probe.rid().to_owned();
    let (alone, announced) = ("orn:test.note:alone", "orn:test.note:announced");
    let to = me.clone();
    puppet.answers("/manifests/fetch", move |peer| {
        (200, peer.seal(&nothing_found("manifests", alone), &to))
    });
    probe
        .tell(&puppet.peer, &[event(alone, "NEW", None, None)])
        .await;
    probe.stops(alone).await;
    puppet.answers("/bundles/fetch", move |peer| {
        (200, peer.seal(&nothing_found("bundles", announced), &me))
    });
    let manifest = manifest(announced, NOON, CONTENTS);
    probe
        .tell(
            &puppet.peer,
            &[event(announced, "NEW", Some(&manifest), None)],
        )
        .await;
    probe.stops(announced).await;
    probe.goes_on(&puppet.peer, 1).await;
}

#[tokio::test]
async fn a_fetch_that_is_answered_with_a_bad_signature_or_no_answer_at_all() {
    let probe = Probe::start();
    let puppet = Puppet::known_to(&probe, "puppet").await;
    type Reply = Box<dyn Fn(&Peer, &str) -> (u16, String) + Send>;
    let answered = |rid: &str| nothing_found("manifests", rid);
    // The last ones a real node survives, too.
    let rows: Vec<(&str, Reply)> = vec![
        (
            "bad signature",
            Box::new(move |peer: &Peer, to: &str| {
                let signature = peer.key.sign(b"something else").unwrap();
                (
                    200,
                    peer.with_signature(&answered("orn:test.note:x"), to, &signature),
                )
            }),
        ),
        (
            "no signature",
            Box::new(move |peer: &Peer, to: &str| {
                (200, peer.signed(&answered("orn:test.note:x"), to))
            }),
        ),
        (
            "for somebody else",
            Box::new(move |peer: &Peer, _: &str| {
                (
                    200,
                    peer.seal(&answered("orn:test.note:x"), peer.rid.as_str()),
                )
            }),
        ),
        (
            "another payload",
            Box::new(|peer: &Peer, to: &str| {
                (200, peer.seal(r#"{"type":"rids_payload","rids":[]}"#, to))
            }),
        ),
        (
            "500",
            Box::new(|_: &Peer, _: &str| (500, "Internal Server Error".to_owned())),
        ),
        (
            "400",
            Box::new(|_: &Peer, _: &str| {
                (
                    400,
                    r#"{"type":"error_response","error":"invalid_target"}"#.to_owned(),
                )
            }),
        ),
        (
            "an error nobody knows",
            Box::new(|_: &Peer, _: &str| {
                (
                    400,
                    r#"{"type":"error_response","error":"tired"}"#.to_owned(),
                )
            }),
        ),
        (
            "garbage",
            Box::new(|_: &Peer, _: &str| (200, "\u{fffd}{[".to_owned())),
        ),
        (
            "null",
            Box::new(|_: &Peer, _: &str| (200, "null".to_owned())),
        ),
    ];
    for (number, (row, reply)) in rows.into_iter().enumerate() {
        let rid = format!("orn:test.note:{number}");
        let to = probe.rid().to_owned();
        puppet.answers("/manifests/fetch", move |peer| reply(peer, &to));
        probe
            .tell(&puppet.peer, &[event(&rid, "NEW", None, None)])
            .await;
        let reason = probe.gives_up(&rid).await;
        assert!(!reason.is_empty(), "{row}");
        assert!(probe.node.read(&rid).is_none(), "{row}");
    }
    probe.goes_on(&puppet.peer, 1).await;
}

#[tokio::test]
async fn profiles_of_nodes_that_are_none() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let changed = |member: &str, value: Value| {
        let told = Peer::new("told");
        let mut profile: Value = serde_json::from_str(&told.profile(None)).unwrap();
        profile[member] = value;
        (told.rid.as_str().to_owned(), profile)
    };
    let (interesting, mut full) = changed("node_type", json!("FULL"));
    full["provides"] = json!({"event": ["orn:koi-net.node"], "state": ["orn:koi-net.node"]});
    let rows = [
        ("public_key: null", changed("public_key", Value::Null)),
        (
            "contents that are no profile",
            (Peer::new("told").rid.to_string(), json!({"a": 1})),
        ),
        ("lower-case enum", changed("node_type", json!("full"))),
        ("provides: null", changed("provides", Value::Null)),
        (
            "FULL, base_url: null, an interesting type",
            (interesting, full),
        ),
    ];
    for (row, (rid, profile)) in rows {
        probe
            .tell(&peer, &[note(&rid, NOON, &profile.to_string())])
            .await;
        assert!(!probe.gives_up(&rid).await.is_empty(), "{row}");
        assert!(probe.node.read(&rid).is_none(), "{row}");
    }
    probe.goes_on(&peer, 1).await;
}

#[tokio::test]
async fn an_edge_that_is_none() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let good = json!({"source": probe.rid(), "target": peer.rid.as_str(), "edge_type": "POLL",
                      "status": "PROPOSED", "rid_types": ["orn:koi-net.node"]});
    let changed = |member: &str, value: Value| {
        let mut edge = good.clone();
        edge[member] = value;
        edge
    };
    let rows = [
        json!({}),
        changed("source", Value::Null),
        changed("target", json!("orn:test.note:1")),
        changed("edge_type", json!("poll")),
        changed("status", json!("MAYBE")),
        changed("rid_types", json!("orn:koi-net.node")),
        changed("rid_types", json!(["nothing:"])),
    ];
    for (number, edge) in rows.into_iter().enumerate() {
        let rid = format!("{EDGE_TYPE}:{number}");
        probe
            .tell(&peer, &[note(&rid, NOON, &edge.to_string())])
            .await;
        assert!(!probe.gives_up(&rid).await.is_empty(), "{edge}");
        assert!(probe.node.read(&rid).is_none(), "{edge}");
    }
    let me = Rid::parse(probe.rid()).unwrap();
    let rid = edge_rid(&me, &peer.rid);
    probe
        .tell(&peer, &[note(rid.as_str(), NOON, &good.to_string())])
        .await;
    probe.knows(rid.as_str()).await;
}

#[tokio::test]
async fn a_time_without_an_offset_after_one_with() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let rid = "orn:test.note:1";
    probe.tell(&peer, &[note(rid, NOON, CONTENTS)]).await;
    probe.knows(rid).await;
    let naive = note(rid, "2026-01-03T00:00:00", r#"{"a":2}"#);
    let body = peer.seal(&crate::probe::events_payload(&[naive]), probe.rid());
    assert_eq!(probe.post("/events/broadcast", body).await.0, 422);
    let later = note(rid, "2026-01-04T00:00:00+01:00", r#"{"a":3}"#);
    probe.tell(&peer, &[later]).await;
    eventually("the later one", async || {
        (probe.node.read(rid)?["contents"]["a"] == 3).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_rid_longer_than_a_file_name() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let rid = format!("orn:test.note:{}", "é".repeat(200));
    probe.tell(&peer, &[note(&rid, NOON, CONTENTS)]).await;
    probe.knows(&rid).await;
    probe.goes_on(&peer, 1).await;
}

#[tokio::test]
async fn what_a_real_node_survives() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let me = probe.rid().to_owned();
    let wrong = "orn:test.note:wrong";
    let zeros = format!(
        r#"{{"rid":"{wrong}","timestamp":"{NOON}","sha256_hash":"{}"}}"#,
        "0".repeat(64)
    );
    probe
        .tell(
            &peer,
            &[
                event(wrong, "NEW", Some(&zeros), Some(CONTENTS)),
                event("orn:test.note:unknown", "FORGET", None, None),
                event(&me, "FORGET", None, None),
            ],
        )
        .await;
    probe.gives_up(wrong).await;
    probe.goes_on(&peer, 1).await;
    assert!(probe.node.read(&me).is_some());
    for (number, url) in [
        "http://",
        "http://[",
        "http://h:99999/",
        "https://ex ample/",
    ]
    .into_iter()
    .enumerate()
    {
        let odd = Peer::new(&format!("odd{number}"));
        let introduction = odd.introduction(Some(url));
        let body = odd.seal(&crate::probe::events_payload(&[introduction]), &me);
        let (status, answer) = probe.post("/events/broadcast", body).await;
        assert!(status < 500, "{url}: {answer}");
        probe.goes_on(&peer, 2 + number).await;
    }
}

#[tokio::test]
async fn a_first_contact_that_is_down_or_refuses_at_the_start() {
    let probe = Probe::start();
    let folder = tempfile::tempdir().unwrap();
    let vacant = Port::keep();
    let down = format!("http://{}/koi-net", vacant.address());
    let stranger = Peer::new("stranger");
    let rows = [
        ("down", down, stranger.rid.as_str()),
        // Another node than the one that is named is there, and refuses what is for that.
        ("refuses", probe.node.koi_url.clone(), stranger.rid.as_str()),
    ];
    for (row, url, rid) in rows {
        let args = ["--first-contact", &url, "--first-contact-rid", rid];
        let node = NodeBuilder::new("newcomer", &folder.path().join(row))
            .args(args)
            .start();
        assert!(node.read(&node.rid).is_some(), "{row}");
        eventually("a line about the first contact", async || {
            node.log()
                .contains("the first contact has not let this node in")
                .then_some(())
        })
        .await;
        assert_eq!(node.process.terminate(), Some(0), "{row}");
    }
}
