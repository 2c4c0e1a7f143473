//! Making a call that is recorded, and making it again.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::divergence::Divergence;
use super::ports::taped;
use super::tape::Tape;
use super::{
    Called, Ended, FORM, MAX_RECORDING_BYTES, MAX_STEPS, Recording, beyond, by_setting, entry,
};
use crate::call::Answer;
use crate::contract::whichever;
use crate::error::CallError;
use crate::extension::Extension;
use crate::limits::Limits;
use crate::live::Live;
use crate::ports::{self, CallContext, CallKind, Ports};
use crate::values::{Call, Mode, ResourceBody, ResourceContents};
use crate::work::Boxed;

/// What a replay may take longer than the recorded call: another machine may be slower, and what runs
/// beside it is another thing.
const PATIENCE: u32 = 4;
const LEAST_TIME: Duration = Duration::from_secs(60);

/// Why a call was not recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// What it may reach is not recorded.
    #[error(
        "calls of {extension} cannot be recorded: what it reads and writes in the folders that it was granted ({}) is not part of a recording; take them back meanwhile with: koi-mcp extension revoke {extension} files=…",
        folders.join(", ")
    )]
    Folders {
        /// The extension.
        extension: String,
        /// Where it sees the folders.
        folders: Vec<String>,
    },
    /// A limit is set to more than is replayed.
    #[error(
        "calls of {extension} cannot be recorded: its limit `{setting}` is above {most}, the most that is replayed"
    )]
    Limit {
        /// The extension.
        extension: String,
        /// The setting.
        setting: &'static str,
        /// The bound, in the setting's unit.
        most: u64,
    },
    /// The recording would be too large.
    #[error(
        "the call was made and its recording dropped: it would have more than {MAX_STEPS} steps or {MAX_RECORDING_BYTES} bytes"
    )]
    TooLarge,
    /// Something in it must not be written down.
    #[error("the call was made and its recording dropped: {0}")]
    Dropped(String),
    /// The call did not come about, or the host failed in it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// What answers for the extension has no recordings.
    #[error("calls of this extension cannot be recorded: it is no component that runs here")]
    Unsupported,
}

/// Why a recording was not replayed to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// Time is not recorded.
    #[error(
        "the recorded call was ended by its limit of {0}, and time does not repeat itself: its steps stand in the file, but there is nothing to replay"
    )]
    OutOfTime(String),
    /// The replay met a limit of its own.
    #[error("the replay met a limit of its own of {0}, which says nothing about the recorded call")]
    TooSlow(String),
    /// The call did not come about, or the host failed in it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// What answers for the extension has no recordings.
    #[error("this cannot be replayed: what it was recorded of is no component that runs here")]
    Unsupported,
}

/// What came of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Where it went another way; none if all was the same to the byte.
    pub divergence: Option<Divergence>,
    /// Lower-case hex SHA-256 of the component that was run.
    pub digest: Arc<str>,
}

impl Extension {
    /// Makes a call and records it: with the ports of the call, in a fresh instance whatever its mode
    /// is. A singleton's takes up the saved state, and what it has in memory afterwards is not saved.
    ///
    /// # Errors
    /// If it cannot be recorded. A call that ends with a failure or at a limit is recorded as that.
    pub fn record(&self, call: Call, called: Called) -> Boxed<'_, Result<Recording, RecordError>> {
        Box::pin(self.record_now(call, called))
    }

    async fn record_now(&self, call: Call, called: Called) -> Result<Recording, RecordError> {
        let Call {
            context,
            ports,
            caller,
            limits,
            mode,
        } = call;
        let extension = || context.extension.to_string();
        let roots = ports.files.roots(&context);
        if !roots.is_empty() {
            return Err(RecordError::Folders {
                extension: extension(),
                folders: roots.into_iter().map(|root| root.guest).collect(),
            });
        }
        if let Some((setting, most)) = beyond(&limits) {
            return Err(RecordError::Limit {
                extension: extension(),
                setting,
                most,
            });
        }
        let tape = Arc::new(Tape::recording());
        let takes_up_state = mode == Mode::Singleton;
        let (ports, caller) = taped(&tape, ports, caller);
        let call = Call {
            context: context.clone(),
            ports,
            caller,
            limits,
            mode: Mode::Fresh,
        };
        let ended = self.apart(call, &called, takes_up_state).await;
        let ended = Ended::of(ended)?;
        let steps = tape.take_steps().ok_or(RecordError::TooLarge)?;
        let recording = Recording {
            form: FORM,
            contract: self.bound.code.indices.contract(),
            extension: extension(),
            revision: context.revision,
            digest: self.digest().to_string(),
            called,
            correlation: context.correlation.to_string(),
            principal: context.principal.as_deref().map(str::to_owned),
            takes_up_state,
            limits: by_setting(&limits),
            steps,
            ended,
        };
        match recording.to_json().len() > MAX_RECORDING_BYTES {
            true => Err(RecordError::TooLarge),
            false => Ok(recording),
        }
    }

    /// Runs a recorded call again, on whichever component this is. It reaches the recording and nothing
    /// else, and is ended where it goes another way.
    ///
    /// # Errors
    /// If that cannot be done to the end. Going another way is no error.
    pub fn replay<'a>(
        &'a self,
        recording: &'a Recording,
    ) -> Boxed<'a, Result<Replayed, ReplayError>> {
        Box::pin(self.replay_now(recording))
    }

    async fn replay_now(&self, recording: &Recording) -> Result<Replayed, ReplayError> {
        if let Some(limit) = recording.ended.out_of_time() {
            return Err(ReplayError::OutOfTime(limit));
        }
        let limits = recording.limits();
        let limits = Limits {
            cpu: (limits.cpu * PATIENCE).max(LEAST_TIME),
            wall: (limits.wall * PATIENCE).max(LEAST_TIME),
            // It is the only call of its binding.
            concurrent: 1,
            queue: 1,
            ..limits
        };
        let tape = Arc::new(Tape::replaying(recording.steps.clone()));
        let (ports, caller) = taped(&tape, Arc::new(Ports::denied()), ports::nobody());
        let call = Call {
            context: CallContext {
                extension: recording.extension.as_str().into(),
                revision: recording.revision,
                digest: self.digest().clone(),
                correlation: recording.correlation.as_str().into(),
                kind: recording.called.kind(),
                principal: recording.principal.as_deref().map(Into::into),
                cause: None,
                depth: 0,
            },
            ports,
            caller,
            limits,
            mode: Mode::Fresh,
        };
        let ended = tokio::select! {
            biased;
            () = tape.diverged() => None,
            ended = self.apart(call, &recording.called, recording.takes_up_state) => Some(ended),
        };
        let divergence = match (tape.divergence(), ended) {
            (None, Some(ended)) => {
                let ended = Ended::of(ended)?;
                if let Some(limit) = ended.out_of_time() {
                    return Err(ReplayError::TooSlow(limit));
                }
                let differs = ended != recording.ended;
                let otherwise = || Divergence::ended(&recording.ended, &ended);
                tape.left().or_else(|| differs.then(otherwise))
            }
            (divergence, _) => divergence,
        };
        Ok(Replayed {
            divergence,
            digest: self.digest().clone(),
        })
    }

    /// A call in an instance of its own, beside the calls of the extension that runs.
    async fn apart(
        &self,
        call: Call,
        called: &Called,
        takes_up_state: bool,
    ) -> Result<Value, CallError> {
        let called = called.clone();
        let bound = self.bind(NonZero::<u32>::MIN).bound;
        let answered = bound.run(call, move |entered| {
            Box::pin(async move {
                let mut seated = entered.seat().await?;
                if takes_up_state {
                    seated.load().await?;
                }
                let Live { store, guest, .. } = &mut *seated.live;
                let answer: Answer<Value> = match called {
                    Called::Tool { name, arguments } => whichever!(Guest: guest, guest => {
                        guest.call_tool(store, &name, &arguments).await
                    })
                    .map(|answer| answer.map(Value::from)),
                    Called::Resource { uri } => whichever!(Guest: guest, guest => {
                        guest.read_resource(store, &uri).await
                    })
                    .map(|answer| answer.map(|all| all.into_iter().map(contents).collect())),
                };
                seated.end(answer).await
            })
        });
        answered.await
    }
}

impl Called {
    /// What kind of thing causes such a call.
    pub fn kind(&self) -> CallKind {
        match self {
            Self::Tool { .. } => CallKind::Tool,
            Self::Resource { .. } => CallKind::Resource,
        }
    }
}

fn contents(of: ResourceContents) -> Value {
    let body = match &of.body {
        ResourceBody::Text(text) => json!({ "text": text }),
        ResourceBody::Blob(blob) => json!({ "blob": entry::bytes(blob) }),
    };
    json!({
        "uri": of.uri,
        "mime-type": of.mime_type,
        "body": body,
        "meta": of.meta,
    })
}
