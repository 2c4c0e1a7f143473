//! Where a replay went another way than the recording.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Ended, Step};

/// Longest question or answer that is shown, in bytes.
const MAX_SHOWN_BYTES: usize = 300;

/// The first place where a replay went another way. Its text is one sentence of bounded length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Divergence {
    /// The step, counted from 1; none if it is how the call ended.
    pub step: Option<u64>,
    /// What was recorded there; none if nothing was.
    pub recorded: Option<String>,
    /// What was asked there now, or how the call ended; none if nothing was asked.
    pub replayed: Option<String>,
    /// What that means.
    pub reason: String,
}

impl Divergence {
    /// The guest asked something else.
    pub(super) fn asked(at: usize, step: &Step, port: &str, asked: &Value) -> Self {
        let (recorded, replayed) = apart(
            &format!("{} {}", step.port, step.asked),
            &format!("{port} {asked}"),
        );
        Self {
            recorded: Some(recorded),
            replayed: Some(replayed),
            ..Self::at(at, "it asked something else")
        }
    }

    /// The guest asked more than was recorded.
    pub(super) fn beyond(steps: usize, port: &str, asked: &Value) -> Self {
        Self::at(steps, "it asked for more than was recorded").replayed(port, asked)
    }

    /// The guest ended before it had asked all.
    pub(super) fn never_asked(at: usize, step: &Step) -> Self {
        Self::at(at, "it ended without asking this").recorded(&step.port, &step.asked)
    }

    /// An exchange that nobody recorded.
    pub(super) fn unknown_exchange(asked: &Value) -> Self {
        Self {
            step: None,
            recorded: None,
            replayed: None,
            reason: "it began an HTTP exchange that was not recorded, or not so often".to_owned(),
        }
        .replayed("http.exchange", asked)
    }

    /// The recorded answer is none.
    pub(super) fn damaged(at: usize, step: &Step) -> Self {
        let answered = step.answered.as_ref().unwrap_or(&Value::Null);
        Self::at(
            at,
            "the recorded answer is not one that this question can have",
        )
        .recorded(&step.port, answered)
    }

    /// All was asked as before, and the call ended otherwise.
    pub(super) fn ended(recorded: &Ended, replayed: &Ended) -> Self {
        let (recorded, replayed) =
            apart(&json!(recorded).to_string(), &json!(replayed).to_string());
        Self {
            step: None,
            recorded: Some(recorded),
            replayed: Some(replayed),
            reason: "all steps were the same, and it ended otherwise".to_owned(),
        }
    }

    fn at(at: usize, reason: &str) -> Self {
        Self {
            step: Some(at as u64 + 1),
            recorded: None,
            replayed: None,
            reason: reason.to_owned(),
        }
    }

    fn recorded(mut self, port: &str, value: &Value) -> Self {
        self.recorded = Some(shown(&format!("{port} {value}")));
        self
    }

    fn replayed(mut self, port: &str, value: &Value) -> Self {
        self.replayed = Some(shown(&format!("{port} {value}")));
        self
    }
}

/// Two texts from shortly before the place where they differ.
fn apart(one: &str, other: &str) -> (String, String) {
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b);
    let from = same.count().saturating_sub(MAX_SHOWN_BYTES / 3);
    let end = |text: &str| {
        let from = text.floor_char_boundary(from);
        let before = if from > 0 { "…" } else { "" };
        format!("{before}{}", shown(&text[from..]))
    };
    (end(one), end(other))
}

fn shown(text: &str) -> String {
    let mut shown = text[..text.floor_char_boundary(MAX_SHOWN_BYTES)].to_owned();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call went another way")?;
        if let Some(step) = self.step {
            write!(f, " at step {step}")?;
        }
        write!(f, ": {}", self.reason)?;
        if let Some(recorded) = &self.recorded {
            write!(f, "; recorded was {recorded}")?;
        }
        if let Some(replayed) = &self.replayed {
            write!(f, "; now it was {replayed}")?;
        }
        Ok(())
    }
}
