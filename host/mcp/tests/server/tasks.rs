//! Calls that become tasks.

use std::time::Duration;

use koi_mcp_server::{McpOptions, OpenCallOptions};
use serde_json::{Value, json};

use super::http::{Answer, Served, serve};
use super::node::Node;

const TASKS: &str = "io.modelcontextprotocol/tasks";

fn meta() -> Value {
    let offers = json!({ "elicitation": {}, "extensions": { TASKS: {} } });
    json!({ "io.modelcontextprotocol/clientCapabilities": offers })
}

async fn call(served: &Served, tool: &str) -> Answer {
    let params = json!({ "name": tool, "arguments": {}, "_meta": meta() });
    served.modern("tools/call", params).await
}

/// A call that has become a task.
async fn task(served: &Served, tool: &str) -> String {
    let answer = call(served, tool).await;
    let result = answer.result();
    assert_eq!(result["resultType"], "task", "{result}");
    assert_eq!(result["status"], "working");
    for absent in [
        "result",
        "error",
        "inputRequests",
        "requestState",
        "content",
    ] {
        assert_eq!(result.get(absent), None);
    }
    result["taskId"].as_str().unwrap().to_owned()
}

async fn ask(served: &Served, method: &str, id: &str) -> Answer {
    let params = json!({ "taskId": id, "_meta": meta() });
    served.modern(method, params).await
}

async fn update(served: &Served, id: &str, responses: Value) -> Answer {
    let params = json!({ "taskId": id, "inputResponses": responses, "_meta": meta() });
    served.modern("tasks/update", params).await
}

/// The task when it has that status.
async fn until(served: &Served, id: &str, status: &str) -> Value {
    for _ in 0..1_000 {
        let task = ask(served, "tasks/get", id).await.result().clone();
        if task["status"] == status {
            return task;
        }
        // As clients do: there is nothing to be waited for but the status.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{id} does not become {status}");
}

async fn with(calls: OpenCallOptions) -> Served {
    let options = McpOptions {
        calls,
        ..McpOptions::default()
    };
    serve(Node::with(options)).await
}

/// Where every call that is not answered at once becomes a task.
async fn at_once() -> Served {
    with(OpenCallOptions {
        task_after: Duration::from_millis(20),
        any_task_after: Duration::from_millis(20),
        ..OpenCallOptions::default()
    })
    .await
}

fn filled() -> Value {
    json!({ "action": "accept", "content": { "name": "Alice" } })
}

#[tokio::test]
async fn a_long_call_becomes_a_task_and_its_result_is_the_tools() {
    let served = at_once().await;
    let id = task(&served, "hold").await;
    let working = ask(&served, "tasks/get", &id).await.result().clone();
    assert_eq!(working["taskId"], id);
    assert_eq!(working["status"], "working");
    assert!(working["ttlMs"].as_u64().unwrap() > 0);
    assert_eq!(working["resultType"], "complete");
    served.node.release();
    let done = until(&served, &id, "completed").await;
    assert_eq!(done["result"]["structuredContent"], json!({}));
    assert_eq!(done["result"]["isError"], false);
}

#[tokio::test]
async fn a_short_call_is_answered_as_ever() {
    let served = at_once().await;
    for tool in ["picture", "only-task"] {
        let answer = call(&served, tool).await;
        assert_eq!(answer.result()["resultType"], "complete");
    }
}

#[tokio::test]
async fn a_tool_may_forbid_it_or_need_it() {
    let served = at_once().await;
    let released = async {
        served.node.call_waits(true).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
        served.node.release();
    };
    let (answer, ()) = tokio::join!(call(&served, "no-task"), released);
    assert_eq!(answer.result()["resultType"], "complete");
    let refused = served.call("only-task", json!({})).await;
    assert_eq!(refused.error()["code"], -32021);
    assert_eq!(refused.status, 400);
    let required = &refused.error()["data"]["requiredCapabilities"];
    assert_eq!(*required, json!({ "extensions": { TASKS: {} } }));
    let session = served.session().await;
    let legacy = json!({ "name": "only-task", "arguments": {} });
    let answer = session.request("tools/call", legacy).await;
    assert_eq!(answer.result()["isError"], false);
}

#[tokio::test]
async fn who_does_not_take_tasks_gets_none_and_has_no_business_with_them() {
    let served = at_once().await;
    let released = async {
        served.node.call_waits(true).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
        served.node.release();
    };
    let (answer, ()) = tokio::join!(served.call("hold", json!({})), released);
    assert_eq!(answer.result()["resultType"], "complete");
    let params = json!({ "taskId": "a" });
    let answer = served.modern("tasks/get", params).await;
    assert_eq!(answer.error()["code"], -32021);
}

#[tokio::test]
async fn a_cancelled_task_ends_the_guests_work() {
    let served = at_once().await;
    let id = task(&served, "wait").await;
    served.node.call_waits(true).await;
    let cancelled = ask(&served, "tasks/cancel", &id).await;
    assert_eq!(cancelled.result()["resultType"], "complete");
    assert_eq!(cancelled.result().get("status"), None);
    served.node.call_waits(false).await;
    until(&served, &id, "cancelled").await;
    let again = ask(&served, "tasks/cancel", &id).await;
    assert_eq!(again.result()["resultType"], "complete");
}

#[tokio::test]
async fn a_task_asks_and_takes_the_answers_as_they_come() {
    let served = at_once().await;
    let id = task(&served, "hold-ask").await;
    served.node.release();
    let asks = until(&served, &id, "input_required").await;
    let keys: Vec<_> = asks["inputRequests"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["one", "two"]);
    let unknown = update(&served, &id, json!({ "unknown": { "ignored": true } })).await;
    assert_eq!(unknown.result()["resultType"], "complete");
    update(&served, &id, json!({ "one": filled() }))
        .await
        .result();
    let asks = until(&served, &id, "input_required").await;
    let keys: Vec<_> = asks["inputRequests"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["two"]);
    let unfit = json!({ "two": { "action": "accept", "content": {} } });
    assert_eq!(update(&served, &id, unfit).await.error()["code"], -32602);
    update(&served, &id, json!({ "two": filled() }))
        .await
        .result();
    let done = until(&served, &id, "completed").await;
    let answers = &done["result"]["structuredContent"];
    assert_eq!(*answers, json!({ "one": filled(), "two": filled() }));
}

#[tokio::test]
async fn a_call_may_ask_first_and_become_a_task_then() {
    let served = at_once().await;
    let request = json!({ "name": "ask-hold", "arguments": {}, "_meta": meta() });
    let asked = served.modern("tools/call", request.clone()).await;
    assert_eq!(asked.result()["resultType"], "input_required");
    assert_eq!(asked.result().get("taskId"), None);
    let mut retry = request;
    retry["inputResponses"] = json!({ "user_name": filled() });
    retry["requestState"] = asked.result()["requestState"].clone();
    let created = served.modern("tools/call", retry.clone()).await;
    let result = created.result();
    assert_eq!(result["resultType"], "task", "{result}");
    assert_eq!(result.get("requestState"), None);
    let id = result["taskId"].as_str().unwrap();
    // The same request again finds the same task.
    let again = served.modern("tools/call", retry).await;
    assert_eq!(again.result()["taskId"], id);
    served.node.release();
    let done = until(&served, id, "completed").await;
    let answers = &done["result"]["structuredContent"];
    assert_eq!(*answers, json!({ "user_name": filled() }));
}

#[tokio::test]
async fn what_the_host_ends_has_failed_and_what_a_tool_says_of_its_failure_is_a_result() {
    let served = at_once().await;
    let id = task(&served, "hold-trap").await;
    served.node.release();
    let failed = until(&served, &id, "failed").await;
    assert!(failed["error"]["code"].is_number());
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(message.contains("unreachable"), "{message}");
    assert_eq!(failed.get("result"), None);
}

#[tokio::test]
async fn a_task_can_be_asked_for_as_long_as_was_said_and_no_longer() {
    let time = Duration::from_millis(400);
    let served = with(OpenCallOptions {
        any_task_after: Duration::from_millis(20),
        task_time: time,
        ..OpenCallOptions::default()
    })
    .await;
    let id = task(&served, "wait").await;
    assert_eq!(
        ask(&served, "tasks/get", &id).await.result()["ttlMs"],
        json!(400)
    );
    // Its time ends its work.
    served.node.call_waits(false).await;
    loop {
        let answer = ask(&served, "tasks/get", &id).await;
        if answer.reply().get("error").is_some() {
            assert_eq!(answer.error()["code"], -32602);
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn only_so_many_calls_become_tasks_and_others_are_waited_for() {
    let served = with(OpenCallOptions {
        most: 1,
        any_task_after: Duration::from_millis(20),
        ..OpenCallOptions::default()
    })
    .await;
    let id = task(&served, "wait").await;
    let released = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        served.node.release();
    };
    let (answer, ()) = tokio::join!(call(&served, "hold"), released);
    assert_eq!(answer.result()["resultType"], "complete");
    ask(&served, "tasks/cancel", &id).await.result();
}

#[tokio::test]
async fn a_call_that_waits_for_answers_is_no_task() {
    let served = at_once().await;
    for method in ["tasks/get", "tasks/cancel"] {
        let answer = ask(&served, method, "none").await;
        assert_eq!(answer.error()["code"], -32602, "{method}");
    }
    let answer = update(&served, "none", json!({})).await;
    assert_eq!(answer.error()["code"], -32602);
}

#[tokio::test]
async fn tasks_end_with_the_server() {
    let served = at_once().await;
    task(&served, "wait").await;
    let mut waiting = served.node.watch_calls();
    waiting.wait_for(|waiting| *waiting).await.unwrap();
    served.stop();
    waiting.wait_for(|waiting| !waiting).await.unwrap();
    served.stopped().await;
}
