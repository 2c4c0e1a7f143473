//! Calls that waited for a revision which another one took the place of.

use std::sync::Arc;

use koi_runtime::{CallError, GuestErrorKind, KnowledgeObject, Outcome, Phase};
use serde_json::{Map, Value, json};

use super::{extension_of, rid, script};
use crate::callee::Invocation;
use crate::entry::ExtensionEntry;
use crate::testing::{FakeCallee, tool};

/// An extension, and what answers for it.
fn revision(more: Value) -> (Arc<ExtensionEntry>, Arc<FakeCallee>) {
    let script = script("a", more);
    let callee = FakeCallee::ungranted("a", &script);
    (extension_of(&script, callee.clone()), callee)
}

fn followed(from: &FakeCallee, successor: &Arc<ExtensionEntry>) {
    assert!(from.successor.set(successor.clone()).is_ok());
}

/// A tool `t` whose answer has to have this mark, and what is answered.
fn marked(mark: &str, answer: &str) -> Value {
    let mut one = tool("t");
    one["outputSchema"] = json!({"type": "object", "properties": {"mark": {"const": mark}}});
    json!({"x-tools": [one], "x-answers": {"t": {"structuredContent": {"mark": answer}}}})
}

fn invocation() -> Invocation {
    Invocation::new("test")
}

#[tokio::test]
async fn a_tool_call_goes_on_with_the_newest_revision_and_is_checked_by_its_schemas() {
    let (first, first_callee) = revision(marked("one", "one"));
    let (second, second_callee) = revision(marked("two", "two"));
    let (third, _) = revision(marked("three", "three"));
    let tool = &first.lists.tools["t"];
    let answer = async || tool.call("{}", invocation()).await;
    assert_eq!(
        answer().await.unwrap().structured,
        Some(json!({"mark": "one"}))
    );
    followed(&first_callee, &second);
    assert_eq!(
        answer().await.unwrap().structured,
        Some(json!({"mark": "two"}))
    );
    followed(&second_callee, &third);
    assert_eq!(
        answer().await.unwrap().structured,
        Some(json!({"mark": "three"}))
    );
}

#[tokio::test]
async fn an_answer_of_the_new_revision_that_fits_only_the_old_schema_is_refused() {
    let (first, callee) = revision(marked("one", "one"));
    let (second, _) = revision(marked("two", "one"));
    followed(&callee, &second);
    let refused = first.lists.tools["t"].call("{}", invocation()).await;
    let Err(CallError::Guest(error)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(error.kind, GuestErrorKind::Permanent);
    assert!(error.message.contains("output schema"), "{error}");
}

#[tokio::test]
async fn arguments_that_the_new_revision_does_not_take_are_refused_before_it_is_called() {
    let (first, callee) = revision(marked("one", "one"));
    let mut strict = marked("two", "two");
    strict["x-tools"][0]["inputSchema"]["required"] = json!(["n"]);
    let (second, second_callee) = revision(strict);
    followed(&callee, &second);
    let tool = &first.lists.tools["t"];
    let Err(CallError::Guest(error)) = tool.call("{}", invocation()).await else {
        panic!("arguments are missing");
    };
    assert_eq!(error.kind, GuestErrorKind::InvalidInput);
    assert!(
        error.message.contains("does not take these arguments"),
        "{error}"
    );
    assert!(second_callee.stage.calls("call-tool").is_empty());
    assert!(tool.call(r#"{"n":1}"#, invocation()).await.is_ok());
}

#[tokio::test]
async fn what_the_new_revision_has_no_more_is_named() {
    let mut both = marked("one", "one");
    both["x-prompts"] = json!([{"name": "p", "description": "A prompt."}]);
    let (first, callee) = revision(both);
    let (second, _) = revision(json!({}));
    followed(&callee, &second);
    let tool = first.lists.tools["t"].call("{}", invocation()).await;
    let text = tool.unwrap_err().to_string();
    assert!(text.contains("there is no tool t any more"), "{text}");
    let prompt = first.lists.prompts["p"]
        .get(&Map::new(), invocation())
        .await;
    let text = prompt.unwrap_err().to_string();
    assert!(text.contains("there is no prompt p any more"), "{text}");
}

#[tokio::test]
async fn an_object_is_shown_to_the_new_revisions_handler_which_is_who_changes_it() {
    let handler = json!({"handlers": [{"phase": "bundle", "rid-types": ["orn:t.t"]}]});
    let (first, callee) = revision(handler.clone());
    let (second, second_callee) = revision(handler);
    let (third, _) = revision(json!({}));
    let object = KnowledgeObject {
        rid: rid("orn:t.t:one"),
        phase: Phase::Bundle,
        event_type: None,
        normalized: None,
        source: None,
        manifest: None,
        contents: None,
        network_targets: Vec::new(),
        previous: None,
        depth: 0,
    };
    followed(&callee, &second);
    let handled = first.handlers[0].handle(&object, invocation()).await;
    let (by, outcome) = handled.unwrap();
    assert!(Arc::ptr_eq(&by, &second.handlers[0]));
    assert_eq!(outcome, Outcome::Unchanged);
    assert_eq!(second_callee.stage.calls("handle"), ["a@1 handle"]);
    followed(&second_callee, &third);
    let handled = first.handlers[0].handle(&object, invocation()).await;
    assert_eq!(handled.unwrap().1, Outcome::Unchanged, "it has no handler");
}
