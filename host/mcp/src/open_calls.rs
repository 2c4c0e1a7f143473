//! Calls that outlive the request they began with: those that wait for a client's answers, and tasks.
//!
//! In the modern era a server does not ask its clients. A call that asks is put aside, its guest kept
//! as it is in the middle of its work, and the request is answered with the questions; the request
//! that brings the answers goes on with the same call. A task is a call that nobody's request waits
//! for. Both are the same thing here: work that goes on in a task of its own, and a place where its
//! state is looked up.
//!
//! Promises: there are at most so many, of one principal and in all; each ends by itself, with its
//! guest's work, when the client does not come back in time, and all end with the server. Nobody
//! reaches another principal's. What came of a call is kept for a while, so that a client that did
//! not get an answer gets the same one when it asks again. A restart of the node loses them all.

mod call;
mod state;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::{
    CallToolResult, CreateTaskResult, GetPromptResult, InputRequiredResult, ReadResourceResult,
};
use tokio_util::sync::CancellationToken;

use crate::caller::Client;

pub(crate) use call::{OpenCall, Waiter};
pub(crate) use state::{BadState, Binding, States};

/// What calls may outlive their requests, and for how long.
#[derive(Debug, Clone)]
pub struct OpenCallOptions {
    /// Most calls at once that wait for answers or work as tasks; each keeps an instance of its
    /// extension.
    pub most: usize,
    /// Most of one principal. The local client, which has no name, is bounded by [`Self::most`] only.
    pub most_each: usize,
    /// Most whose outcome is kept, beside those that are at work.
    pub most_kept: usize,
    /// How long a client has for its answers; an extension's `limits.person` counts besides.
    pub answer_time: Duration,
    /// How long an outcome is kept for a client that did not get it.
    pub kept: Duration,
    /// After how long the call of a tool that says it may be a task becomes one, where the client
    /// takes tasks.
    pub task_after: Duration,
    /// The same for a tool that does not say so.
    pub any_task_after: Duration,
    /// How long a task can be asked for, from its beginning; work that takes longer is ended.
    pub task_time: Duration,
}

impl Default for OpenCallOptions {
    fn default() -> Self {
        Self {
            most: 64,
            most_each: 16,
            most_kept: 256,
            answer_time: Duration::from_secs(300),
            kept: Duration::from_secs(60),
            task_after: Duration::from_millis(100),
            any_task_after: Duration::from_secs(5),
            task_time: Duration::from_secs(600),
        }
    }
}

/// What a request came to, in the words of MCP.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// A tool's result.
    Tool(CallToolResult),
    /// The host ended the tool's work, and why: for who waits for it a result that an agent reads,
    /// for a task the failure of the request.
    Ended(String),
    Prompt(GetPromptResult),
    Resource(ReadResourceResult),
}

pub(crate) type Outcome = Result<Answer, ErrorData>;

/// What an extension does for a request.
pub(crate) type Work = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// How a request is answered.
pub(crate) enum Reply {
    Complete(Answer),
    InputRequired(InputRequiredResult),
    Task(CreateTaskResult),
}

/// Why a call cannot outlive its request.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    #[error(
        "you have {0} calls that wait for answers or are tasks, the most that one principal may: \
         answer or cancel one of them first"
    )]
    OfPrincipal(usize),
    #[error(
        "{0} calls wait for answers or are tasks, the most that this server keeps: try again later"
    )]
    OfAll(usize),
    #[error("this server keeps the outcomes of {0} calls, the most that it may: try again later")]
    Kept(usize),
}

/// All calls that outlive their requests.
pub(crate) struct OpenCalls {
    calls: Mutex<HashMap<Arc<str>, Arc<OpenCall>>>,
    pub(crate) options: OpenCallOptions,
    pub(crate) states: States,
    ending: CancellationToken,
}

impl OpenCalls {
    pub(crate) fn new(options: OpenCallOptions, ending: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            calls: Mutex::default(),
            options,
            states: States::new(),
            ending,
        })
    }

    /// No code panics while it holds the lock.
    fn calls(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<OpenCall>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes place for a call. [`Self::carry_on`] has to follow.
    ///
    /// # Errors
    /// If there are as many as there may be.
    pub(crate) fn open(
        &self,
        principal: Option<&Arc<str>>,
        client: Arc<Client>,
        binding: Binding,
    ) -> Result<Arc<OpenCall>, Full> {
        let options = &self.options;
        let mut calls = self.calls();
        let at_work = || calls.values().filter(|call| call.is_at_work());
        if at_work().count() >= options.most {
            return Err(Full::OfAll(options.most));
        }
        if principal.is_some() {
            let own = at_work().filter(|call| call.principal.as_ref() == principal);
            if own.count() >= options.most_each {
                return Err(Full::OfPrincipal(options.most_each));
            }
        }
        if calls.len() >= options.most + options.most_kept {
            // A task can be asked for as long as its client was told; other outcomes make place.
            let ended = calls
                .values()
                .filter_map(|call| Some((call.ended_at()?, call)));
            let Some((_, oldest)) = ended.min_by_key(|(at, _)| *at) else {
                return Err(Full::Kept(options.most_kept));
            };
            let id = oldest.id.clone();
            if let Some(oldest) = calls.remove(&id) {
                oldest.end();
            }
        }
        let id: Arc<str> = hex::encode(rand::random::<[u8; 16]>()).into();
        let ending = self.ending.child_token();
        let call = Arc::new(OpenCall::new(
            id.clone(),
            principal.cloned(),
            client,
            binding,
            ending,
        ));
        calls.insert(id, call.clone());
        Ok(call)
    }

    /// Has a call's work go on in a task of its own.
    pub(crate) fn carry_on(self: &Arc<Self>, call: Arc<OpenCall>, work: Work) {
        let place = Place {
            calls: Arc::downgrade(self),
            call: call.clone(),
        };
        let options = self.options.clone();
        tokio::spawn(async move {
            let place = place;
            tokio::select! {
                () = place.call.live(work, &options) => {}
                () = place.call.ended() => {}
            }
        });
    }

    /// A principal's call.
    pub(crate) fn find(&self, id: &str, principal: Option<&Arc<str>>) -> Option<Arc<OpenCall>> {
        let call = self.calls().get(id).cloned();
        call.filter(|call| call.principal.as_ref() == principal)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.calls().len()
    }
}

/// A call's place among the others, which it leaves when this is dropped.
struct Place {
    calls: Weak<OpenCalls>,
    call: Arc<OpenCall>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.call.close();
        if let Some(calls) = self.calls.upgrade() {
            calls.calls().remove(&self.call.id);
        }
    }
}
