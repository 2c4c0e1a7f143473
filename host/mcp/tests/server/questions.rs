//! A guest asks its caller in the middle of its work.

use std::time::Duration;

use koi_mcp_server::{McpOptions, OpenCallOptions};
use serde_json::{Value, json};

use super::http::{Answer, Served, serve};
use super::node::Node;

/// Offers all that a client can be asked.
fn offers() -> Value {
    json!({ "elicitation": { "form": {}, "url": {} }, "sampling": {}, "roots": {} })
}

fn meta(offers: &Value) -> Value {
    json!({ "io.modelcontextprotocol/clientCapabilities": offers })
}

fn call(tool: &str) -> Value {
    json!({ "name": tool, "arguments": {}, "_meta": meta(&offers()) })
}

fn asks(questions: Value) -> Value {
    let arguments = json!({ "questions": questions });
    json!({ "name": "ask", "arguments": arguments, "_meta": meta(&offers()) })
}

/// The same request with answers to what it was answered with.
fn with(request: &Value, asked: &Answer, responses: Value) -> Value {
    let mut retry = request.clone();
    retry["inputResponses"] = responses;
    retry["requestState"] = asked.result()["requestState"].clone();
    retry
}

fn filled(name: &str) -> Value {
    json!({ "action": "accept", "content": { "name": name } })
}

fn keys(answer: &Answer) -> Vec<String> {
    let result = answer.result();
    assert_eq!(result["resultType"], "input_required", "{result}");
    assert!(result["requestState"].is_string());
    let requests = result["inputRequests"].as_object().unwrap();
    requests.keys().cloned().collect()
}

async fn tool(served: &Served, request: &Value) -> Answer {
    served.modern("tools/call", request.clone()).await
}

async fn with_calls(calls: OpenCallOptions) -> Served {
    let options = McpOptions {
        calls,
        ..McpOptions::default()
    };
    serve(Node::with(options)).await
}

#[tokio::test]
async fn a_modern_client_gets_the_questions_and_its_answers_go_to_the_guest_that_asked() {
    let served = serve(Node::usual()).await;
    let request = call("ask");
    let asked = tool(&served, &request).await;
    assert_eq!(keys(&asked), ["user_name"]);
    let question = &asked.result()["inputRequests"]["user_name"];
    assert_eq!(question["method"], "elicitation/create");
    assert_eq!(
        question["params"]["requestedSchema"]["required"],
        json!(["name"])
    );
    let given = json!({ "user_name": filled("Alice"), "superfluous": 7 });
    let answer = tool(&served, &with(&request, &asked, given)).await;
    assert_eq!(
        answer.result()["structuredContent"],
        json!({ "user_name": filled("Alice") })
    );
    assert_eq!(answer.result()["resultType"], "complete");
    assert_eq!(served.node.asked(), 1);
}

#[tokio::test]
async fn questions_of_all_kinds_are_asked_at_once() {
    let served = serve(Node::usual()).await;
    let request = asks(json!({
        "form": { "method": "elicitation/create", "params": {
            "message": "Pick", "requestedSchema": { "type": "object", "properties": {
                "colour": { "type": "string", "enum": ["red", "blue"] },
            }},
        }},
        "page": { "method": "elicitation/create", "params": {
            "mode": "url", "message": "Look", "url": "https://example.com/", "elicitationId": "1",
        }},
        "model": { "method": "sampling/createMessage", "params": {
            "messages": [{ "role": "user", "content": { "type": "text", "text": "Well?" } }],
            "maxTokens": 10,
        }},
        "roots": { "method": "roots/list" },
    }));
    let asked = tool(&served, &request).await;
    assert_eq!(keys(&asked), ["form", "model", "page", "roots"]);
    let given = json!({
        "form": { "action": "accept", "content": { "colour": "red" } },
        "page": { "action": "decline" },
        "model": {
            "role": "assistant", "content": { "type": "text", "text": "Yes" }, "model": "m",
        },
        "roots": { "roots": [{ "uri": "file:///a", "name": "a" }] },
    });
    let answer = tool(&served, &with(&request, &asked, given.clone())).await;
    assert_eq!(answer.result()["structuredContent"], given);
}

#[tokio::test]
async fn what_has_no_answer_or_none_that_fits_is_asked_again_and_what_has_one_is_not() {
    let served = serve(Node::usual()).await;
    let form = |name: &str| {
        let schema = json!({ "type": "object", "properties": { name: { "type": "integer" } } });
        let params = json!({ "message": "How many?", "requestedSchema": schema });
        json!({ "method": "elicitation/create", "params": params })
    };
    let number = |name: &str, n: Value| json!({ "action": "accept", "content": { name: n } });
    let request = asks(json!({ "a": form("a"), "b": form("b") }));
    let asked = tool(&served, &request).await;
    let given = json!({ "a": number("a", json!(1)), "b": number("b", json!("many")) });
    let again = tool(&served, &with(&request, &asked, given)).await;
    assert_eq!(keys(&again), ["b"]);
    let once_more = tool(&served, &with(&request, &again, json!({ "wrong": {} }))).await;
    assert_eq!(keys(&once_more), ["b"]);
    let given = json!({ "b": number("b", json!(2)) });
    let answer = tool(&served, &with(&request, &once_more, given)).await;
    let answers = &answer.result()["structuredContent"];
    assert_eq!(answers["a"]["content"]["a"], 1);
    assert_eq!(answers["b"]["content"]["b"], 2);
}

#[tokio::test]
async fn what_is_no_answer_at_all_is_an_error_and_the_question_waits() {
    let served = serve(Node::usual()).await;
    let request = call("ask");
    let asked = tool(&served, &request).await;
    for given in [json!(12345), json!([]), json!({ "action": "perhaps" })] {
        let given = json!({ "user_name": given });
        let answer = tool(&served, &with(&request, &asked, given)).await;
        assert_eq!(answer.error()["code"], -32602);
        let message = answer.error()["message"].as_str().unwrap();
        assert!(message.contains("user_name"), "{message}");
    }
    let given = json!({ "user_name": { "action": "cancel" } });
    let answer = tool(&served, &with(&request, &asked, given)).await;
    assert_eq!(answer.result()["isError"], false);
}

#[tokio::test]
async fn answers_that_come_with_the_first_request_are_heeded_where_they_are_some() {
    let served = serve(Node::usual()).await;
    let mut request = call("ask");
    request["inputResponses"] = json!({ "user_name": filled("Alice"), "unknown": filled("x") });
    let answer = tool(&served, &request).await;
    assert_eq!(answer.result()["resultType"], "complete");
    for responses in [
        json!({ "wrong": filled("x") }),
        json!({ "user_name": 12345 }),
        Value::Null,
    ] {
        request["inputResponses"] = responses;
        let answer = tool(&served, &request).await;
        assert_eq!(keys(&answer), ["user_name"]);
    }
}

#[tokio::test]
async fn a_client_hears_of_a_call_whether_its_answers_came_at_once_or_later() {
    let served = serve(Node::usual()).await;
    let mut request = call("ask-steps");
    request["_meta"]["progressToken"] = json!("p1");
    let heard = |answer: &Answer| {
        let progress = |message: &&Value| message["method"] == "notifications/progress";
        answer.messages.iter().filter(progress).count()
    };
    let asked = tool(&served, &request).await;
    assert_eq!(heard(&asked), 0);
    let responses = json!({ "user_name": filled("Alice") });
    let later = tool(&served, &with(&request, &asked, responses.clone())).await;
    assert_eq!(heard(&later), 1, "{:?}", later.messages);
    request["inputResponses"] = responses;
    let at_once = tool(&served, &request).await;
    assert_eq!(heard(&at_once), 1, "{:?}", at_once.messages);
}

#[tokio::test]
async fn a_guest_may_ask_in_rounds_each_with_a_state_of_its_own() {
    let served = serve(Node::usual()).await;
    let request = call("ask-twice");
    let one = tool(&served, &request).await;
    assert_eq!(keys(&one), ["step1"]);
    let first = with(&request, &one, json!({ "step1": filled("Alice") }));
    let two = tool(&served, &first).await;
    assert_eq!(keys(&two), ["step2"]);
    assert_ne!(one.result()["requestState"], two.result()["requestState"]);
    // The answer to the first round was lost: the same again, and nothing is done twice.
    let two_again = tool(&served, &first).await;
    assert_eq!(keys(&two_again), ["step2"]);
    let second = with(&request, &two, json!({ "step2": filled("blue") }));
    let done = tool(&served, &second).await;
    let content = &done.result()["structuredContent"];
    assert_eq!(content[0]["step1"], filled("Alice"));
    assert_eq!(content[1]["step2"], filled("blue"));
    let again = tool(&served, &second).await;
    assert_eq!(again.result(), done.result());
    assert_eq!(served.node.asked(), 2);
}

#[tokio::test]
async fn two_that_bring_the_same_answers_get_the_same_result_of_one_call() {
    let served = serve(Node::usual()).await;
    let request = call("ask-hold");
    let asked = tool(&served, &request).await;
    let retry = with(&request, &asked, json!({ "user_name": filled("Alice") }));
    let release = async {
        served.node.call_waits(true).await;
        served.node.release();
    };
    let (one, two, ()) = tokio::join!(tool(&served, &retry), tool(&served, &retry), release);
    assert_eq!(one.result(), two.result());
    assert_eq!(one.result()["isError"], false);
    assert_eq!(served.node.asked(), 1);
}

#[tokio::test]
async fn a_state_that_is_not_this_requests_is_refused() {
    let served = serve(Node::usual()).await;
    let request = call("ask");
    let asked = tool(&served, &request).await;
    let good = with(&request, &asked, json!({ "user_name": filled("Alice") }));
    let mut tampered = good.clone();
    let state = good["requestState"].as_str().unwrap();
    tampered["requestState"] = json!(format!("{state}-TAMPERED"));
    let mut other_arguments = good.clone();
    other_arguments["arguments"] = json!({ "questions": null });
    let mut other_tool = good.clone();
    other_tool["name"] = json!("ask-twice");
    let mut nonsense = good.clone();
    nonsense["requestState"] = json!("nonsense");
    for request in [tampered, other_arguments, other_tool, nonsense] {
        let answer = tool(&served, &request).await;
        assert_eq!(answer.error()["code"], -32602, "{request}");
        let message = answer.error()["message"].as_str().unwrap();
        assert!(message.contains("requestState"), "{message}");
    }
    assert_eq!(tool(&served, &good).await.result()["isError"], false);
}

#[tokio::test]
async fn a_call_that_nobody_answers_ends_and_so_does_the_guests_work() {
    let calls = OpenCallOptions {
        answer_time: Duration::from_millis(100),
        ..OpenCallOptions::default()
    };
    let served = with_calls(calls).await;
    let request = call("ask");
    let asked = tool(&served, &request).await;
    served.node.call_waits(false).await;
    let retry = with(&request, &asked, json!({ "user_name": filled("Alice") }));
    let late = tool(&served, &retry).await;
    assert_eq!(late.error()["code"], -32602);
    let message = late.error()["message"].as_str().unwrap();
    assert!(message.contains("call again"), "{message}");
}

#[tokio::test]
async fn calls_that_wait_end_with_the_server() {
    let served = serve(Node::usual()).await;
    keys(&tool(&served, &call("ask")).await);
    let mut waiting = served.node.watch_calls();
    served.stop();
    waiting.wait_for(|waiting| !waiting).await.unwrap();
    served.stopped().await;
}

#[tokio::test]
async fn a_client_that_goes_after_its_answers_ends_the_guests_work() {
    let served = serve(Node::usual()).await;
    let request = call("ask-hold");
    let asked = tool(&served, &request).await;
    let retry = with(&request, &asked, json!({ "user_name": filled("Alice") }));
    {
        let retrying = served.open_modern("tools/call", retry.clone());
        tokio::pin!(retrying);
        tokio::select! {
            response = &mut retrying => panic!("answered: {response:?}"),
            () = served.node.call_waits(true) => {}
        }
    }
    served.node.call_waits(false).await;
    assert_eq!(tool(&served, &retry).await.error()["code"], -32602);
}

#[tokio::test]
async fn only_so_many_calls_wait_and_one_more_is_told_so() {
    let calls = OpenCallOptions {
        most: 2,
        ..OpenCallOptions::default()
    };
    let served = with_calls(calls).await;
    let request = call("ask");
    let first = tool(&served, &request).await;
    keys(&first);
    keys(&tool(&served, &request).await);
    let refused = tool(&served, &request).await;
    assert_eq!(refused.result()["isError"], true);
    let text = refused.result()["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("2 calls"), "{text}");
    let retry = with(&request, &first, json!({ "user_name": filled("Alice") }));
    assert_eq!(tool(&served, &retry).await.result()["isError"], false);
    keys(&tool(&served, &request).await);
}

#[tokio::test]
async fn prompts_and_resources_can_ask_too() {
    let served = serve(Node::usual()).await;
    let request = json!({ "name": "asks", "_meta": meta(&offers()) });
    let asked = served.modern("prompts/get", request.clone()).await;
    assert_eq!(keys(&asked), ["user_context"]);
    let retry = with(&request, &asked, json!({ "user_context": filled("here") }));
    let answer = served.modern("prompts/get", retry).await;
    let text = answer.result()["messages"][0]["content"]["text"].as_str();
    assert!(text.unwrap().contains("here"), "{answer:?}");

    let request = json!({ "uri": "agent:asks", "_meta": meta(&offers()) });
    let asked = served.modern("resources/read", request.clone()).await;
    assert_eq!(keys(&asked), ["user_name"]);
    let retry = with(&request, &asked, json!({ "user_name": filled("Alice") }));
    let answer = served.modern("resources/read", retry).await;
    let text = answer.result()["contents"][0]["text"].as_str();
    assert!(text.unwrap().contains("Alice"), "{answer:?}");
}

#[tokio::test]
async fn a_guest_is_told_what_its_caller_can_be_asked() {
    let served = serve(Node::usual()).await;
    let answers = async |offers: Value| {
        let request = json!({ "name": "who", "arguments": {}, "_meta": meta(&offers) });
        tool(&served, &request).await.result()["structuredContent"]["answers"].clone()
    };
    assert_eq!(answers(json!({})).await, json!([]));
    assert_eq!(
        answers(json!({ "elicitation": {} })).await,
        json!(["elicitation/create"])
    );
    assert_eq!(
        answers(offers()).await,
        json!(["elicitation/create", "sampling/createMessage", "roots/list"])
    );
}

#[tokio::test]
async fn what_a_client_does_not_offer_is_not_asked_of_it() {
    let served = serve(Node::usual()).await;
    let sampling = json!({ "a": { "method": "sampling/createMessage", "params": {
        "messages": [{ "role": "user", "content": { "type": "text", "text": "Well?" } }],
        "maxTokens": 10,
    }}});
    let url = json!({ "a": { "method": "elicitation/create", "params": {
        "mode": "url", "message": "Look", "url": "https://example.com/", "elicitationId": "1",
    }}});
    for (offers, questions, required) in [
        (json!({}), sampling.clone(), json!({ "sampling": {} })),
        (
            json!({ "elicitation": {} }),
            url,
            json!({ "elicitation": { "url": {} } }),
        ),
        (
            json!({ "elicitation": {} }),
            json!({ "a": { "method": "roots/list" } }),
            json!({ "roots": {} }),
        ),
    ] {
        let mut request = asks(questions);
        request["_meta"] = meta(&offers);
        let answer = tool(&served, &request).await;
        assert_eq!(answer.error()["code"], -32021);
        assert_eq!(answer.status, 400);
        assert_eq!(answer.error()["data"]["requiredCapabilities"], required);
    }
    let session = served.session().await;
    let call = json!({ "name": "ask", "arguments": { "questions": sampling } });
    let answer = session.request("tools/call", call).await;
    assert_eq!(answer.result()["isError"], true);
    let text = answer.result()["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("sampling"), "{text}");
}

#[tokio::test]
async fn questions_that_are_none_are_refused_in_words() {
    let served = serve(Node::usual()).await;
    let roots = json!({ "method": "roots/list" });
    let many: Value = (0..17).map(|n| (n.to_string(), roots.clone())).collect();
    for (questions, word) in [
        (json!("["), "JSON object"),
        (json!("[]"), "JSON object"),
        (json!({}), "0 questions"),
        (many, "17 questions"),
        (json!({ "": roots }), "key"),
        (json!({ "a b": roots }), "key"),
        (json!({ "a".repeat(65): roots }), "key"),
        (json!({ "a": 7 }), "`a`"),
        (json!({ "a": {} }), "method"),
        (json!({ "a": { "method": "ping" } }), "ping"),
        (json!({ "a": { "method": "elicitation/create" } }), "params"),
        (
            json!({ "a": { "method": "sampling/createMessage", "params": { "messages": 7 } } }),
            "`a`",
        ),
        (
            json!(format!("{{\"a\":\"{}\"}}", "x".repeat(300 << 10))),
            "bytes",
        ),
    ] {
        let answer = tool(&served, &asks(questions.clone())).await;
        assert_eq!(answer.result()["isError"], true, "{word}");
        let text = answer.result()["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[tokio::test]
async fn a_legacy_client_is_asked_all_at_once_on_the_stream_of_its_request() {
    let served = serve(Node::usual()).await;
    let session = served.session_with(offers()).await;
    let questions = json!({
        "form": { "method": "elicitation/create", "params": {
            "message": "Name?", "requestedSchema": { "type": "object", "properties": {
                "name": { "type": "string" },
            }},
        }},
        "roots": { "method": "roots/list" },
    });
    let call = json!({ "name": "ask", "arguments": { "questions": questions } });
    let mut events = session.open("tools/call", call).await;
    let (one, two) = (events.next().await.unwrap(), events.next().await.unwrap());
    for request in [&one, &two] {
        match request["method"].as_str().unwrap() {
            "elicitation/create" => session.answer(request, filled("Alice")).await,
            "roots/list" => session.answer(request, json!({ "roots": [] })).await,
            other => panic!("{other}"),
        }
    }
    let answer = events.next().await.unwrap();
    assert_eq!(
        answer["result"]["structuredContent"],
        json!({ "form": filled("Alice"), "roots": { "roots": [] } })
    );
}

#[tokio::test]
async fn what_a_legacy_client_answers_wrongly_or_refuses_the_guest_is_told() {
    let served = serve(Node::usual()).await;
    let session = served.session_with(offers()).await;
    let call = json!({ "name": "ask", "arguments": {} });
    let mut events = session.open("tools/call", call.clone()).await;
    let request = events.next().await.unwrap();
    session.refuse(&request, "not today").await;
    let answer = events.next().await.unwrap();
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(
        text.contains("not today") && text.contains("user_name"),
        "{text}"
    );

    let mut events = session.open("tools/call", call).await;
    let request = events.next().await.unwrap();
    let unfit = json!({ "action": "accept", "content": {} });
    session.answer(&request, unfit).await;
    let answer = events.next().await.unwrap();
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(
        text.contains("user_name") && text.contains("name"),
        "{text}"
    );
}

#[tokio::test]
async fn a_legacy_client_that_cancels_is_asked_no_longer() {
    let served = serve(Node::usual()).await;
    let session = served.session_with(offers()).await;
    let call = json!({ "name": "ask", "arguments": {} });
    let mut events = session.open("tools/call", call).await;
    let request = events.next().await.unwrap();
    assert_eq!(request["method"], "elicitation/create");
    session
        .notify("notifications/cancelled", json!({ "requestId": 7 }))
        .await;
    served.node.call_waits(false).await;
}
