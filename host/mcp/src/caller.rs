//! What a guest says to its caller while it works, and what becomes of it when the caller goes.
//!
//! Progress is for those who gave a token, messages for those who want them. The guest never waits
//! for the client: when too many notices wait, further ones are dropped, which both kinds allow.

// MCP has deprecated logging; clients of both eras still ask for it.
#![expect(deprecated)]

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use koi_registry::Invocation;
use koi_runtime::ports::{CallContext, Caller, PortError, nobody_to_ask};
use rmcp::ErrorData;
use rmcp::model::{
    LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam, ProgressToken,
};
use rmcp::service::{Peer, RequestContext, RoleServer, ServiceError};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::errors;

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

/// What was said and not yet sent.
#[derive(Default)]
struct Waiting {
    notices: VecDeque<Said>,
    /// Nothing more will be said.
    ended: bool,
}

/// The client behind a request.
struct Client {
    /// Under which token it wants to hear of progress.
    token: Option<ProgressToken>,
    /// From which level on it wants to hear messages.
    log: Option<LoggingLevel>,
    waiting: Mutex<Waiting>,
    wake: Notify,
}

impl Client {
    /// No code panics while it holds the lock.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, said: Said) {
        let mut waiting = self.waiting();
        if waiting.notices.len() < MAX_WAITING {
            waiting.notices.push_back(said);
            self.wake.notify_one();
        }
    }

    fn end(&self) {
        self.waiting().ended = true;
        self.wake.notify_one();
    }

    /// The next notice; none when the call has ended and there is no more.
    async fn next(&self) -> Option<Said> {
        loop {
            {
                let mut waiting = self.waiting();
                if let Some(said) = waiting.notices.pop_front() {
                    return Some(said);
                }
                if waiting.ended {
                    return None;
                }
            }
            self.wake.notified().await;
        }
    }

    /// Sends what is said until the call has ended or the client has gone.
    async fn forward(&self, peer: &Peer<RoleServer>) {
        while let Some(said) = self.next().await {
            if self.send(said, peer).await.is_err() {
                return;
            }
        }
    }

    async fn send(&self, said: Said, peer: &Peer<RoleServer>) -> Result<(), ServiceError> {
        match said {
            Said::Progress {
                progress,
                total,
                message,
            } => {
                let Some(token) = self.token.clone() else {
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
}

#[async_trait]
impl Caller for Client {
    fn who(&self, call: &CallContext) -> String {
        let mut who = json!({
            "kind": call.kind.as_str(),
            "correlation-id": call.correlation,
            "answers": [],
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
        // JSON has no other numbers.
        if self.token.is_some() && progress.is_finite() {
            self.say(Said::Progress {
                progress,
                total: total.filter(|t| t.is_finite()),
                message,
            });
        }
    }

    fn log(&self, _: &CallContext, level: &str, data: &str) {
        let Some(least) = self.log else { return };
        let level: LoggingLevel =
            serde_json::from_value(Value::from(level)).unwrap_or(LoggingLevel::Info);
        if severity(level) >= severity(least) {
            let data = serde_json::from_str(data).unwrap_or_else(|_| Value::from(data));
            self.say(Said::Log { level, data });
        }
    }

    async fn ask(&self, _: &CallContext, _: &str) -> Result<String, PortError> {
        Err(nobody_to_ask())
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

/// Makes a call on behalf of a request: its notices go to the client before its result does, and it
/// is dropped when the client cancels the request. `log` is the level from which the client wants to
/// hear messages.
///
/// # Errors
/// If the request was cancelled.
pub(crate) async fn on_behalf<T, F>(
    context: &RequestContext<RoleServer>,
    log: Option<LoggingLevel>,
    correlation: Arc<str>,
    call: impl FnOnce(Invocation) -> F,
) -> Result<T, ErrorData>
where
    F: Future<Output = T>,
{
    let client = Arc::new(Client {
        token: context.meta.get_progress_token(),
        log,
        waiting: Mutex::default(),
        wake: Notify::new(),
    });
    let mut invocation = Invocation::new(correlation);
    invocation.caller = Some(client.clone());
    let call = call(invocation);
    let answered = async {
        if client.token.is_none() && client.log.is_none() {
            return call.await;
        }
        let forwarding = client.forward(&context.peer);
        tokio::pin!(call, forwarding);
        let mut forwarded = false;
        let result = loop {
            tokio::select! {
                result = &mut call => break result,
                () = &mut forwarding, if !forwarded => forwarded = true,
            }
        };
        client.end();
        if !forwarded {
            let _ = tokio::time::timeout(FLUSH, forwarding).await;
        }
        result
    };
    tokio::select! {
        result = answered => Ok(result),
        () = context.ct.cancelled() => Err(errors::cancelled()),
    }
}
