//! Prompts of an extension.

use std::fmt;
use std::sync::{Arc, OnceLock};

use koi_runtime::{CallError, Completion, GuestError, GuestErrorKind};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::list::{self, ListError};
use super::successor::{call_newest, successor};
use super::tools::is_name;
use crate::callee::{Callee, Invocation};
use crate::watched::Answered;

/// Most arguments of a prompt.
const MAX_ARGUMENTS: usize = 64;
/// Most values of a completion, as MCP has it.
const MAX_VALUES: usize = 100;

/// An MCP prompt and the extension that makes its messages.
pub struct PromptEntry {
    /// Its name, unique among the prompts of a node: 1 to 64 of `A-Z a-z 0-9 _ -`.
    pub name: String,
    /// An object as MCP defines `Prompt`: `name`, `description` and what else was given.
    pub descriptor: Value,
    /// The owner.
    pub extension: Arc<str>,
    required: Vec<String>,
    callee: Arc<dyn Callee>,
}

/// What a prompt is made into.
#[derive(Debug, Clone)]
pub struct PromptOutput {
    /// What it is, for people.
    pub description: Option<String>,
    /// A JSON array of MCP prompt messages, as the extension wrote it.
    pub messages: Box<RawValue>,
}

/// What an extension offers to complete an argument with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CompletionOutput {
    /// Values, the best first; at most 100.
    pub values: Vec<String>,
    /// How many there are in all, where that is known.
    pub total: Option<u64>,
    /// Whether there are more than these.
    pub has_more: Option<bool>,
}

#[derive(Deserialize)]
struct RawArgument {
    name: String,
    #[serde(default)]
    required: bool,
}

impl PromptEntry {
    /// From one entry of the list that an extension gave.
    pub(super) fn parse(
        extension: &Arc<str>,
        descriptor: Value,
        callee: &Arc<dyn Callee>,
    ) -> Result<Self, ListError> {
        let name = list::text(&descriptor, "prompt", "name")?.to_owned();
        if !is_name(&name) {
            return Err(ListError::new(format!(
                "`{}` is no name for a prompt: 1 to 64 letters, digits, `_` and `-`",
                list::shortened(&name)
            )));
        }
        let of = |problem: String| ListError::new(format!("the prompt `{name}`: {problem}"));
        list::text(&descriptor, "prompt", "description").map_err(|e| of(e.to_string()))?;
        list::check_size(&descriptor).map_err(&of)?;
        let arguments = descriptor.get("arguments").cloned().unwrap_or_default();
        let arguments: Option<Vec<RawArgument>> = serde_json::from_value(arguments)
            .map_err(|error| of(format!("`arguments` is not of MCP's form: {error}")))?;
        let arguments = arguments.unwrap_or_default();
        if arguments.len() > MAX_ARGUMENTS {
            return Err(of(format!(
                "it has {} arguments; {MAX_ARGUMENTS} are taken at most",
                arguments.len()
            )));
        }
        let required = arguments.into_iter().filter(|argument| argument.required);
        Ok(Self {
            required: required.map(|argument| argument.name).collect(),
            name,
            descriptor,
            extension: extension.clone(),
            callee: callee.clone(),
        })
    }

    /// Makes the messages for these arguments.
    ///
    /// # Errors
    /// Of kind invalid input if a required argument is missing or one is no text; else as a call
    /// fails. An answer that is not of the form that the contract has is the extension's failure, of
    /// kind permanent.
    pub async fn get(
        &self,
        arguments: &Map<String, Value>,
        invocation: Invocation,
    ) -> Result<PromptOutput, CallError> {
        let mut newer: Option<Arc<Self>> = None;
        loop {
            let prompt = newer.as_deref().unwrap_or(self);
            match prompt.get_this(arguments, invocation.clone()).await {
                Err(CallError::Superseded) => {}
                answer => return answer,
            }
            newer = Some(prompt.newer()?);
        }
    }

    /// The prompt of that name in the revision that has taken the place of this one.
    fn newer(&self) -> Result<Arc<Self>, CallError> {
        let successor = successor(&*self.callee)?;
        let newer = successor.lists.prompts.get(&self.name).cloned();
        newer.ok_or_else(|| {
            let (name, revision) = (&self.name, &successor.revision);
            let message = format!(
                "there is no prompt {name} any more: revision {} of {} has taken its place",
                revision.revision, revision.extension
            );
            failure(GuestErrorKind::InvalidInput, message)
        })
    }

    /// Has this revision make the messages.
    async fn get_this(
        &self,
        arguments: &Map<String, Value>,
        invocation: Invocation,
    ) -> Result<PromptOutput, CallError> {
        self.check_arguments(arguments)
            .map_err(|problem| failure(GuestErrorKind::InvalidInput, problem))?;
        let arguments = serde_json::to_string(arguments).unwrap_or_default();
        let read = OnceLock::new();
        let judge = |answer: &str| match read.get_or_init(|| self.read(answer)) {
            Ok(_) => Answered::Well,
            Err(_) => Answered::Badly,
        };
        let made = self
            .callee
            .get_prompt_judged(&self.name, &arguments, invocation, &judge);
        let answer = made.await?;
        let read = read.into_inner().unwrap_or_else(|| self.read(&answer));
        read.map_err(|problem| {
            let (name, extension) = (&self.name, &self.extension);
            let message = format!("the prompt {name} of {extension} gave an answer that {problem}");
            failure(GuestErrorKind::Permanent, message)
        })
    }

    fn check_arguments(&self, arguments: &Map<String, Value>) -> Result<(), String> {
        let name = &self.name;
        if let Some(missing) = self.required.iter().find(|of| !arguments.contains_key(*of)) {
            return Err(format!(
                "the prompt `{name}` needs the argument `{missing}`"
            ));
        }
        match arguments.iter().find(|(_, value)| !value.is_string()) {
            Some((argument, _)) => Err(format!(
                "the argument `{}` of the prompt `{name}` has to be text",
                list::shortened(argument)
            )),
            None => Ok(()),
        }
    }

    /// Reads an answer of the extension as clients get it.
    ///
    /// # Errors
    /// What keeps it from being the messages of a prompt, as a clause.
    pub fn read(&self, answer: &str) -> Result<PromptOutput, String> {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(default)]
            description: Option<String>,
            messages: Box<RawValue>,
        }
        list::check_object(answer)?;
        let raw: Raw = serde_json::from_str(answer)
            .map_err(|error| format!("is not of the form of a prompt: {error}"))?;
        Ok(PromptOutput {
            description: raw.description,
            messages: raw.messages,
        })
    }

    /// Values for an argument.
    ///
    /// # Errors
    /// As [`complete`].
    pub async fn complete(
        &self,
        argument: &str,
        value: &str,
        context: &str,
        invocation: Invocation,
    ) -> Result<CompletionOutput, CallError> {
        let completion = Completion {
            kind: "prompt",
            name: self.name.clone(),
            argument: argument.to_owned(),
            value: value.to_owned(),
            context: context.to_owned(),
        };
        complete(&self.callee, &completion, invocation).await
    }
}

/// Asks an extension for values.
///
/// # Errors
/// As a call fails; an answer that is not of the form that the contract has is the extension's
/// failure, of kind permanent.
pub(super) async fn complete(
    callee: &Arc<dyn Callee>,
    completion: &Completion,
    invocation: Invocation,
) -> Result<CompletionOutput, CallError> {
    let answer = call_newest!(callee, complete(completion; invocation))?;
    let read = || -> Result<CompletionOutput, String> {
        list::check_object(&answer)?;
        let mut output: CompletionOutput = serde_json::from_str(&answer)
            .map_err(|error| format!("is not of the form of a completion: {error}"))?;
        if output.values.len() > MAX_VALUES {
            output.values.truncate(MAX_VALUES);
            output.has_more = Some(true);
        }
        Ok(output)
    };
    read().map_err(|problem| {
        let message = format!("the completion of `{}` {problem}", completion.name);
        failure(GuestErrorKind::Permanent, message)
    })
}

fn failure(kind: GuestErrorKind, message: String) -> CallError {
    CallError::Guest(GuestError { kind, message })
}

impl fmt::Debug for PromptEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PromptEntry({} of {})", self.name, self.extension)
    }
}
