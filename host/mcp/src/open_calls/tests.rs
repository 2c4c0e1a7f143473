//! Calls without clients.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use koi_registry::Invocation;
use koi_runtime::ports::{CallContext, CallKind, Caller};
use rmcp::ErrorData;
use rmcp::model::{CallToolResult, ClientCapabilities};
use tokio_util::sync::CancellationToken;

use super::{Answer, Binding, Full, OpenCall, OpenCallOptions, OpenCalls, Reply, Waiter, Work};
use crate::caller::{Client, Hears};

const QUESTION: &str = r#"{"a":{"method":"roots/list"}}"#;

fn calls(options: OpenCallOptions) -> (Arc<OpenCalls>, CancellationToken) {
    let ending = CancellationToken::new();
    (OpenCalls::new(options, ending.clone()), ending)
}

fn options() -> OpenCallOptions {
    OpenCallOptions {
        kept: Duration::from_millis(50),
        ..OpenCallOptions::default()
    }
}

fn client() -> Arc<Client> {
    let mut offers = ClientCapabilities::default();
    offers.roots = Some(Default::default());
    Client::new(offers, Hears::default())
}

fn binding() -> Binding {
    Binding::new(None, "tools/call", "a", "{}")
}

fn done() -> Work {
    Box::pin(async { Ok(Answer::Tool(CallToolResult::default())) })
}

/// Work that asks a question and ends with its answer.
fn asking(client: &Arc<Client>) -> Work {
    let client = client.clone();
    Box::pin(async move {
        let context = CallContext {
            extension: "a".into(),
            revision: 1,
            digest: "00".into(),
            correlation: Invocation::new("c").correlation,
            kind: CallKind::Tool,
            principal: None,
            cause: None,
            depth: 0,
        };
        let answered = client.ask(&context, QUESTION).await;
        answered.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        Ok(Answer::Tool(CallToolResult::default()))
    })
}

/// Returns when nothing is left.
async fn empty(calls: &OpenCalls) {
    let left = async {
        while calls.len() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), left)
        .await
        .unwrap();
}

fn open(
    calls: &Arc<OpenCalls>,
    principal: Option<&str>,
    work: Work,
) -> Result<Arc<OpenCall>, Full> {
    let principal = principal.map(Arc::from);
    let call = calls.open(principal.as_ref(), client(), binding())?;
    calls.carry_on(call.clone(), work);
    Ok(call)
}

#[tokio::test]
async fn an_outcome_is_kept_for_a_while_and_then_nothing_is_left() {
    let (calls, _ending) = calls(options());
    let call = open(&calls, None, done()).unwrap();
    let waiter = Waiter::new(call.clone());
    waiter.settled().await;
    drop(waiter);
    let reply = call.reply(&calls.states).unwrap();
    assert!(matches!(reply, Ok(Reply::Complete(Answer::Tool(_)))));
    assert_eq!(calls.len(), 1);
    empty(&calls).await;
}

#[tokio::test]
async fn questions_that_nobody_answers_leave_nothing() {
    let (calls, _ending) = calls(OpenCallOptions {
        answer_time: Duration::from_millis(20),
        ..options()
    });
    let client = client();
    let call = calls.open(None, client.clone(), binding()).unwrap();
    let waiter = Waiter::new(call.clone());
    calls.carry_on(call.clone(), asking(&client));
    waiter.settled().await;
    assert!(matches!(
        call.reply(&calls.states),
        Some(Ok(Reply::InputRequired(_)))
    ));
    drop(waiter);
    empty(&calls).await;
}

#[tokio::test]
async fn a_call_that_the_last_waiter_leaves_at_work_ends() {
    let (calls, _ending) = calls(options());
    let call = open(&calls, None, Box::pin(pending())).unwrap();
    let (one, two) = (Waiter::new(call.clone()), Waiter::new(call));
    drop(one);
    tokio::task::yield_now().await;
    assert_eq!(calls.len(), 1);
    drop(two);
    empty(&calls).await;
}

#[tokio::test]
async fn the_end_of_the_server_ends_all_and_tells_who_waits() {
    let (calls, ending) = calls(options());
    let task = open(&calls, None, Box::pin(pending())).unwrap();
    task.become_task(Duration::from_secs(60));
    let waited = open(&calls, None, Box::pin(pending())).unwrap();
    let waiter = Waiter::new(waited.clone());
    ending.cancel();
    waiter.settled().await;
    assert!(matches!(waited.reply(&calls.states), Some(Err(_))));
    empty(&calls).await;
}

#[tokio::test]
async fn one_principal_cannot_take_all_places_and_an_ended_call_takes_none() {
    let (calls, _ending) = calls(OpenCallOptions {
        most: 3,
        most_each: 2,
        ..options()
    });
    let pends = || -> Work { Box::pin(pending()) };
    let first = open(&calls, Some("alice"), pends()).unwrap();
    open(&calls, Some("alice"), pends()).unwrap();
    let refused = open(&calls, Some("alice"), pends()).err();
    assert_eq!(refused, Some(Full::OfPrincipal(2)));
    open(&calls, Some("bob"), pends()).unwrap();
    assert_eq!(open(&calls, None, pends()).err(), Some(Full::OfAll(3)));
    first.become_task(Duration::from_secs(60));
    first.cancel();
    while first.is_at_work() {
        tokio::task::yield_now().await;
    }
    open(&calls, Some("alice"), pends()).unwrap();
}

#[tokio::test]
async fn nobody_finds_another_principals_call() {
    let (calls, _ending) = calls(options());
    let call = open(&calls, Some("alice"), Box::pin(pending())).unwrap();
    let (alice, bob): (Arc<str>, Arc<str>) = ("alice".into(), "bob".into());
    assert!(calls.find(&call.id, Some(&alice)).is_some());
    assert!(calls.find(&call.id, Some(&bob)).is_none());
    assert!(calls.find(&call.id, None).is_none());
}

#[tokio::test]
async fn the_oldest_outcome_makes_place_but_no_task_does() {
    let (calls, _ending) = calls(OpenCallOptions {
        most: 1,
        most_kept: 1,
        kept: Duration::from_secs(60),
        ..OpenCallOptions::default()
    });
    let ended = async |task: bool| {
        let call = open(&calls, None, done())?;
        if task {
            call.become_task(Duration::from_secs(60));
        }
        while call.is_at_work() {
            tokio::task::yield_now().await;
        }
        Ok::<_, Full>(call)
    };
    let oldest = ended(false).await.unwrap();
    ended(true).await.unwrap();
    ended(true).await.unwrap();
    assert!(calls.find(&oldest.id, None).is_none());
    assert_eq!(ended(false).await.err(), Some(Full::Kept(1)));
}

#[tokio::test]
async fn a_task_that_nobody_answers_has_failed_and_can_be_asked_for_until_its_time_is_over() {
    let (calls, _ending) = calls(OpenCallOptions {
        answer_time: Duration::from_millis(20),
        ..options()
    });
    let client = client();
    let call = calls.open(None, client.clone(), binding()).unwrap();
    call.become_task(Duration::from_millis(300));
    calls.carry_on(call.clone(), asking(&client));
    while call.is_at_work() {
        tokio::task::yield_now().await;
    }
    let task = serde_json::to_value(call.detailed().unwrap()).unwrap();
    assert_eq!(task["status"], "failed");
    assert!(calls.find(&call.id, None).is_some());
    empty(&calls).await;
}
