//! Table 4.5: what is answered to what is not served.

use reqwest::Method;
use serde_json::{Value, json};

use crate::probe::{NOON, Peer, Probe, event, events_payload, manifest, note};

const POLL: &str = r#"{"type":"poll_events","limit":0}"#;

/// The code of an `error_response`, which is told with 400, with other members that peers ignore.
async fn code(probe: &Probe, path: &str, body: String) -> String {
    let (status, body) = probe.post(path, body).await;
    assert_eq!(status, 400, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["type"], "error_response", "{body}");
    assert!(
        body["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{body}"
    );
    body["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_cannot_be_trusted_is_400_with_one_of_four_codes() {
    let probe = Probe::start();
    let (known, stranger) = (probe.meets("known").await, Peer::new("stranger"));
    let me = probe.rid();
    let unknown = stranger.seal(POLL, me);
    assert_eq!(code(&probe, "/events/poll", unknown).await, "unknown_node");
    let foreign = note(stranger.rid.as_str(), NOON, &known.profile(None));
    let foreign = stranger.seal(&events_payload(&[foreign]), me);
    assert_eq!(
        code(&probe, "/events/broadcast", foreign).await,
        "invalid_key"
    );
    let tampered = known.seal_as(POLL, r#"{"type":"poll_events","limit":1}"#, me);
    assert_eq!(
        code(&probe, "/events/poll", tampered).await,
        "invalid_signature"
    );
    let astray = known.seal(POLL, stranger.rid.as_str());
    assert_eq!(code(&probe, "/events/poll", astray).await, "invalid_target");
}

#[tokio::test]
async fn what_is_no_envelope_of_that_path_is_422_with_json() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let me = probe.rid();
    let rids = |rids: &str| peer.seal(&format!(r#"{{"type":"fetch_bundles","rids":{rids}}}"#), me);
    let no_node = peer.seal(POLL, "orn:test.note:1");
    let rows: [(&str, &str, String); 14] = [
        ("JSON", "/events/poll", String::new()),
        ("JSON", "/events/poll", "{".to_owned()),
        ("JSON", "/events/poll", format!("{}}}", peer.seal(POLL, me))),
        ("schema: not an object", "/events/poll", "[]".to_owned()),
        (
            "schema: no payload",
            "/events/poll",
            r#"{"signature":""}"#.to_owned(),
        ),
        (
            "schema: no signature",
            "/events/poll",
            peer.signed(POLL, me),
        ),
        (
            "schema: limit",
            "/events/poll",
            peer.seal(r#"{"type":"poll_events","limit":"x"}"#, me),
        ),
        (
            "schema: negative limit",
            "/events/poll",
            peer.seal(r#"{"type":"poll_events","limit":-1}"#, me),
        ),
        (
            "schema: event type",
            "/events/broadcast",
            peer.seal(
                &events_payload(&[event("orn:t.t:1", "new", None, None)]),
                me,
            ),
        ),
        (
            "schema: contents",
            "/events/broadcast",
            peer.seal(
                &events_payload(&[event("orn:t.t:1", "NEW", None, Some("[]"))]),
                me,
            ),
        ),
        ("RID syntax", "/bundles/fetch", rids(r#"["nocolon"]"#)),
        ("RID syntax", "/bundles/fetch", rids(r#"["orn:x:"]"#)),
        ("RID syntax: a node's", "/events/poll", no_node),
        (
            "wrong payload type for the path",
            "/rids/fetch",
            peer.seal(POLL, me),
        ),
    ];
    for (row, path, body) in rows {
        let (status, answer) = probe.post(path, body.clone()).await;
        assert_eq!(status, 422, "{row}: {body}: {answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let detail = &answer["detail"][0];
        assert!(
            detail["msg"].as_str().is_some_and(|text| !text.is_empty()),
            "{row}: {answer}"
        );
        assert!(answer.get("error").is_none(), "{row}: {answer}");
    }
}

#[tokio::test]
async fn no_content_type_is_wrong() {
    let probe = Probe::start();
    let peer = probe.meets("peer").await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/events/poll", probe.node.koi_url);
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/json; charset=utf-8"),
    ] {
        let mut request = http.post(&url).body(peer.seal(POLL, probe.rid()));
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        let status = request.send().await.unwrap().status();
        assert_eq!(status, 200, "{content_type:?}");
    }
}

#[tokio::test]
async fn where_the_reference_fails_with_500_this_node_says_what_is_wrong() {
    let probe = Probe::start();
    let me = probe.rid();
    let known = probe.meets("known").await;
    for signature in ["", "no base64", "AAAA"] {
        let body = known.with_signature(POLL, me, signature);
        assert_eq!(
            code(&probe, "/events/poll", body).await,
            "invalid_signature"
        );
    }
    let newcomer = Peer::new("newcomer");
    let introduced = |profile: &Value| {
        let introduction = note(newcomer.rid.as_str(), NOON, &profile.to_string());
        newcomer.seal(&events_payload(&[introduction]), me)
    };
    let good: Value = serde_json::from_str(&newcomer.profile(None)).unwrap();
    for (row, key) in [
        ("null", Value::Null),
        ("no base64", json!("?")),
        ("no key", json!("AAAA")),
        ("empty", json!("")),
    ] {
        let mut profile = good.clone();
        profile["public_key"] = key;
        let code = code(&probe, "/events/broadcast", introduced(&profile)).await;
        assert_eq!(code, "invalid_key", "public_key {row}");
    }
    for (row, profile) in [
        ("not a profile", json!({"a": 1})),
        (
            "lower-case type",
            json!({"node_type": "partial", "provides": {}, "public_key": good["public_key"]}),
        ),
    ] {
        let code = code(&probe, "/events/broadcast", introduced(&profile)).await;
        assert_eq!(code, "unknown_node", "{row}");
    }
    let contents = r#"{"a":"\udc00"}"#;
    let manifest = manifest("orn:t.t:1", NOON, "{}");
    let surrogate = event("orn:t.t:1", "NEW", Some(&manifest), Some(contents));
    let body = known.seal(&events_payload(&[surrogate]), me);
    assert_eq!(probe.post("/events/broadcast", body).await.0, 422);
}

#[tokio::test]
async fn what_is_no_endpoint_is_not_found_and_another_method_not_allowed() {
    let probe = Probe::start();
    let json = "application/json";
    for path in ["", "/", "/events", "/events/poll/", "/handshake"] {
        assert_eq!(probe.status(Method::POST, path, json).await, 404, "{path}");
    }
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let status = probe.status(method.clone(), "/events/poll", json).await;
        assert_eq!(status, 405, "{method}");
    }
}
