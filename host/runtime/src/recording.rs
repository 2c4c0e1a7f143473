//! One call, recorded at its ports and run again from that.
//!
//! [`Extension::record`] makes a call in a fresh instance and takes down all that it asks its ports and
//! is answered, clocks, randomness and whole HTTP exchanges among them. [`Extension::replay`] runs it
//! again with nothing but the recording: the same questions and the same end, to the byte, or a
//! [`Divergence`] that says where it went another way. A normal call knows nothing of all this: it has
//! other ports.
//!
//! Not recorded is what does not go through ports. Folders are therefore refused by name; sockets are
//! refused to every guest, in a replay as in any call. A guest that sleeps sleeps in a replay too; which
//! of several things that it waits for comes first is recorded. CPU and wall time are not repeated: a
//! call that one of them ended is recorded, and refused by a replay, which has bounds of its own.
//!
//! A recording holds what the guest saw and said. It is input from outside when it comes back:
//! [`Recording::parse`] bounds and checks it, and what only a replay can see to be wrong is a divergence.

mod divergence;
mod entry;
mod ports;
mod run;
mod tape;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::contract;
use crate::error::{CallError, GuestErrorKind};
use crate::limits::{LIMITS, Limits, UNLIMITED};

pub use divergence::Divergence;
pub use run::{RecordError, ReplayError, Replayed};

/// The form of recordings that this version writes and reads.
const FORM: u64 = 1;

/// Most bytes of a recording.
pub const MAX_RECORDING_BYTES: usize = 64 << 20;

/// Most steps of a recording.
const MAX_STEPS: usize = 200_000;

/// What limits may be at most in a replay, where a recording says what they were: they bound what a
/// stranger's recording can have a node do. In the units of their rows.
const MOST: [(&str, u64); 6] = [
    ("limits.cpu", 60 * 60 * 1000),
    ("limits.wall", 24 * 60 * 60 * 1000),
    ("limits.memory", 4 << 30),
    ("limits.result", 256 << 20),
    ("limits.log_bytes", 256 << 20),
    ("limits.sent", 4 << 30),
];

/// Longest name, such as that of an extension, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// A recorded call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Recording {
    form: u64,
    /// The package and version of the contract that the component was built for.
    contract: String,
    /// The extension's name.
    pub extension: String,
    /// The extension's revision on the node that recorded it.
    pub revision: u64,
    /// Lower-case hex SHA-256 of the component.
    pub digest: String,
    /// What was called.
    pub called: Called,
    /// The call's correlation.
    pub correlation: String,
    /// Who caused it.
    pub principal: Option<String>,
    /// Whether the instance first took up a saved state, as a singleton's does.
    takes_up_state: bool,
    /// By setting, in the units of the table of limits.
    limits: BTreeMap<String, u64>,
    /// What was asked and answered, in the order in which it was asked.
    pub steps: Vec<Step>,
    /// How it ended.
    pub ended: Ended,
}

/// A function of an extension, with what it is called with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Called {
    /// An MCP tool.
    Tool {
        /// Its name.
        name: String,
        /// Its arguments, the text of a JSON object.
        arguments: String,
    },
    /// An MCP resource that is read.
    Resource {
        /// Its URI.
        uri: String,
    },
}

/// One question to a port and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Step {
    /// The port and its function, such as `knowledge.read`.
    pub port: String,
    /// What it was asked.
    pub asked: Value,
    /// What it answered; none if the call did not wait for it.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub answered: Option<Value>,
}

/// `null` is an answer, and something else than none.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// How a recorded call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// With an answer: a tool's text, the contents of a resource.
    Answer(Value),
    /// With a failure that the guest reported.
    Failure {
        /// `transient`, `permanent`, `invalid-input`, `denied` or another kind.
        kind: String,
        /// The guest's words.
        message: String,
    },
    /// With a trap.
    Crash(String),
    /// At a limit.
    Limit {
        /// What was bounded.
        limit: String,
        /// The bound with its unit.
        value: String,
        /// The setting that changes it.
        setting: String,
    },
    /// The extension does not export the interface.
    NotExported(String),
}

impl Ended {
    /// # Errors
    /// What says nothing about the call: that there was no room for it, or that the host failed.
    fn of(ended: Result<Value, CallError>) -> Result<Self, CallError> {
        Ok(match ended {
            Ok(answer) => Self::Answer(answer),
            Err(CallError::Guest(error)) => Self::Failure {
                kind: match error.kind {
                    GuestErrorKind::Other(kind) => kind,
                    kind => kind.as_str().to_owned(),
                },
                message: error.message,
            },
            Err(CallError::Trap(reason)) => Self::Crash(reason),
            Err(CallError::Limit {
                limit,
                value,
                setting,
            }) => Self::Limit {
                limit: limit.to_owned(),
                value,
                setting: setting.to_owned(),
            },
            Err(CallError::NotExported(interface)) => Self::NotExported(interface.to_owned()),
            Err(
                error @ (CallError::Overloaded(_)
                | CallError::Unavailable { .. }
                | CallError::Superseded
                | CallError::Uncounted
                | CallError::Host(_)),
            ) => return Err(error),
        })
    }

    /// The limit of time that ended it, if one did: its value and what it bounds.
    fn out_of_time(&self) -> Option<String> {
        match self {
            Self::Limit {
                limit,
                value,
                setting,
            } if ["limits.cpu", "limits.wall", "limits.person"].contains(&setting.as_str()) => {
                Some(format!("{value} {limit}"))
            }
            _ => None,
        }
    }
}

/// Why a text is no recording that can be replayed here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is no recording that can be replayed: {0}")]
pub struct RecordingError(String);

/// Longest reason, in bytes: it may quote the text.
const MAX_REASON_BYTES: usize = 500;

fn refused(reason: impl ToString) -> RecordingError {
    let mut reason = reason.to_string();
    reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
    RecordingError(reason)
}

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    /// If it is none, is too large, or has another form than this version reads.
    pub fn parse(text: &[u8]) -> Result<Self, RecordingError> {
        #[derive(Deserialize)]
        struct Form {
            form: u64,
        }

        if text.len() > MAX_RECORDING_BYTES {
            return Err(refused(format!(
                "it has {} bytes, and at most {MAX_RECORDING_BYTES} are read",
                text.len()
            )));
        }
        let form: Form = serde_json::from_slice(text).map_err(refused)?;
        if form.form != FORM {
            return Err(refused(format!(
                "it has form {}, and this version of koi-mcp reads form {FORM}",
                form.form
            )));
        }
        let recording: Self = serde_json::from_slice(text).map_err(refused)?;
        recording.check()?;
        Ok(recording)
    }

    fn check(&self) -> Result<(), RecordingError> {
        if !contract::is_served(&self.contract) {
            return Err(refused(format!(
                "it was made over the contract `{}`, and this host has another",
                self.contract
            )));
        }
        let is_digest = self.digest.len() == 64
            && self
                .digest
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_digest {
            return Err(refused("its `digest` is no SHA-256 in lower-case hex"));
        }
        if self.steps.len() > MAX_STEPS {
            return Err(refused(format!(
                "it has {} steps, and at most {MAX_STEPS} are read",
                self.steps.len()
            )));
        }
        let principal = self.principal.iter();
        for name in [&self.extension, &self.correlation]
            .into_iter()
            .chain(principal)
        {
            if name.len() > MAX_NAME_BYTES {
                return Err(refused(format!(
                    "a name in it has {} bytes, and at most {MAX_NAME_BYTES} are read",
                    name.len()
                )));
            }
        }
        for setting in self.limits.keys() {
            if Limits::default().get(setting).is_none() {
                return Err(refused(format!("there is no limit `{setting}`")));
            }
        }
        match beyond(&self.limits()) {
            Some((setting, most)) => Err(refused(format!(
                "its `{setting}` is above {most}, the most that is replayed"
            ))),
            None => Ok(()),
        }
    }

    /// Whether the call was made where instructions are counted, as they then have to be in a replay.
    pub fn wants_fuel(&self) -> bool {
        self.limits().wants_fuel()
    }

    /// The limits of the call.
    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        for (setting, value) in &self.limits {
            limits.set(setting, *value);
        }
        limits
    }

    /// The text of a recording: JSON, with one line for each member and each step.
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\n");
        member(&mut out, "form", &self.form);
        member(&mut out, "contract", &self.contract);
        member(&mut out, "extension", &self.extension);
        member(&mut out, "revision", &self.revision);
        member(&mut out, "digest", &self.digest);
        member(&mut out, "called", &self.called);
        member(&mut out, "correlation", &self.correlation);
        member(&mut out, "principal", &self.principal);
        member(&mut out, "takes-up-state", &self.takes_up_state);
        member(&mut out, "limits", &self.limits);
        out.push_str("\"steps\": [");
        for (at, step) in self.steps.iter().enumerate() {
            out.push_str(if at > 0 { ",\n" } else { "\n" });
            out.push_str(&json(step));
        }
        out.push_str("\n],\n\"ended\": ");
        out.push_str(&json(&self.ended));
        out.push_str("\n}\n");
        out
    }

    /// Shows every text that the call was given, asked, was answered and said, for whoever looks for
    /// what must not be in a file.
    pub fn texts(&self, mut see: impl FnMut(&[u8])) {
        match &self.called {
            Called::Tool { name, arguments } => {
                see(name.as_bytes());
                see(arguments.as_bytes());
            }
            Called::Resource { uri } => see(uri.as_bytes()),
        }
        for step in &self.steps {
            entry::texts(&step.asked, &mut see);
            if let Some(answered) = &step.answered {
                entry::texts(answered, &mut see);
            }
        }
        match &self.ended {
            Ended::Answer(answer) => entry::texts(answer, &mut see),
            Ended::Failure { kind, message } => {
                see(kind.as_bytes());
                see(message.as_bytes());
            }
            Ended::Crash(reason) => see(reason.as_bytes()),
            Ended::Limit { .. } | Ended::NotExported(_) => {}
        }
    }
}

/// None of the values of a recording can fail to have a JSON text.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn member(out: &mut String, name: &str, value: &impl Serialize) {
    out.push_str(&format!("\"{name}\": {},\n", json(value)));
}

/// The limits of a call by setting, without those that are none and that nobody has unless they set one.
fn by_setting(limits: &Limits) -> BTreeMap<String, u64> {
    LIMITS
        .iter()
        .filter(|limit| limit.default != UNLIMITED || limits.get(limit.setting) != Some(UNLIMITED))
        .filter_map(|limit| Some((limit.setting.to_owned(), limits.get(limit.setting)?)))
        .collect()
}

/// The first limit that is above what is replayed.
fn beyond(limits: &Limits) -> Option<(&'static str, u64)> {
    MOST.into_iter()
        .find(|(setting, most)| limits.get(setting).is_some_and(|value| value > *most))
}
