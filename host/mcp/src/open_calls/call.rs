//! One call that outlives the request it began with.

use std::sync::Arc;
use std::time::Duration;

use koi_runtime::ports::PortError;
use rmcp::ErrorData;
use rmcp::model::{
    CreateTaskResult, DetailedTask, ErrorCode, InputRequests, InputRequiredResult, JsonObject,
    Task, TaskPayload, TaskStatus,
};
use rmcp::task_manager::current_timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::state::{Binding, RequestState, States};
use super::{Answer, OpenCallOptions, Outcome, Reply, Work};
use crate::caller::{Asked, Client};
use crate::errors;
use crate::questions::{Answers, Misfit, Questions};

/// How often a client may look at a task.
const POLL: Duration = Duration::from_millis(500);

/// A call, whoever waits for it.
pub(crate) struct OpenCall {
    pub(crate) id: Arc<str>,
    pub(super) principal: Option<Arc<str>>,
    pub(crate) client: Arc<Client>,
    binding: Binding,
    state: watch::Sender<State>,
    /// Ends the work, and has the call forgotten.
    ending: CancellationToken,
    /// Ends the work of a task.
    cancelling: CancellationToken,
}

struct State {
    /// How often it has asked.
    round: u32,
    phase: Phase,
    task: Option<TaskTimes>,
    /// Requests that wait for what it comes to.
    waiters: usize,
}

enum Phase {
    Working,
    Asking {
        questions: Questions,
        /// Those that are there already.
        answers: Answers,
        reply: oneshot::Sender<Result<Answers, PortError>>,
        until: Instant,
    },
    Done(Outcome, Instant),
    Cancelled,
}

struct TaskTimes {
    created: String,
    updated: String,
    until: Instant,
    time: Duration,
}

impl State {
    fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Done(..) | Phase::Cancelled)
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        if let Some(task) = &mut self.task {
            task.updated = current_timestamp();
        }
    }

    /// Until when it may go on as it is.
    fn until(&self) -> Option<Instant> {
        let task = self.task.as_ref().map(|task| task.until);
        let asking = match &self.phase {
            Phase::Asking { until, .. } => Some(*until),
            _ => None,
        };
        task.into_iter().chain(asking).min()
    }

    /// The key under which a client of a task knows a question: no two questions of one task have
    /// the same.
    fn task_key(&self, key: &str) -> String {
        match self.round {
            0 | 1 => key.to_owned(),
            round => format!("{key}.{round}"),
        }
    }
}

impl OpenCall {
    pub(super) fn new(
        id: Arc<str>,
        principal: Option<Arc<str>>,
        client: Arc<Client>,
        binding: Binding,
        ending: CancellationToken,
    ) -> Self {
        Self {
            id,
            principal,
            client,
            binding,
            state: watch::Sender::new(State {
                round: 0,
                phase: Phase::Working,
                task: None,
                waiters: 0,
            }),
            ending,
            cancelling: CancellationToken::new(),
        }
    }

    pub(super) fn is_at_work(&self) -> bool {
        !self.state.borrow().is_over()
    }

    /// When it ended, if its outcome may be forgotten.
    pub(super) fn ended_at(&self) -> Option<Instant> {
        let state = self.state.borrow();
        match (&state.phase, &state.task) {
            (Phase::Done(_, at), None) => Some(*at),
            _ => None,
        }
    }

    /// Has it forgotten, its work ended.
    pub(super) fn end(&self) {
        self.ending.cancel();
    }

    pub(super) async fn ended(&self) {
        self.ending.cancelled().await;
    }

    /// Nothing more will come of it.
    pub(super) fn close(&self) {
        self.state.send_if_modified(|state| {
            let over = state.is_over();
            if !over {
                state.enter(Phase::Done(Err(errors::cancelled()), Instant::now()));
            }
            !over
        });
    }

    /// Works until there is an outcome, and keeps that for a while. Returns when the call can be
    /// forgotten.
    pub(super) async fn live(&self, mut work: Work, options: &OpenCallOptions) {
        let mut changes = self.state.subscribe();
        loop {
            let until = changes.borrow_and_update().until();
            tokio::select! {
                outcome = &mut work => {
                    self.enter(Phase::Done(outcome, Instant::now()));
                    break;
                }
                asked = self.client.asked() => self.ask(asked, options.answer_time),
                () = self.cancelling.cancelled() => {
                    self.enter(Phase::Cancelled);
                    break;
                }
                () = reached(until) => {
                    if !self.is_task() {
                        return;
                    }
                    self.enter(Phase::Done(Err(errors::out_of_time()), Instant::now()));
                    break;
                }
                _ = changes.changed() => {}
            }
        }
        drop(work);
        let kept = Instant::now() + options.kept;
        let until = self.state.borrow().task.as_ref().map(|task| task.until);
        tokio::time::sleep_until(until.unwrap_or(kept)).await;
    }

    fn enter(&self, phase: Phase) {
        self.state.send_modify(|state| state.enter(phase));
    }

    /// It waits for answers from now on.
    pub(crate) fn ask(&self, asked: Asked, answer_time: Duration) {
        let Asked { questions, reply } = asked;
        self.client.hears(Default::default());
        self.state.send_modify(|state| {
            state.round += 1;
            state.enter(Phase::Asking {
                questions,
                answers: Answers::new(),
                reply,
                until: Instant::now() + answer_time,
            });
        });
    }

    /// Takes in answers to the questions of a round. When all are there the guest goes on.
    ///
    /// # Errors
    /// The first that is no answer, when all others were taken in.
    pub(crate) fn answer(&self, round: Option<u32>, given: Answers) -> Result<(), Misfit> {
        let mut fits = Ok(());
        self.state.send_if_modified(|state| {
            if round.is_some_and(|round| round != state.round) {
                return false;
            }
            let Phase::Asking {
                questions, answers, ..
            } = &mut state.phase
            else {
                return false;
            };
            fits = questions.take(given, answers);
            if questions.all_in(answers) {
                state.go_on();
            }
            true
        });
        fits
    }

    /// The same for a task, by the keys under which its client knows the questions.
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub(crate) fn answer_task(&self, given: Answers) -> Result<(), Misfit> {
        let own = {
            let state = self.state.borrow();
            let Phase::Asking { questions, .. } = &state.phase else {
                return Ok(());
            };
            let keys = questions.open(&Answers::new()).into_keys();
            let mut given = given;
            keys.filter_map(|key| {
                let answer = given.remove(&state.task_key(&key))?;
                Some((key, answer))
            })
            .collect()
        };
        self.answer(None, own)
    }

    /// It is a task from now on.
    pub(crate) fn become_task(&self, time: Duration) {
        self.client.hears(Default::default());
        self.state.send_modify(|state| {
            let now = current_timestamp();
            state.task.get_or_insert_with(|| TaskTimes {
                created: now.clone(),
                updated: now,
                until: Instant::now() + time,
                time,
            });
        });
    }

    pub(crate) fn is_task(&self) -> bool {
        self.state.borrow().task.is_some()
    }

    /// Ends the work of a task. No more than that if it has ended already.
    pub(crate) fn cancel(&self) {
        self.cancelling.cancel();
    }

    /// How a request is answered as things stand; none while it works and is no task.
    pub(crate) fn reply(&self, states: &States) -> Option<Result<Reply, ErrorData>> {
        let state = self.state.borrow();
        if state.task.is_some() {
            let task = self.task(&state)?;
            return Some(Ok(Reply::Task(CreateTaskResult::new(task))));
        }
        match &state.phase {
            Phase::Working => None,
            Phase::Asking {
                questions,
                answers,
                until,
                ..
            } => {
                let of = RequestState {
                    call: self.id.to_string(),
                    round: state.round,
                };
                let good = until.saturating_duration_since(Instant::now());
                let sealed = states.seal(&of, &self.binding, good);
                let open = questions.open(answers);
                let result = InputRequiredResult::new(Some(open), Some(sealed));
                Some(Ok(Reply::InputRequired(result)))
            }
            Phase::Done(outcome, _) => Some(outcome.clone().map(Reply::Complete)),
            Phase::Cancelled => Some(Err(errors::cancelled())),
        }
    }

    /// The task as its client sees it; none if it is none.
    pub(crate) fn detailed(&self) -> Option<DetailedTask> {
        let state = self.state.borrow();
        let task = self.task(&state)?;
        Some(DetailedTask::new(task, state.payload()))
    }

    fn task(&self, state: &State) -> Option<Task> {
        let times = state.task.as_ref()?;
        let (created, updated) = (times.created.clone(), times.updated.clone());
        let task = Task::new(&*self.id, state.status(), created, updated);
        Some(
            task.with_ttl_ms(millis(times.time))
                .with_poll_interval_ms(millis(POLL)),
        )
    }
}

impl State {
    /// Gives the guest its answers.
    fn go_on(&mut self) {
        let asking = std::mem::replace(&mut self.phase, Phase::Working);
        if let Phase::Asking { answers, reply, .. } = asking {
            // A guest that waits no longer has ended.
            let _ = reply.send(Ok(answers));
        }
        self.enter(Phase::Working);
    }

    fn status(&self) -> TaskStatus {
        match &self.phase {
            Phase::Working => TaskStatus::Working,
            Phase::Asking { .. } => TaskStatus::InputRequired,
            Phase::Done(Ok(Answer::Ended(_)) | Err(_), _) => TaskStatus::Failed,
            Phase::Done(Ok(_), _) => TaskStatus::Completed,
            Phase::Cancelled => TaskStatus::Cancelled,
        }
    }

    fn payload(&self) -> TaskPayload {
        match &self.phase {
            Phase::Working => TaskPayload::Working,
            Phase::Asking {
                questions, answers, ..
            } => {
                let open = questions.open(answers).into_iter();
                let input_requests: InputRequests = open
                    .map(|(key, request)| (self.task_key(&key), request))
                    .collect();
                TaskPayload::InputRequired { input_requests }
            }
            Phase::Done(Ok(Answer::Tool(result)), _) => TaskPayload::Completed {
                result: object(result),
            },
            Phase::Done(Ok(Answer::Ended(message)), _) => TaskPayload::Failed {
                error: object(&ErrorData::new(
                    ErrorCode::INTERNAL_ERROR,
                    message.clone(),
                    None,
                )),
            },
            // Only tools become tasks.
            Phase::Done(Ok(_), _) => TaskPayload::Completed {
                result: JsonObject::new(),
            },
            Phase::Done(Err(error), _) => TaskPayload::Failed {
                error: object(error),
            },
            Phase::Cancelled => TaskPayload::Cancelled,
        }
    }
}

/// A request that waits for what a call comes to. When the last one goes and nobody has become the
/// wiser, the work is ended.
pub(crate) struct Waiter(Arc<OpenCall>);

impl Waiter {
    pub(crate) fn new(call: Arc<OpenCall>) -> Self {
        call.state.send_modify(|state| state.waiters += 1);
        Self(call)
    }

    /// Whether no other request waits for the same.
    pub(crate) fn is_alone(&self) -> bool {
        self.0.state.borrow().waiters == 1
    }

    /// Returns when there is a [reply](OpenCall::reply).
    pub(crate) async fn settled(&self) {
        let mut changes = self.0.state.subscribe();
        let working = |state: &State| matches!(state.phase, Phase::Working);
        // The call keeps the sender.
        let _ = changes
            .wait_for(|state| !working(state) || state.task.is_some())
            .await;
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut abandoned = false;
        self.0.state.send_modify(|state| {
            state.waiters -= 1;
            let working = matches!(state.phase, Phase::Working) && state.task.is_none();
            abandoned = working && state.waiters == 0;
        });
        if abandoned {
            self.0.end();
        }
    }
}

async fn reached(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

fn object(of: &impl Serialize) -> JsonObject {
    match serde_json::to_value(of) {
        Ok(Value::Object(object)) => object,
        _ => JsonObject::new(),
    }
}
