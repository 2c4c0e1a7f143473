//! Resources: knowledge and what extensions add.

use koi_rid::EventType;
use serde_json::{Value, json};

use super::http::{Served, serve};
use super::node::{Extension, Node};

async fn store(served: &Served, rid: &str, contents: &str) {
    served.node.store(rid, contents, EventType::New).await;
}

fn uris(resources: &[Value]) -> Vec<&str> {
    resources
        .iter()
        .map(|resource| resource["uri"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn bundles_and_resources_of_extensions_are_one_list_in_order() {
    let served = serve(Node::usual()).await;
    store(&served, "orn:test.note:b", "{}").await;
    store(&served, "orn:test.note:a", "{}").await;
    store(&served, "orn:test.other:x", "{}").await;
    let (resources, pages) = served.all("resources/list", "resources").await;
    let expected = [
        "agent:asks",
        "agent:bob",
        "agent:gone",
        "agent:picture",
        "agent:trap",
        "orn:test.note:a",
        "orn:test.note:b",
    ];
    assert_eq!(uris(&resources), expected);
    assert_eq!(resources[5]["name"], "a");
    assert_eq!(resources[5]["mimeType"], "application/json");
    assert_eq!(pages, 1);
}

#[tokio::test]
async fn pages_of_the_merged_list_leave_nothing_out_and_give_nothing_twice() {
    let served = serve(Node::usual()).await;
    // Own resources before, between and behind the bundles, in several store pages.
    let own: Vec<String> = (0..330)
        .map(|n| match n % 3 {
            0 => format!("agent:{n:03}"),
            1 => format!("orn:test.notes-of-mine:{n:03}"),
            _ => format!("zebra:{n:03}"),
        })
        .collect();
    let listed: Vec<Value> = own
        .iter()
        .map(|uri| json!({ "uri": uri, "name": "n" }))
        .collect();
    let mut extension = Extension::usual();
    extension.resources = json!({ "resources": listed });
    extension.rid_types = vec!["orn:test.note", "orn:test.then"];
    served.node.install(vec![extension]);
    let mut expected = own;
    for n in 0..410 {
        let rid_type = if n % 2 == 0 { "note" } else { "then" };
        let rid = format!("orn:test.{rid_type}:{n:03}");
        store(&served, &rid, "{}").await;
        expected.push(rid);
    }
    expected.sort();
    let (resources, pages) = served.all("resources/list", "resources").await;
    assert_eq!(uris(&resources), expected);
    assert_eq!(pages, 4);
}

#[tokio::test]
async fn without_an_owner_of_rid_types_no_bundle_is_listed() {
    let served = serve(Node::usual()).await;
    store(&served, "orn:test.note:a", "{}").await;
    served.node.install(Vec::new());
    let (resources, _) = served.all("resources/list", "resources").await;
    assert_eq!(resources, Vec::<Value>::new());
    let answer = served
        .modern("resources/read", json!({ "uri": "orn:test.note:a" }))
        .await;
    assert_eq!(answer.error()["code"], -32602);
}

#[tokio::test]
async fn each_rid_type_is_a_template_beside_those_of_extensions() {
    let served = serve(Node::usual()).await;
    let answer = served.modern("resources/templates/list", json!({})).await;
    let templates = answer.result()["resourceTemplates"].as_array().unwrap();
    assert_eq!(templates.len(), 2);
    assert_eq!(templates[0]["uriTemplate"], "greeting:{name}");
    assert_eq!(templates[1]["uriTemplate"], "orn:test.note:{+reference}");
    assert_eq!(templates[1]["title"], "A thing");
}

#[tokio::test]
async fn a_bundle_is_read_as_it_was_written_with_its_manifest_and_writer() {
    let served = serve(Node::usual()).await;
    store(&served, "orn:test.note:a", r#"{"z":1.0,"a":[2]}"#).await;
    let answer = served
        .modern("resources/read", json!({ "uri": "orn:test.note:a" }))
        .await;
    let contents = &answer.result()["contents"][0];
    assert_eq!(contents["uri"], "orn:test.note:a");
    assert_eq!(contents["text"], r#"{"z":1.0,"a":[2]}"#);
    assert_eq!(contents["mimeType"], "application/json");
    assert_eq!(contents["_meta"]["manifest"]["rid"], "orn:test.note:a");
    assert_eq!(contents["_meta"]["written_by"]["extension"], "usual");
    assert_eq!(answer.result()["ttlMs"], 0);
}

#[tokio::test]
async fn what_an_extension_holds_is_read_from_it_as_text_or_bytes() {
    let served = serve(Node::usual()).await;
    for (uri, expected) in [
        (
            "agent:bob",
            json!({ "uri": "agent:bob", "mimeType": "text/plain", "text": "I am bob" }),
        ),
        (
            "greeting:eve",
            json!({ "uri": "greeting:eve", "mimeType": "text/plain", "text": "I am eve" }),
        ),
        (
            "agent:picture",
            json!({
                "uri": "agent:picture", "mimeType": "text/plain", "blob": "AQID",
                "_meta": { "dots": 1 },
            }),
        ),
    ] {
        let answer = served.modern("resources/read", json!({ "uri": uri })).await;
        assert_eq!(answer.result()["contents"], json!([expected]), "{uri}");
    }
}

#[tokio::test]
async fn where_there_is_nothing_the_error_names_the_uri_in_the_code_of_the_era() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    for uri in [
        "orn:test.note:none",
        "agent:gone",
        "file:///etc/passwd",
        "nonsense",
        "",
    ] {
        let answer = served.modern("resources/read", json!({ "uri": uri })).await;
        // A header cannot be empty: the transport refuses that one before it gets here.
        if !uri.is_empty() {
            assert_eq!(answer.error()["code"], -32602, "{uri}");
            assert_eq!(answer.error()["data"]["uri"], uri);
        }
        let answer = session
            .request("resources/read", json!({ "uri": uri }))
            .await;
        assert_eq!(answer.error()["code"], -32002, "{uri}");
    }
}

#[tokio::test]
async fn a_resource_whose_guest_crashes_is_an_internal_error() {
    let served = serve(Node::usual()).await;
    let answer = served
        .modern("resources/read", json!({ "uri": "agent:trap" }))
        .await;
    assert_eq!(answer.error()["code"], -32603);
}
