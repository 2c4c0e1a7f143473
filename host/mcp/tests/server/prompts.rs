//! Prompts and completion.

use koi_rid::EventType;
use serde_json::{Value, json};

use super::http::{Events, Served, serve};
use super::node::{Extension, Node};

async fn complete(served: &Served, reference: Value, argument: Value) -> Value {
    let params = json!({ "ref": reference, "argument": argument });
    let answer = served.modern("completion/complete", params).await;
    answer.reply().clone()
}

#[tokio::test]
async fn prompts_are_listed_in_the_order_of_their_names_with_all_that_they_say() {
    let served = serve(Node::usual()).await;
    let answer = served.modern("prompts/list", json!({})).await;
    let prompts = answer.result()["prompts"].as_array().unwrap();
    let names: Vec<_> = prompts
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["asks", "broken", "greet", "nobody", "trap"]);
    assert_eq!(prompts[2]["title"], "Greet");
    assert_eq!(
        prompts[2]["arguments"],
        json!([{ "name": "who", "description": "Whom", "required": true }, { "name": "how" }])
    );
    assert_eq!(answer.result()["cacheScope"], "private");
}

#[tokio::test]
async fn many_prompts_come_in_pages() {
    let served = serve(Node::usual()).await;
    let prompt = |n| json!({ "name": format!("prompt-{n:03}"), "description": "One of many" });
    let mut extension = Extension::of_tools("many", Vec::new());
    extension.prompts = (0..250).map(prompt).collect();
    served.node.install(vec![extension]);
    let (prompts, pages) = served.all("prompts/list", "prompts").await;
    assert_eq!((prompts.len(), pages), (250, 2));
}

#[tokio::test]
async fn a_prompt_is_made_of_its_arguments_in_both_eras() {
    let served = serve(Node::usual()).await;
    let params = json!({ "name": "greet", "arguments": { "who": "Bob" } });
    let expected = json!([{ "role": "user", "content": {
        "type": "text", "text": "greet: {\"who\":\"Bob\"}",
    }}]);
    let modern = served.modern("prompts/get", params.clone()).await;
    assert_eq!(modern.result()["messages"], expected);
    assert_eq!(modern.result()["resultType"], "complete");
    let session = served.session().await;
    let legacy = session.request("prompts/get", params).await;
    assert_eq!(legacy.result()["messages"], expected);
    assert_eq!(legacy.result().get("resultType"), None);
}

#[tokio::test]
async fn a_prompt_that_cannot_be_made_says_why() {
    let served = serve(Node::usual()).await;
    for (params, code, word) in [
        (json!({ "name": "none" }), -32602, "none"),
        (json!({ "name": "greet" }), -32602, "who"),
        (
            json!({ "name": "greet", "arguments": { "who": 7 } }),
            -32602,
            "who",
        ),
        (json!({ "name": "nobody" }), -32602, "nobody of that name"),
        (json!({ "name": "broken" }), -32603, "`broken` of usual"),
        (json!({ "name": "trap" }), -32603, "unreachable"),
    ] {
        let answer = served.modern("prompts/get", params.clone()).await;
        assert_eq!(answer.error()["code"], code, "{params}");
        let message = answer.error()["message"].as_str().unwrap();
        assert!(message.contains(word), "{params}: {message}");
    }
}

#[tokio::test]
async fn clients_of_both_eras_hear_that_the_prompts_have_changed_and_of_nothing_else() {
    let served = serve(Node::usual()).await;
    let session = served.session().await;
    let mut events = session.events().await;
    let filter =
        json!({ "notifications": { "promptsListChanged": true, "toolsListChanged": true } });
    let listen = served.open_modern("subscriptions/listen", filter).await;
    let mut listen = Events::of(listen);
    listen.next_method().await;
    let mut changed = Extension::usual();
    changed.prompts = json!([]);
    served.node.install(vec![changed]);
    let expected = "notifications/prompts/list_changed";
    assert_eq!(listen.next_method().await, expected);
    assert_eq!(events.next_method().await, expected);
}

#[tokio::test]
async fn an_extension_completes_what_is_its_own() {
    let served = serve(Node::usual()).await;
    let argument = json!({ "name": "who", "value": "B" });
    let params = json!({
        "ref": { "type": "ref/prompt", "name": "greet" },
        "argument": argument,
        "context": { "arguments": { "how": "loud" } },
    });
    let answer = served.modern("completion/complete", params).await;
    assert_eq!(
        answer.result()["completion"],
        json!({
            "values": ["prompt greet who B {\"arguments\":{\"how\":\"loud\"}}"],
            "total": 7,
            "hasMore": true,
        })
    );
    let template = json!({ "type": "ref/resource", "uri": "greeting:{name}" });
    let reply = complete(&served, template, json!({ "name": "name", "value": "x" })).await;
    assert_eq!(
        reply["result"]["completion"]["values"],
        json!(["resource-template greeting:{name} name x {\"arguments\":{}}"])
    );
}

#[tokio::test]
async fn the_reference_of_a_rid_type_is_completed_from_what_is_stored() {
    let served = serve(Node::usual()).await;
    for reference in ["apple", "apricot", "banana"] {
        let rid = format!("orn:test.note:{reference}");
        served.node.store(&rid, "{}", EventType::New).await;
    }
    let template = json!({ "type": "ref/resource", "uri": "orn:test.note:{+reference}" });
    let values = async |name: &str, value: &str| {
        let argument = json!({ "name": name, "value": value });
        let reply = complete(&served, template.clone(), argument).await;
        reply["result"]["completion"].clone()
    };
    assert_eq!(
        values("reference", "ap").await,
        json!({ "values": ["apple", "apricot"], "hasMore": false })
    );
    assert_eq!(values("reference", "c").await["values"], json!([]));
    assert_eq!(values("other", "ap").await["values"], json!([]));
    for n in 0..150 {
        let rid = format!("orn:test.note:many-{n:03}");
        served.node.store(&rid, "{}", EventType::New).await;
    }
    let many = values("reference", "many").await;
    assert_eq!(many["values"].as_array().unwrap().len(), 100);
    assert_eq!(many["hasMore"], true);
}

#[tokio::test]
async fn what_is_not_there_is_not_completed() {
    let served = serve(Node::usual()).await;
    for reference in [
        json!({ "type": "ref/prompt", "name": "none" }),
        json!({ "type": "ref/resource", "uri": "none:{x}" }),
        json!({ "type": "ref/resource", "uri": "orn:none:{+reference}" }),
    ] {
        let argument = json!({ "name": "x", "value": "" });
        let reply = complete(&served, reference.clone(), argument).await;
        assert_eq!(reply["error"]["code"], -32602, "{reference}");
    }
}
