//! The functions of an instance of a plain component, as those of a version of the contract.

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::{Instance, Val};

use super::Plain;
use crate::call::Answer;
use crate::capabilities::convert::message;
use crate::error::{GuestError, GuestErrorKind, LoadError};
use crate::meter::{Exceeded, Stop};
use crate::state::State;
use crate::values::{KnowledgeObject, Outcome, ParsedReference, ResourceContents};

/// An instance.
pub(crate) struct Guest {
    plain: Arc<Plain>,
    instance: Instance,
}

/// What a plain component never exports.
macro_rules! absent {
    ($($interface:literal => $function:ident($($of:ty),*) -> $answer:ty;)+) => {
        impl Guest {
            $(pub(crate) async fn $function(
                &mut self,
                _: &mut Store<State>
                $(, _: $of)*
            ) -> Answer<$answer> {
                Err(wasmtime::Error::new(Stop::NotExported($interface)))
            })+
        }
    };
}

absent! {
    "rid-types" => parse_reference(&str, &str) -> ParsedReference;
    "rid-types" => print_reference(&str, &str) -> String;
    "schemas" => validate(&str, &str) -> ();
    "schemas" => transform(&str, &str, &str) -> String;
    "handlers" => handle(&KnowledgeObject) -> Outcome;
    "resources" => list_resources() -> String;
    "resources" => read_resource(&str) -> Vec<ResourceContents>;
    "prompts" => list_prompts() -> String;
    "prompts" => get_prompt(&str, &str) -> String;
    "completions" => complete(&str, &str, &str, &str, &str) -> String;
    "schedule" => run_job(&str, &str) -> String;
    "state" => save() -> Vec<u8>;
    "state" => load(&[u8]) -> ();
}

impl Guest {
    pub(crate) fn new(plain: Arc<Plain>, instance: Instance) -> Self {
        Self { plain, instance }
    }

    /// Its types were looked at when it was loaded.
    pub(crate) fn check(&self, _: &mut Store<State>) -> Result<(), LoadError> {
        Ok(())
    }

    pub(crate) async fn describe(&mut self, _: &mut Store<State>) -> Answer<String> {
        Ok(Ok(self.plain.description.clone()))
    }

    pub(crate) async fn start(&mut self, _: &mut Store<State>) -> Answer<()> {
        Ok(Ok(()))
    }

    pub(crate) async fn stop(&mut self, _: &mut Store<State>) -> wasmtime::Result<()> {
        Ok(())
    }

    pub(crate) async fn health(&mut self, _: &mut Store<State>) -> Answer<String> {
        Ok(Ok(r#"{"status":"ok"}"#.to_owned()))
    }

    pub(crate) async fn list_tools(&mut self, _: &mut Store<State>) -> Answer<String> {
        Ok(Ok(self.plain.tools.clone()))
    }

    /// Calls a function by its tool's name, with a JSON object.
    pub(crate) async fn call_tool(
        &mut self,
        store: &mut Store<State>,
        name: &str,
        arguments: &str,
    ) -> Answer<String> {
        let Some(function) = self.plain.functions.get(name) else {
            return Ok(Err(invalid(format!("there is no tool `{name}`"))));
        };
        let arguments = match function.arguments(arguments) {
            Ok(arguments) => arguments,
            Err(misfit) => return Ok(Err(invalid(format!("the arguments do not fit: {misfit}")))),
        };
        let called = self.instance.get_func(&mut *store, function.index);
        let called = called.ok_or_else(|| wasmtime::Error::msg("it has no such function"))?;
        let mut results = vec![Val::Bool(false); usize::from(function.result.is_some())];
        called
            .call_async(&mut *store, &arguments, &mut results)
            .await?;
        let answer = match function.answer(results.pop()) {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        // Text of JSON can be longer than what it says.
        let limit = store.data().meter.limits().result;
        if answer.len() as u64 > limit {
            let stop = Stop::Limit(Exceeded::Result(limit));
            return Err(wasmtime::Error::new(stop));
        }
        Ok(Ok(answer))
    }
}

fn invalid(words: String) -> GuestError {
    GuestError {
        kind: GuestErrorKind::InvalidInput,
        message: message(words),
    }
}
