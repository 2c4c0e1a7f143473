//! The client behind a call: what a guest says to it while it works, what it asks of it, and what
//! becomes of the call when the client goes.
//!
//! Progress is for those who gave a token, messages for those who want them. The guest never waits
//! for the client to read: when too many notices wait, further ones are dropped, which both kinds
//! allow. Questions are for clients that offer to answer them. In the legacy era they are requests to
//! the client; in the modern one there are none, and whoever attends the call is handed the questions.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use koi_runtime::ports::{CallContext, Caller, PortError};
use rmcp::ErrorData;
use rmcp::model::{
    ClientCapabilities, LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam,
    ProgressToken,
};
use rmcp::service::{Peer, RequestContext, RoleServer, ServiceError};
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};

use crate::client_requests;
use crate::errors;
use crate::questions::{self, Answers, Questions};

/// Notices that may wait for a client.
const MAX_WAITING: usize = 64;
/// How long the answer waits for the notices before it.
const FLUSH: Duration = Duration::from_secs(2);

enum Said {
    Progress {
        progress: f64,
        total: Option<f64>,
        message: Option<String>,
    },
    Log {
        level: LoggingLevel,
        data: Value,
    },
}

/// Questions that a guest waits with.
pub(crate) struct Asked {
    pub(crate) questions: Questions,
    /// Where the answers go, or why there are none.
    pub(crate) reply: oneshot::Sender<Result<Answers, PortError>>,
}

/// What the client of a request wants to hear of its call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hears {
    /// Under which token it wants to hear of progress.
    pub(crate) token: Option<ProgressToken>,
    /// From which level on it wants to hear messages.
    pub(crate) log: Option<LoggingLevel>,
}

impl Hears {
    fn anything(&self) -> bool {
        self.token.is_some() || self.log.is_some()
    }
}

/// What was said and asked and not yet brought to the client.
#[derive(Default)]
struct Waiting {
    hears: Hears,
    notices: VecDeque<Said>,
    asked: Option<Asked>,
    /// Nothing more will be said.
    ended: bool,
}

/// The client behind a call.
pub(crate) struct Client {
    /// What it can be asked.
    offers: ClientCapabilities,
    /// What it was to be asked beyond that.
    missing: OnceLock<ClientCapabilities>,
    waiting: Mutex<Waiting>,
    /// Wakes who brings it notices.
    said: Notify,
    /// Wakes who brings it questions.
    asks: Notify,
}

/// What became of a call while its client waited.
pub(crate) enum Event<T> {
    /// It has ended.
    Ended(T),
    /// It waits for answers. Only in the modern era.
    Asked(Asked),
}

impl Client {
    pub(crate) fn new(offers: ClientCapabilities, hears: Hears) -> Arc<Self> {
        Arc::new(Self {
            offers,
            missing: OnceLock::new(),
            waiting: Mutex::new(Waiting {
                hears,
                ..Waiting::default()
            }),
            said: Notify::new(),
            asks: Notify::new(),
        })
    }

    /// What the guest asked for and this client does not offer.
    pub(crate) fn missing(&self) -> Option<&ClientCapabilities> {
        self.missing.get()
    }

    /// The client hears of the call through another request from now on, or for now through none.
    pub(crate) fn hears(&self, hears: Hears) {
        let mut waiting = self.waiting();
        waiting.notices.clear();
        waiting.hears = hears;
    }

    /// No code panics while it holds the lock.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, said: impl FnOnce(&Hears) -> Option<Said>) {
        let mut waiting = self.waiting();
        if waiting.notices.len() < MAX_WAITING
            && let Some(said) = said(&waiting.hears)
        {
            waiting.notices.push_back(said);
            self.said.notify_one();
        }
    }

    /// Nothing more will be said until somebody attends the call again.
    fn end(&self) {
        self.waiting().ended = true;
        self.said.notify_one();
    }

    /// The next notice; none when there will be no more.
    async fn next(&self) -> Option<(Said, Option<ProgressToken>)> {
        loop {
            {
                let mut waiting = self.waiting();
                if let Some(said) = waiting.notices.pop_front() {
                    return Some((said, waiting.hears.token.clone()));
                }
                if waiting.ended {
                    return None;
                }
            }
            self.said.notified().await;
        }
    }

    /// The next questions.
    pub(crate) async fn asked(&self) -> Asked {
        loop {
            if let Some(asked) = self.waiting().asked.take() {
                return asked;
            }
            self.asks.notified().await;
        }
    }

    /// Sends what is said until there is no more or the client has gone.
    async fn forward(&self, peer: &Peer<RoleServer>) {
        while let Some((said, token)) = self.next().await {
            if send(said, token, peer).await.is_err() {
                return;
            }
        }
    }

    /// Brings the client what is said to it while `happens` has not happened, and all that was said
    /// before.
    ///
    /// # Errors
    /// If the client cancels the request meanwhile.
    pub(crate) async fn until<T>(
        &self,
        context: &RequestContext<RoleServer>,
        happens: impl Future<Output = T>,
    ) -> Result<T, ErrorData> {
        self.waiting().ended = false;
        let forwarding = self.forward(&context.peer);
        tokio::pin!(happens, forwarding);
        let mut forwarded = false;
        let happened = loop {
            tokio::select! {
                happened = &mut happens => break happened,
                () = &mut forwarding, if !forwarded => forwarded = true,
                () = context.ct.cancelled() => return Err(errors::cancelled()),
            }
        };
        self.end();
        if !forwarded {
            let _ = tokio::time::timeout(FLUSH, forwarding).await;
        }
        Ok(happened)
    }

    /// Does a call's work until it has ended, or asks something that the client cannot be asked
    /// meanwhile.
    ///
    /// # Errors
    /// If the client cancels the request.
    pub(crate) async fn attend<F: Future + ?Sized>(
        &self,
        context: &RequestContext<RoleServer>,
        modern: bool,
        mut work: Pin<&mut F>,
    ) -> Result<Event<F::Output>, ErrorData> {
        let can_ask = !questions::methods(&self.offers).is_empty();
        if !can_ask && !self.waiting().hears.anything() {
            return tokio::select! {
                result = work => Ok(Event::Ended(result)),
                () = context.ct.cancelled() => Err(errors::cancelled()),
            };
        }
        let event = async {
            loop {
                let asked = tokio::select! {
                    result = &mut work => return Event::Ended(result),
                    asked = self.asked() => asked,
                };
                if modern {
                    return Event::Asked(asked);
                }
                tokio::select! {
                    result = &mut work => return Event::Ended(result),
                    () = ask(&context.peer, asked) => {}
                }
            }
        };
        self.until(context, event).await
    }
}

async fn send(
    said: Said,
    token: Option<ProgressToken>,
    peer: &Peer<RoleServer>,
) -> Result<(), ServiceError> {
    match said {
        Said::Progress {
            progress,
            total,
            message,
        } => {
            let Some(token) = token else {
                return Ok(());
            };
            let mut notice = ProgressNotificationParam::new(token, progress);
            notice.total = total;
            notice.message = message;
            peer.notify_progress(notice).await
        }
        Said::Log { level, data } => {
            peer.notify_logging_message(LoggingMessageNotificationParam::new(level, data))
                .await
        }
    }
}

/// Asks a client of the legacy era.
async fn ask(peer: &Peer<RoleServer>, asked: Asked) {
    let Asked {
        questions,
        mut reply,
    } = asked;
    let answers = tokio::select! {
        answers = client_requests::ask(peer, &questions) => answers,
        // The guest waits no longer.
        () = reply.closed() => return,
    };
    let _ = reply.send(answers);
}

#[async_trait]
impl Caller for Client {
    fn who(&self, call: &CallContext) -> String {
        let mut who = json!({
            "kind": call.kind.as_str(),
            "correlation-id": call.correlation,
            "answers": questions::methods(&self.offers),
        });
        if let Some(principal) = &call.principal {
            who["principal"] = json!(principal);
        }
        who.to_string()
    }

    fn progress(
        &self,
        _: &CallContext,
        progress: f64,
        total: Option<f64>,
        message: Option<String>,
    ) {
        self.say(|hears| {
            // JSON has no other numbers.
            (hears.token.is_some() && progress.is_finite()).then(|| Said::Progress {
                progress,
                total: total.filter(|t| t.is_finite()),
                message,
            })
        });
    }

    fn log(&self, _: &CallContext, level: &str, data: &str) {
        self.say(|hears| {
            let least = hears.log?;
            let level: LoggingLevel =
                serde_json::from_value(Value::from(level)).unwrap_or(LoggingLevel::Info);
            (severity(level) >= severity(least)).then(|| {
                let data = serde_json::from_str(data).unwrap_or_else(|_| Value::from(data));
                Said::Log { level, data }
            })
        });
    }

    async fn ask(&self, _: &CallContext, questions: &str) -> Result<String, PortError> {
        let questions = Questions::parse(questions).map_err(PortError::InvalidInput)?;
        if let Some(missing) = questions.beyond(&self.offers) {
            let told = serde_json::to_string(&missing).unwrap_or_default();
            let _ = self.missing.set(missing);
            return Err(PortError::Permanent(format!(
                "the client of this call cannot be asked this: it would have to offer {told}"
            )));
        }
        let (reply, answers) = oneshot::channel();
        {
            let mut waiting = self.waiting();
            if waiting.asked.is_some() {
                let problem = "this call has questions that wait for answers already";
                return Err(PortError::Permanent(problem.to_owned()));
            }
            waiting.asked = Some(Asked { questions, reply });
        }
        self.asks.notify_one();
        let gone = |_| PortError::Transient("the client went before it answered".to_owned());
        let answers = answers.await.map_err(gone)??;
        serde_json::to_string(&answers).map_err(|error| PortError::Permanent(error.to_string()))
    }
}

fn severity(level: LoggingLevel) -> u8 {
    match level {
        LoggingLevel::Debug => 0,
        LoggingLevel::Info => 1,
        LoggingLevel::Notice => 2,
        LoggingLevel::Warning => 3,
        LoggingLevel::Error => 4,
        LoggingLevel::Critical => 5,
        LoggingLevel::Alert => 6,
        LoggingLevel::Emergency => 7,
    }
}
