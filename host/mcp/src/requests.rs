//! Requests that call a guest, from their beginning to their answer.
//!
//! A guest may ask its caller in the middle of its work, whatever the era. Where the questions cannot
//! be put to the client at once, the request is answered with them and the call waits among the
//! [open calls](crate::open_calls) for the request that brings the answers.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use koi_registry::Invocation;
use koi_runtime::ports::PortError;
use rmcp::ErrorData;
use rmcp::model::{ClientCapabilities, InputResponses, LoggingLevel};
use rmcp::service::{RequestContext, RoleServer};

use crate::caller::{Asked, Client, Event, Hears};
use crate::errors;
use crate::handler::is_modern;
use crate::open_calls::{BadState, Binding, Outcome, Reply, Waiter, Work};
use crate::principals::principal_of;
use crate::questions::{Answers, Misfit};
use crate::shared::Shared;

/// Whether a call may become a task, where its client takes tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TaskUse {
    /// It does not.
    Never,
    /// It does when it is not answered after this long.
    After(Duration),
}

/// A request that calls a guest.
pub(crate) struct Request<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) context: &'a RequestContext<RoleServer>,
    /// From which level its client wants to hear messages.
    pub(crate) log: Option<LoggingLevel>,
    /// `tools/call`, `prompts/get` or `resources/read`.
    pub(crate) method: &'static str,
    /// What is called: a name or a URI.
    pub(crate) name: &'a str,
    /// JSON text.
    pub(crate) arguments: &'a str,
    /// Answers to questions.
    pub(crate) given: Option<InputResponses>,
}

impl Request<'_> {
    fn hears(&self) -> Hears {
        Hears {
            token: self.context.meta.get_progress_token(),
            log: self.log,
        }
    }

    fn binding(&self, principal: Option<&Arc<str>>) -> Binding {
        let principal = principal.map(|of| &**of);
        Binding::new(principal, self.method, self.name, self.arguments)
    }

    /// Has `work` done for this request.
    ///
    /// # Errors
    /// As the work fails, and if the client cancels the request.
    pub(crate) async fn begin<F>(
        mut self,
        task: TaskUse,
        work: impl FnOnce(Invocation, Arc<Client>) -> F,
    ) -> Result<Reply, ErrorData>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let modern = is_modern(self.context);
        let offers = self.context.client_capabilities().unwrap_or_default();
        let task = match task {
            TaskUse::After(time) if modern && offers.supports_tasks() => Some(time),
            _ => None,
        };
        let client = Client::new(offers, self.hears());
        let principal = principal_of(self.context);
        let mut invocation = Invocation::new(self.shared.correlation());
        invocation.caller = Some(client.clone());
        invocation.principal = principal.clone();
        let mut work: Work = Box::pin(work(invocation, client.clone()));
        let long = sleep_or_never(task);
        tokio::pin!(long);
        let mut may_be_task = task.is_some();
        loop {
            let event = tokio::select! {
                event = client.attend(self.context, modern, work.as_mut()) => Some(event?),
                () = &mut long, if may_be_task => None,
            };
            let calls = &self.shared.calls;
            let open = |binding| calls.open(principal.as_ref(), client.clone(), binding);
            let call = match event {
                Some(Event::Ended(outcome)) => return outcome.map(Reply::Complete),
                Some(Event::Asked(asked)) => {
                    let Some((asked, answers)) = self.answered(asked) else {
                        continue;
                    };
                    match open(self.binding(principal.as_ref())) {
                        Ok(call) => {
                            call.ask(asked, calls.options.answer_time);
                            let _ = call.answer(None, answers);
                            call
                        }
                        Err(full) => {
                            let full = PortError::Transient(full.to_string());
                            let _ = asked.reply.send(Err(full));
                            continue;
                        }
                    }
                }
                None => {
                    may_be_task = false;
                    match open(self.binding(principal.as_ref())) {
                        Ok(call) => {
                            call.become_task(calls.options.task_time);
                            call
                        }
                        Err(full) => {
                            tracing::debug!(%full, name = self.name, "a call becomes no task");
                            continue;
                        }
                    }
                }
            };
            let reply = call.reply(&calls.states);
            calls.carry_on(call, work);
            return reply.unwrap_or_else(|| Err(errors::cancelled()));
        }
    }

    /// Answers questions with what came with the request already; gives them back with the answers
    /// that there are if those are not all.
    fn answered(&mut self, asked: Asked) -> Option<(Asked, Answers)> {
        let mut answers = Answers::new();
        if let Some(given) = self.given.take() {
            // What is none is asked for.
            let _ = asked.questions.take(given, &mut answers);
        }
        if !asked.questions.all_in(&answers) {
            return Some((asked, answers));
        }
        let _ = asked.reply.send(Ok(answers));
        None
    }

    /// Goes on with the call that `state` came from.
    ///
    /// # Errors
    /// If it is not this request's, or there is no such call any more; as the work fails; if the
    /// client cancels the request.
    pub(crate) async fn go_on(self, state: &str, task: TaskUse) -> Result<Reply, ErrorData> {
        let principal = principal_of(self.context);
        let calls = &self.shared.calls;
        let opened = calls.states.open(state, &self.binding(principal.as_ref()));
        let state = opened.map_err(|bad| errors::bad_state(&bad))?;
        let call = calls
            .find(&state.call, principal.as_ref())
            .ok_or_else(|| errors::bad_state(&BadState::Gone))?;
        let waiter = Waiter::new(call.clone());
        // Of two that wait for the same, the first one hears.
        let hears = waiter.is_alone() && !call.is_task();
        if hears {
            call.client.hears(self.hears());
        }
        match call.answer(Some(state.round), self.given.unwrap_or_default()) {
            // A form that was filled in wrongly is shown again.
            Ok(()) | Err(Misfit::Form(..)) => {}
            Err(misfit) => return Err(errors::no_answer(&misfit)),
        }
        let offers = self.context.client_capabilities().unwrap_or_default();
        let long = sleep_or_never(match task {
            TaskUse::After(time) if offers.supports_tasks() => Some(time),
            _ => None,
        });
        tokio::select! {
            settled = call.client.until(self.context, waiter.settled()), if hears => settled?,
            () = waiter.settled(), if !hears => {}
            () = self.context.ct.cancelled(), if !hears => return Err(errors::cancelled()),
            () = long => call.become_task(calls.options.task_time),
        }
        call.reply(&calls.states)
            .unwrap_or_else(|| Err(errors::cancelled()))
    }
}

async fn sleep_or_never(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

/// Has `work` done for a request whose guest cannot ask.
///
/// # Errors
/// If the client cancels the request.
pub(crate) async fn without_questions<T, F: Future<Output = T>>(
    (context, log, correlation): (&RequestContext<RoleServer>, Option<LoggingLevel>, Arc<str>),
    work: impl FnOnce(Invocation) -> F,
) -> Result<T, ErrorData> {
    let hears = Hears {
        token: context.meta.get_progress_token(),
        log,
    };
    let client = Client::new(ClientCapabilities::default(), hears);
    let mut invocation = Invocation::new(correlation);
    invocation.caller = Some(client.clone());
    invocation.principal = principal_of(context);
    let work = std::pin::pin!(work(invocation));
    match client.attend(context, false, work).await? {
        Event::Ended(result) => Ok(result),
        // It offers no answers.
        Event::Asked(_) => Err(errors::cancelled()),
    }
}
