//! A revision that answers the same calls unseen, and how its answers differ.
//!
//! It is called in the background after the revision that serves has answered, over ports whose writes
//! are dropped. Only so many of its calls run at once; what comes while there is no room is passed over
//! and counted. Nobody waits for it, and how it fails is a difference like any other.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use koi_rid::Timestamp;
use koi_runtime::{CallError, ResourceBody, ResourceContents};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::callee::Invocation;
use crate::entry::{ExtensionEntry, ToolOutput};
use crate::text::shortened;

/// Most calls of it that run at once.
const AT_ONCE: usize = 4;
/// Most differences that are kept.
const KEPT: usize = 20;

/// What came of answering unseen.
#[derive(Debug, Default)]
pub struct ShadowReport {
    compared: AtomicU64,
    differing: AtomicU64,
    passed_over: AtomicU64,
    writes: AtomicU64,
    last: Mutex<VecDeque<Difference>>,
}

/// One answer that was another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Difference {
    /// What was called: `tool NAME`, `prompt NAME` or `resource URI`.
    pub call: String,
    /// How many bytes its arguments have.
    pub arguments_bytes: usize,
    /// What the revision that serves answered, shortened.
    pub serving: String,
    /// What the other one answered, shortened.
    pub shadow: String,
    /// When.
    pub at: String,
}

impl ShadowReport {
    /// How many answers were compared.
    pub fn compared(&self) -> u64 {
        self.compared.load(Ordering::Relaxed)
    }

    /// How many of them differed.
    pub fn differing(&self) -> u64 {
        self.differing.load(Ordering::Relaxed)
    }

    /// How many calls were passed over, since there was no room.
    pub fn passed_over(&self) -> u64 {
        self.passed_over.load(Ordering::Relaxed)
    }

    /// How many writes were dropped.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// The last differences, the newest last.
    pub fn last(&self) -> Vec<Difference> {
        self.kept().iter().cloned().collect()
    }

    /// A write was dropped.
    pub(crate) fn wrote(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, VecDeque<Difference>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn compare(&self, call: String, arguments_bytes: usize, serving: &Seen, shadow: &Seen) -> bool {
        self.compared.fetch_add(1, Ordering::Relaxed);
        if serving == shadow {
            return false;
        }
        self.differing.fetch_add(1, Ordering::Relaxed);
        let mut kept = self.kept();
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(Difference {
            call,
            arguments_bytes,
            serving: serving.told(),
            shadow: shadow.told(),
            at: Timestamp::now().as_str().to_owned(),
        });
        true
    }
}

/// What was answered, as far as it is compared.
#[derive(Debug)]
enum Seen {
    Said(Value),
    Failed { kind: String, told: String },
}

/// Of failures the kind is compared: the words of two revisions may differ.
impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Said(one), Self::Said(other)) => one == other,
            (Self::Failed { kind: one, .. }, Self::Failed { kind: other, .. }) => one == other,
            _ => false,
        }
    }
}

impl Seen {
    fn failed(error: &CallError) -> Self {
        let kind = match error {
            CallError::Guest(error) => error.kind.as_str(),
            CallError::Limit { setting, .. } => setting,
            CallError::Trap(_) => "trap",
            _ => "not called",
        };
        Self::Failed {
            kind: kind.to_owned(),
            told: error.to_string(),
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Said(value) => shortened(&value.to_string()),
            Self::Failed { kind, told } => shortened(&format!("{kind}: {told}")),
        }
    }

    /// Whether it says something about how two revisions differ.
    fn counts(&self) -> bool {
        !matches!(self, Self::Failed { kind, .. } if kind == "not called")
    }

    fn of_tool_text(ended: &Result<String, CallError>) -> Self {
        match ended {
            Err(error) => Self::failed(error),
            Ok(text) => {
                let answer: Value = serde_json::from_str(text).unwrap_or_default();
                let is_error = answer["isError"].as_bool().unwrap_or_default();
                let content = || answer.get("content").cloned().unwrap_or(json!([]));
                Self::tool(answer.get("structuredContent").cloned(), content, is_error)
            }
        }
    }

    fn of_tool(ended: &Result<ToolOutput, CallError>) -> Self {
        match ended {
            Err(error) => Self::failed(error),
            Ok(output) => {
                let content = || serde_json::from_str(output.content.get()).unwrap_or_default();
                Self::tool(output.structured.clone(), content, output.is_error)
            }
        }
    }

    /// Content is only looked at where there is nothing structured, which it repeats.
    fn tool(structured: Option<Value>, content: impl Fn() -> Value, is_error: bool) -> Self {
        Self::Said(match structured {
            Some(structured) => json!({"structuredContent": structured, "isError": is_error}),
            None => json!({"content": content(), "isError": is_error}),
        })
    }

    fn of_resource(ended: &Result<Vec<ResourceContents>, CallError>) -> Self {
        let contents = |contents: &ResourceContents| {
            let body = match &contents.body {
                ResourceBody::Text(text) => {
                    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
                }
                ResourceBody::Blob(bytes) => {
                    use sha2::{Digest, Sha256};
                    json!({"bytes": bytes.len(), "sha256": hex::encode(Sha256::digest(bytes))})
                }
            };
            json!({"uri": contents.uri, "mimeType": contents.mime_type, "body": body})
        };
        match ended {
            Err(error) => Self::failed(error),
            Ok(all) => Self::Said(all.iter().map(contents).collect()),
        }
    }
}

/// A revision that answers unseen.
pub(crate) struct Shadow {
    entry: Arc<ExtensionEntry>,
    report: Arc<ShadowReport>,
    room: Arc<Semaphore>,
}

impl Shadow {
    /// Of an entry that was bound to ports whose writes are dropped.
    pub(crate) fn new(entry: Arc<ExtensionEntry>, report: Arc<ShadowReport>) -> Self {
        Self {
            entry,
            report,
            room: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    pub(crate) fn is_of(&self, entry: &Arc<ExtensionEntry>) -> bool {
        Arc::ptr_eq(&self.entry, entry)
    }

    /// Room for one call, or it is passed over.
    fn room(&self) -> Option<OwnedSemaphorePermit> {
        let room = self.room.clone().try_acquire_owned().ok();
        if room.is_none() {
            self.report.passed_over.fetch_add(1, Ordering::Relaxed);
        }
        room
    }

    /// Calls the tool of that own name with what the one that serves was called with.
    pub(crate) fn tool(
        self: Arc<Self>,
        name: &str,
        arguments: &str,
        invocation: Invocation,
        ended: &Result<String, CallError>,
    ) {
        let Some(room) = self.room() else { return };
        let serving = Seen::of_tool_text(ended);
        let (name, arguments) = (name.to_owned(), arguments.to_owned());
        self.spawn(
            room,
            format!("tool {name}"),
            arguments.len(),
            serving,
            move |entry| {
                Box::pin(async move {
                    let mut tools = entry.lists.tools.values();
                    let Some(tool) = tools.find(|tool| tool.own_name() == name) else {
                        return absent(&format!("the tool `{name}`"));
                    };
                    let value: Value = serde_json::from_str(&arguments).unwrap_or_default();
                    if let Err(misfit) = tool.check_arguments(&value) {
                        let told = format!("the arguments do not fit its input schema: {misfit}");
                        let kind = "invalid-input".to_owned();
                        return Seen::Failed { kind, told };
                    }
                    Seen::of_tool(&tool.call(&arguments, unheard(invocation)).await)
                })
            },
        );
    }

    /// Reads the same resource.
    pub(crate) fn resource(
        self: Arc<Self>,
        uri: &str,
        invocation: Invocation,
        ended: &Result<Vec<ResourceContents>, CallError>,
    ) {
        let Some(room) = self.room() else { return };
        let (serving, uri) = (Seen::of_resource(ended), uri.to_owned());
        self.spawn(room, format!("resource {uri}"), 0, serving, move |entry| {
            Box::pin(async move {
                let read = entry.callee.read_resource(&uri, unheard(invocation));
                Seen::of_resource(&read.await)
            })
        });
    }

    /// Makes the same prompt.
    pub(crate) fn prompt(
        self: Arc<Self>,
        name: &str,
        arguments: &str,
        invocation: Invocation,
        ended: &Result<String, CallError>,
    ) {
        let Some(room) = self.room() else { return };
        let serving = match ended {
            Ok(text) => prompt(&serde_json::from_str(text).unwrap_or_default()),
            Err(error) => Seen::failed(error),
        };
        let (name, arguments) = (name.to_owned(), arguments.to_owned());
        self.spawn(
            room,
            format!("prompt {name}"),
            arguments.len(),
            serving,
            move |entry| {
                Box::pin(async move {
                    let Some(entry) = entry.lists.prompts.get(&name) else {
                        return absent(&format!("the prompt `{name}`"));
                    };
                    let arguments: Map<String, Value> =
                        serde_json::from_str(&arguments).unwrap_or_default();
                    match entry.get(&arguments, unheard(invocation)).await {
                        Ok(output) => prompt(&json!({
                            "description": output.description,
                            "messages": output.messages,
                        })),
                        Err(error) => Seen::failed(&error),
                    }
                })
            },
        );
    }

    fn spawn(
        self: Arc<Self>,
        room: OwnedSemaphorePermit,
        call: String,
        arguments_bytes: usize,
        serving: Seen,
        answer: impl FnOnce(Arc<ExtensionEntry>) -> futures::future::BoxFuture<'static, Seen>
        + Send
        + 'static,
    ) {
        if !serving.counts() {
            return;
        }
        tokio::spawn(async move {
            let shadow = answer(self.entry.clone()).await;
            drop(room);
            if !shadow.counts() {
                self.report.passed_over.fetch_add(1, Ordering::Relaxed);
                return;
            }
            let name = call.clone();
            if self
                .report
                .compare(call, arguments_bytes, &serving, &shadow)
            {
                // The differences themselves are where the report is asked for: here they would be many.
                let differing = self.report.differing();
                if differing.is_power_of_two() {
                    tracing::warn!(
                        extension = self.entry.name(),
                        revision = self.entry.revision.revision,
                        call = name,
                        differing,
                        serving = serving.told(),
                        shadow = shadow.told(),
                        "a revision in the shadow answers otherwise"
                    );
                }
            }
        });
    }
}

fn prompt(answer: &Value) -> Seen {
    let messages = answer.get("messages").cloned().unwrap_or_default();
    let description = answer.get("description").cloned().unwrap_or_default();
    Seen::Said(json!({"messages": messages, "description": description}))
}

fn absent(what: &str) -> Seen {
    Seen::Failed {
        kind: "absent".to_owned(),
        told: format!("it does not have {what}"),
    }
}

/// The same call, of which the caller hears nothing.
fn unheard(invocation: Invocation) -> Invocation {
    Invocation {
        correlation: format!("{}/shadow", invocation.correlation).into(),
        caller: None,
        ..invocation
    }
}

#[cfg(test)]
mod tests {
    use koi_runtime::{GuestError, GuestErrorKind};

    use super::*;

    fn said(text: &str) -> Seen {
        Seen::of_tool_text(&Ok(text.to_owned()))
    }

    #[test]
    fn answers_are_compared_as_values_and_by_whether_they_are_errors() {
        let one = said(r#"{"structuredContent": {"a": 1, "b": 2}, "content": [{"type": "text"}]}"#);
        let same = said(r#"{"structuredContent": {"b": 2, "a": 1}}"#);
        assert_eq!(one, same);
        let error = said(r#"{"structuredContent": {"a": 1, "b": 2}, "isError": true}"#);
        assert_ne!(one, error);
        assert_ne!(said(r#"{"content": ["x"]}"#), said(r#"{"content": ["y"]}"#));
        assert_eq!(said("{}"), said(r#"{"content": [], "isError": false}"#));
    }

    #[test]
    fn failures_are_compared_by_their_kind() {
        let guest = |kind, message: &str| {
            let message = message.to_owned();
            Seen::of_tool_text(&Err(CallError::Guest(GuestError { kind, message })))
        };
        let one = guest(GuestErrorKind::Permanent, "no");
        assert_eq!(one, guest(GuestErrorKind::Permanent, "never"));
        assert_ne!(one, guest(GuestErrorKind::Transient, "no"));
    }

    #[test]
    fn the_last_twenty_differences_are_kept_and_all_are_counted() {
        let report = ShadowReport::default();
        let (a, b) = (
            said(r#"{"structuredContent": 1}"#),
            said(r#"{"structuredContent": 2}"#),
        );
        for n in 0..30 {
            assert!(report.compare(format!("tool {n}"), 7, &a, &b));
            assert!(!report.compare(format!("tool {n}"), 7, &a, &a));
        }
        assert_eq!((report.compared(), report.differing()), (60, 30));
        let last = report.last();
        assert_eq!(last.len(), 20);
        assert_eq!(last[0].call, "tool 10");
        assert!(last[19].shadow.contains('2'));
    }
}
