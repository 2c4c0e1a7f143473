//! What a guest says to its caller while it works, and what becomes of it when the caller goes.
//!
//! Progress is for those who gave a token, messages for those who set a level; for all others there
//! is no channel and nothing is done. The guest never waits for the client: what does not fit into
//! the channel is dropped, which both kinds of notice allow.

// MCP has deprecated logging; clients of both eras still ask for it.
#![expect(deprecated)]

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use koi_registry::Invocation;
use koi_runtime::ports::{CallContext, Caller};
use rmcp::ErrorData;
use rmcp::model::{
    LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam, ProgressToken,
};
use rmcp::service::{Peer, RequestContext, RoleServer};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::errors;

/// Notices that may wait for a client.
const CHANNEL: usize = 64;
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
    /// The call has ended.
    End,
}

struct Client {
    notices: Option<mpsc::Sender<Said>>,
    progress: bool,
    log: Option<LoggingLevel>,
}

impl Client {
    fn say(&self, said: Said) {
        if let Some(notices) = &self.notices {
            // Full or closed: dropped.
            let _ = notices.try_send(said);
        }
    }
}

impl Caller for Client {
    fn who(&self, call: &CallContext) -> String {
        let mut who = json!({
            "kind": call.kind.as_str(),
            "correlation-id": call.correlation,
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
        if self.progress && progress.is_finite() {
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
    let token = context.meta.get_progress_token();
    let mut invocation = Invocation::new(correlation);
    let wants_notices = token.is_some() || log.is_some();
    let (notices, heard) = match wants_notices.then(|| mpsc::channel(CHANNEL)) {
        Some((sender, receiver)) => (Some(sender), Some(receiver)),
        None => (None, None),
    };
    let progress = token.is_some();
    invocation.caller = Some(Arc::new(Client {
        notices: notices.clone(),
        progress,
        log,
    }));
    let call = call(invocation);
    let answered = async {
        let (Some(notices), Some(heard)) = (notices, heard) else {
            return call.await;
        };
        let forwarding = forward(&context.peer, token, heard);
        tokio::pin!(call, forwarding);
        let mut forwarded = false;
        let result = loop {
            tokio::select! {
                result = &mut call => break result,
                () = &mut forwarding, if !forwarded => forwarded = true,
            }
        };
        if !forwarded {
            let flush = async {
                let _ = tokio::join!(notices.send(Said::End), forwarding);
            };
            let _ = tokio::time::timeout(FLUSH, flush).await;
        }
        result
    };
    tokio::select! {
        result = answered => Ok(result),
        () = context.ct.cancelled() => Err(errors::cancelled()),
    }
}

/// Ends with [`Said::End`] or when the client has gone.
async fn forward(
    peer: &Peer<RoleServer>,
    token: Option<ProgressToken>,
    mut heard: mpsc::Receiver<Said>,
) {
    while let Some(said) = heard.recv().await {
        let sent = match said {
            Said::Progress {
                progress,
                total,
                message,
            } => {
                let Some(token) = token.clone() else { continue };
                let mut notice = ProgressNotificationParam::new(token, progress);
                notice.total = total;
                notice.message = message;
                peer.notify_progress(notice).await
            }
            Said::Log { level, data } => {
                peer.notify_logging_message(LoggingMessageNotificationParam::new(level, data))
                    .await
            }
            Said::End => return,
        };
        if sent.is_err() {
            return;
        }
    }
}
