//! A check under way: what is called, how calls end, and how long there is for it.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use koi_registry::{ExtensionEntry, Invocation, Lists};
use koi_runtime::{CallError, GuestError};

use crate::Options;
use crate::examples::Examples;
use crate::node::Node;
use crate::random::Random;
use crate::report::{Code, Findings, Most, Report};

/// Everything that checks share.
pub(crate) struct Run<'a> {
    pub(crate) node: Arc<Node>,
    pub(crate) entry: ExtensionEntry,
    pub(crate) examples: Examples,
    /// What was listed, in its order and in that of the contract's lists.
    pub(crate) lists: Lists,
    /// The tools in the order in which they were listed.
    pub(crate) tools: Vec<String>,
    pub(crate) options: &'a Options,
    pub(crate) report: &'a mut Report,
    findings: &'a mut Findings,
    end: Instant,
}

/// How a call ended.
pub(crate) enum Ended<T> {
    /// With an answer.
    Answer(T),
    /// With an error value, which is an answer too.
    Error(GuestError),
    /// As no call may end. It was told; further calls of the kind would end so too.
    Badly,
}

impl<T> Ended<T> {
    /// The answer, if there is one.
    pub(crate) fn answer(self) -> Option<T> {
        match self {
            Self::Answer(answer) => Some(answer),
            _ => None,
        }
    }

    /// Whether it ended as no call may.
    pub(crate) fn badly(&self) -> bool {
        matches!(self, Self::Badly)
    }
}

/// A call that is to be made: of which kind, of what, with what.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The kind in the table of what was used up.
    pub(crate) kind: &'static str,
    /// What a trap in it is.
    pub(crate) trapped: Code,
    /// What is called, such as `tool look_up`.
    pub(crate) subject: &'a str,
    /// What it is given.
    pub(crate) input: Option<&'a str>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        node: Arc<Node>,
        entry: ExtensionEntry,
        description: &str,
        options: &'a Options,
        report: &'a mut Report,
        findings: &'a mut Findings,
    ) -> Self {
        Self {
            node,
            entry,
            examples: Examples::of(description),
            lists: Lists::default(),
            tools: Vec::new(),
            options,
            report,
            findings,
            end: Instant::now() + options.time,
        }
    }

    pub(crate) fn find(
        &mut self,
        code: Code,
        subject: &str,
        message: impl Into<String>,
        input: Option<&str>,
    ) {
        self.findings.add(code, subject, message, input);
    }

    /// Choices for a subject.
    pub(crate) fn random(&self, subject: &str) -> Random {
        Random::new(self.options.seed, subject)
    }

    /// Whether the time is over, which is then told.
    pub(crate) fn is_over(&mut self) -> bool {
        let over = Instant::now() >= self.end;
        if over {
            let message = format!(
                "the check ended after {} s, and what was left was skipped: give it more time or fewer `--cases`",
                self.options.time.as_secs()
            );
            self.find(Code::NotChecked, "check", message, None);
        }
        over
    }

    /// On behalf of somebody who can be asked.
    pub(crate) fn of_person(&self, subject: &str) -> Invocation {
        Invocation {
            principal: Some("check".into()),
            caller: Some(self.node.caller()),
            ..Invocation::new(subject)
        }
    }

    /// Waits for a call, notes what it used up, and tells of it if it ended as no call may.
    pub(crate) async fn call<T>(
        &mut self,
        asked: Asked<'_>,
        call: impl Future<Output = Result<T, CallError>>,
        size: impl Fn(&T) -> usize,
    ) -> Ended<T> {
        let start = Instant::now();
        let ended = call.await;
        let result = ended.as_ref().map(size).unwrap_or_default();
        self.measure(asked.kind, start.elapsed(), result);
        match ended {
            Ok(answer) => Ended::Answer(answer),
            Err(CallError::Guest(error)) => Ended::Error(error),
            Err(CallError::Limit {
                limit,
                value,
                setting,
            }) => {
                let message = format!(
                    "the call was ended at its limit of {value} {limit} (`{setting}`): every call has to end \
                     within the limits, whatever it is given"
                );
                self.find(Code::LimitExceeded, asked.subject, message, asked.input);
                Ended::Badly
            }
            Err(CallError::Trap(reason)) => {
                let message = format!(
                    "it trapped ({reason}) where it has to answer or to give an error value: handle this input"
                );
                self.find(asked.trapped, asked.subject, message, asked.input);
                Ended::Badly
            }
            Err(CallError::NotExported(interface)) => {
                let message =
                    format!("it is declared, and the component does not export `{interface}`");
                self.find(Code::NotExported, asked.subject, message, asked.input);
                Ended::Badly
            }
            Err(other) => {
                let message = format!("it could not be called: {other}");
                self.find(Code::NotChecked, asked.subject, message, asked.input);
                Ended::Badly
            }
        }
    }

    fn measure(&mut self, kind: &'static str, wall: Duration, result: usize) {
        let used = self.node.take_used();
        let most = self.report.measured.calls.entry(kind).or_default();
        most.add(used.cpu, wall, used.memory, result);
    }
}

impl Most {
    pub(crate) fn add(&mut self, cpu: Duration, wall: Duration, memory: u64, result: usize) {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.calls += 1;
        self.cpu_us = self.cpu_us.max(micros(cpu));
        self.wall_us = self.wall_us.max(micros(wall));
        self.memory = self.memory.max(memory);
        self.result = self.result.max(result as u64);
    }
}
